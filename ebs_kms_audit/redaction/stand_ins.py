"""Values → stand-ins. Equal values have the same stand-in. Stand-ins are numbered.

During an audit, the stand-in of an account id, a Region, a key id or an instance id has the form of
a real id, so that ARNs with stand-ins are valid. In the finished report, `readable` writes them as
`account-1`, `region-1`, `key-1` and `instance-1`.
"""

from __future__ import annotations

import re

from ebs_kms_audit.aws import callers
from ebs_kms_audit.aws.arns import Arn, partition_of

_INFRASTRUCTURE = "aws:ec2-infrastructure"  # the same in every account
_KEPT_NAMES = frozenset(
    {callers.AUTO_SCALING_SESSION, callers.ROOT_USER, callers.HIDDEN_USER, _INFRASTRUCTURE}
)
# Source: IAM User Guide, "Create a service-linked role": AWS sets the name, except the suffix.
_SERVICE_ROLE = re.compile(r"(AWSServiceRoleFor[A-Za-z0-9]+)(?:_(.+))?", re.DOTALL)
# Services that call KMS, or that are in the same logs. Other host names can be those of customers.
_SERVICES = frozenset(
    "access-analyzer airflow athena autoscaling backup batch cloudformation cloudtrail codebuild "
    "config datasync delivery dlm dms drs dynamodb ebs ec2 ec2-frontend-api ec2fleet ecr ecs eks "
    "elasticache elasticfilesystem elasticmapreduce es events fsx glue iam imagebuilder kinesis "
    "kms lambda logs mgn monitoring organizations rds redshift resource-explorer-2 s3 sagemaker "
    "secretsmanager securityhub signin sns spot spotfleet sqs ssm sso storagegateway sts support "
    "transfer workspaces".split()
)
_SERVICE_DOMAIN = re.compile(r"\.amazonaws\.com(?:\.cn)?|\.amazonaws\.eu")
_PREFIX = r"(?:aws|kms|ec2|iam|sts|s3|autoscaling|cloudtrail|organizations)"
_WORD = re.compile(
    r"(?!A[A-Z]{3})[A-Z][A-Za-z0-9]{1,79}(?:\.[A-Z][A-Za-z0-9]{1,79}){0,2}"  # Client.NotFound
    r"|principal|resource|action|key_account|[a-z]+_(?:policy|policies|boundary)"
    rf"|{_PREFIX}:(?:(?!A[A-Z]{{3}})[A-Z][A-Za-z]{{1,79}}\*?|\*)|\*"  # kms:ReEncrypt*, aws:SourceIp
)
_ELEMENT = re.compile(
    r"Version|Id|Statement|Sid|Effect|(?:Not)?(?:Principal|Action|Resource)|Condition"
    rf"|AWS|Service|Federated|CanonicalUser|op|path|value|from|{_PREFIX}:[A-Za-z]{{1,80}}"
    r"|(?:For(?:All|Any)Values?:)?(?:Not)?(?:String|Numeric|Date|Bool|Binary|IpAddress|Arn|Null)"
    r"(?:Not)?(?:Equals|Like|LessThan|GreaterThan)?(?:Equals)?(?:IgnoreCase)?(?:IfExists)?"
)
_CONDITION_KEY = re.compile(
    r"(aws:(?:Principal|Request|Resource)Tag|kms:EncryptionContext)[/:](.+)", re.DOTALL
)
_KEY_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32}")
_REGION = re.compile(r"([a-z]{2}(?:-(?:gov|iso[a-z]?)|isoe|sc-de)?|eusc-de)-[a-z]+-\d+")
_EC2_ID = re.compile(r"(vol|snap|ami|vpc|vpce|subnet|eni|sg|lt|fleet)-[0-9a-f]{8,}")
_ACCOUNT = re.compile(r"\d{12}")

# The forms of stand-ins during the audit, and their readable forms.
_ACCOUNT_FORM = "0000{:08}"
_KEY_FORM = "00000000-0000-4000-8000-{:012}"
_MULTI_REGION_KEY_FORM = "mrk-{:032}"
_INSTANCE_FORM = "i-0000{:04}"
_READABLE = (
    (re.compile(r"(?<![\w-])00000000-0000-4000-8000-(\d{12})(?![\w-])"), "key"),
    (re.compile(r"(?<![\w-])mrk-(\d{32})(?![\w-])"), "key"),
    (re.compile(r"(?<![\w-])i-0000(\d{4,})(?![\w-])"), "instance"),
    (re.compile(r"(?<![\w-])0000(\d{8})(?![\w-])"), "account"),
    (re.compile(r"(?<![\w-])[a-z]+(?:-[a-z]+)?-redacted-(\d+)(?![\w-])"), "region"),
)


