"""The words and sentences of access-denied messages, for the tests of messages."""

from ebs_kms_audit import DenialMessage, parse_denial_message
from ebs_kms_audit.messages import denial_messages
from ebs_kms_audit.model import Effect, MessageKind, PolicyType

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
AWS_ALIAS = "arn:aws:kms:us-east-1:111122223333:alias/aws/ebs"
ALICE = "arn:aws:iam::111122223333:user/ops/alice"
DEPLOY = "arn:aws:sts::111122223333:assumed-role/deploy/ci-42"
PATH_UNKNOWN = "the ARN of a session does not show the role's path; aws iam get-role shows it"
SCP = "arn:aws:organizations::444455556666:policy/o-ab12cd34ef/service_control_policy/p-12ab34cd"
RCP = "arn:aws:organizations::444455556666:policy/o-ab12cd34ef/resource_control_policy/p-56ef78ab"
BOUNDARY = "arn:aws:iam::111122223333:policy/limits/developers"

IMPLICIT, EXPLICIT = Effect.IMPLICIT, Effect.EXPLICIT
BY_DEPLOY = {"principal": DEPLOY, "role_name": "deploy", "role_why": PATH_UNKNOWN}

TYPES = {
    "identity-based policy": PolicyType.IDENTITY_BASED,
    "resource-based policy": PolicyType.RESOURCE_BASED,
    "permissions boundary": PolicyType.PERMISSIONS_BOUNDARY,
    "session policy": PolicyType.SESSION,
    "VPC endpoint policy": PolicyType.VPC_ENDPOINT,
    "service control policy": PolicyType.SERVICE_CONTROL,
    "resource control policy": PolicyType.RESOURCE_CONTROL,
}
DENIES = {
    "an identity-based policy": PolicyType.IDENTITY_BASED,
    "a resource-based policy": PolicyType.RESOURCE_BASED,
    "a permissions boundary": PolicyType.PERMISSIONS_BOUNDARY,
    "a session policy": PolicyType.SESSION,
    "a sessions policy": PolicyType.SESSION,
    "a VPC endpoint policy": PolicyType.VPC_ENDPOINT,
    "a service control policy": PolicyType.SERVICE_CONTROL,
    "a resource control policy": PolicyType.RESOURCE_CONTROL,
    "the role trust policy": PolicyType.ROLE_TRUST,
}
UNSEEN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)
CIPHERTEXT = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)
NO_KEY_POLICY = "because no resource-based policy allows the kms:CreateGrant action"
NO_IAM_POLICY = "because no identity-based policy allows the kms:CreateGrant action"
NO_BOUNDARY = "because no permissions boundary allows the kms:CreateGrant action"
ENCODED = "Encoded authorization failure message: 0l-KPWQJ8q5z3YatP3Ybgb5lf0dibDhN6"


def denial(reason="", *, who=DEPLOY, action="kms:Decrypt", on=f" on resource: {KEY}"):
    return f"User: {who} is not authorized to perform: {action}{on}{reason and ' ' + reason}"


MESSAGE = denial("because no resource-based policy allows the kms:Decrypt action")


def check(text, **expected):
    """Compare the whole message."""
    kind = expected.pop("kind", MessageKind.DENIAL)
    assert parse_denial_message(text) == DenialMessage(kind=kind, **expected)


def messages(text):
    return list(denial_messages(text))