class StandIns:
    """Assigns stand-ins to values. A stand-in is returned unchanged."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = {}
        self._issued: set[str] = set()
        self.known: dict[str, str] = {}
        """The stand-in of each value so far, by value."""

    def give(self, kind: str, value: str, form: str | None = None) -> str:
        """Return the stand-in of a value: `form` with a number, or `kind-1`, `kind-2` and so on."""
        if value in self._issued or not value:
            return value
        given = self._given.setdefault(kind, {})
        if value not in given:
            number = len(given) + 1
            given[value] = form.format(number) if form else f"{kind}-{number}"
            self._issued.add(given[value])
            self.known.setdefault(value, given[value])
        return given[value]

    def account(self, text: str) -> str:
        """Return the stand-in of an account id. `aws` (AWS managed policies) is kept."""
        return text if text in ("", "aws") else self.give("account", text, _ACCOUNT_FORM)

    def region(self, text: str) -> str:
        """Return the stand-in of a Region. It has the same partition, because ARNs contain both."""
        partition = partition_of(text)
        if partition is None:
            return self.give("region", text)
        prefix = "us" if partition == "aws" else _REGION.fullmatch(text)[1]  # type: ignore[index]
        return self.give("region", text, f"{prefix}-redacted-{{}}")

    def name(self, text: str) -> str:
        """Return the stand-in of a user, role or session name."""
        if text in _KEPT_NAMES:
            return text
        if found := _SERVICE_ROLE.fullmatch(text):
            return found[1] + (f"_{self.give('suffix', found[2])}" if found[2] else "")
        if callers.is_instance_id(text):
            return self.give("instance", text, _INSTANCE_FORM)
        return self.give("name", text)

    def principal(self, text: str) -> str:
        """Return the stand-in of a user name or of the ARN of a principal."""
        return self.arn(text) if text.startswith("arn:") else self.service(text) or self.name(text)

    def key(self, text: str) -> str:
        """Return the stand-in of a key id, or of the ARN of a key."""
        if text.startswith("arn:"):
            return self.arn(text)
        form = _MULTI_REGION_KEY_FORM if text.startswith("mrk-") else _KEY_FORM
        return self.give("key", text, form)

    def alias(self, text: str) -> str:
        """Return the stand-in of an alias. The alias of an AWS managed key is kept."""
        if re.fullmatch(r"alias/aws/[a-z0-9-]+", text):
            return text
        return f"alias/{self.give('alias', text.removeprefix('alias/'))}"

    def address(self, text: str) -> str:
        """Return the stand-in of an address. The name of an AWS service is kept."""
        if callers.is_aws_internal(text):
            return text
        return self.service(text) or self.give("address", text)

    def service(self, text: str) -> str | None:
        """Return the host name of an AWS service with a replaced Region; None for other texts."""
        domain = _SERVICE_DOMAIN.search(text)
        if domain is None or domain.end() != len(text):
            return None
        name, _, region = text[: domain.start()].partition(".")
        if name not in _SERVICES or (region and not partition_of(region)):
            return None
        return f"{name}.{self.region(region)}{domain[0]}" if region else text

    def word(self, text: str) -> str:
        """Return an AWS identifier unchanged, and a stand-in for any other text."""
        if found := _CONDITION_KEY.fullmatch(text):  # aws:PrincipalTag/NAME
            return f"{found[1]}/{self.give('tag', found[2])}"
        if text.startswith("kms:") and not _WORD.fullmatch(text):
            return self.give("action", text, "kms:Action{}")
        return text if _WORD.fullmatch(text) else self.any(text)

    def element(self, text: str) -> str:
        """Return the name of a policy element, an operator or a condition key, redacted."""
        if _ELEMENT.fullmatch(text):
            return text
        return self.word(text) if ":" in text else self.any(text)

    def sid(self, text: str) -> str:
        """Return the stand-in of a Sid. The Sids that the console uses are kept."""
        return text if text in _CONSOLE_SIDS else self.give("sid", text)

    def any(self, text: str) -> str:
        """Return the stand-in of a value of an unknown kind. Its form is used to recognize it."""
        if text == _INFRASTRUCTURE:
            return text
        if text.startswith("arn:"):
            return self.arn(text)
        if _ACCOUNT.fullmatch(text):
            return self.account(text)
        if partition_of(text):
            return self.region(text)
        if _KEY_ID.fullmatch(text):
            return self.known.get(text) or self.key(text)
        if text.startswith("alias/"):
            return self.alias(text)
        if found := _EC2_ID.fullmatch(text):
            return self.give(found[1], text)
        if callers.is_instance_id(text):
            return self.name(text)
        if text in ("*", "true", "false"):
            return text
        return self.service(text) or self.known.get(text) or self.give("value", text)

    def arn(self, text: str) -> str:
        """Return an ARN with stand-ins for its Region, its account and the names in it."""
        if text in self._issued:
            return text
        arn = Arn.parse(text)
        if arn is None:
            return self.give("arn", text)
        made = str(
            arn._replace(
                service=arn.service if arn.service in _SERVICES else "service",
                region=self.region(arn.region) if arn.region else "",
                account=self.account(arn.account),
                resource=self._resource(arn),
            )
        )
        self._issued.add(made)
        return made

    def _resource(self, arn: Arn) -> str:
        type_, slash, rest = arn.resource.partition("/")
        if not slash:
            return type_ if type_ in ("root", "*") else self.name(type_)
        if type_ == "key":
            return f"key/{self.key(rest)}"
        if type_ == "alias":
            return self.alias(arn.resource)
        if type_ == "assumed-role":
            role, slash, session = rest.partition("/")
            return f"{type_}/{self.name(role)}{slash}{self.name(session) if session else ''}"
        *path, name = rest.split("/")
        if type_ == "role" and path[:1] == ["aws-service-role"] and _SERVICE_ROLE.fullmatch(name):
            service = self.service("/".join(path[1:])) or "service"
            return f"role/aws-service-role/{service}/{self.name(name)}"
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", type_):
            return self.give("value", arn.resource)
        return f"{type_}/{self.name(name) if name != '*' else name}"


def readable(text: str) -> str:
    """Replace stand-ins with the form of a real id with `account-1`, `key-1` and so on."""
    if "0000" not in text and "-redacted-" not in text:
        return text
    for form, kind in _READABLE:
        text = form.sub(lambda found, kind=kind: f"{kind}-{int(found[1])}", text)  # type: ignore[misc]
    return text


# Source: AWS KMS Developer Guide, "Default key policy".
_CONSOLE_SIDS = frozenset(
    {
        "Enable IAM User Permissions",
        "Allow access for Key Administrators",
        "Allow use of the key",
        "Allow attachment of persistent resources",
    }
)
