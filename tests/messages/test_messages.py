"""Every template of an access-denied message, with all that it says.

The expectations come from AWS's pages ("Troubleshoot access denied error messages", "Policy
evaluation logic", "Default key policy"), not from the output.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ebs_kms_audit
from ebs_kms_audit import DenialMessage, parse_denial_message
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.messages import (
    Effect,
    MessageKind,
    PolicyType,
    denial_messages,
    read_error_text,
)
from tests.cli.test_cli import process

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


def refusal(reason="", *, who=DEPLOY, action="kms:Decrypt", on=f" on resource: {KEY}"):
    return f"User: {who} is not authorized to perform: {action}{on}{reason and ' ' + reason}"


def check(text, **expected):
    """Compare the whole message."""
    kind = expected.pop("kind", MessageKind.DENIAL)
    assert parse_denial_message(text) == DenialMessage(kind=kind, **expected)


TYPES = {
    "identity-based policy": PolicyType.IDENTITY_BASED,
    "resource-based policy": PolicyType.RESOURCE_BASED,
    "permissions boundary": PolicyType.PERMISSIONS_BOUNDARY,
    "session policy": PolicyType.SESSION,
    "VPC endpoint policy": PolicyType.VPC_ENDPOINT,
    "service control policy": PolicyType.SERVICE_CONTROL,
    "resource control policy": PolicyType.RESOURCE_CONTROL,
}


@pytest.mark.parametrize("named", TYPES)
def test_nothing_in_a_policy_allows_it(named):
    check(
        refusal(f"because no {named} allows the kms:Decrypt action"), **BY_DEPLOY,
        action="kms:Decrypt", resource=KEY, policy_type=TYPES[named], effect=IMPLICIT,
    )  # fmt: skip


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


@pytest.mark.parametrize("named", DENIES)
@pytest.mark.parametrize("tail", [None, SCP, RCP, BOUNDARY, "arn:aws:iam::aws:policy/Quarantine"])
@pytest.mark.parametrize("on", [f" on resource: {KEY}", ""])
def test_a_policy_denies_it(named, tail, on):
    check(
        refusal(f"with an explicit deny in {named}" + (f": {tail}" if tail else ""), on=on),
        **BY_DEPLOY, action="kms:Decrypt", resource=KEY if on else None,
        policy_type=DENIES[named], effect=EXPLICIT, policy_arn=tail,
    )  # fmt: skip


def test_a_policy_passes_a_denial_on():
    check(
        refusal("with an explicit deny in a VPC endpoint policy transitively through a service "
                f"control policy: {SCP}"),
        **BY_DEPLOY, action="kms:Decrypt",
        resource=KEY, policy_type=PolicyType.SERVICE_CONTROL, effect=EXPLICIT, policy_arn=SCP,
        through=PolicyType.VPC_ENDPOINT,
    )  # fmt: skip


REASONS = [
    ("", {"resource": KEY}),
    (" with an explicit deny", {"resource": KEY, "effect": EXPLICIT}),
    (" with an explicit deny in a policy of a new type", {"resource": KEY, "effect": EXPLICIT}),
]


@pytest.mark.parametrize(("reason", "expected"), REASONS)
def test_the_type_of_policy_is_not_said(reason, expected):
    check(refusal() + reason, **BY_DEPLOY, action="kms:Decrypt", **expected)


UNSEEN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


@pytest.mark.parametrize("on", [" on this resource", " on the resource associated with this "
                                "ciphertext", f" on resource: {KEY}"])  # fmt: skip
def test_kms_does_not_say_whether_there_is_a_key(on):
    check(
        refusal(UNSEEN, on=on),
        **BY_DEPLOY, action="kms:Decrypt", resource=KEY if "arn" in on else None,
        key_not_found=True,
    )  # fmt: skip


def test_a_reason_after_the_key_of_a_ciphertext():
    check(
        refusal("because no identity-based policy allows the kms:Decrypt action",
                on=" on the resource associated with this ciphertext"),
        **BY_DEPLOY, action="kms:Decrypt",
        policy_type=PolicyType.IDENTITY_BASED, effect=IMPLICIT,
    )  # fmt: skip


CIPHERTEXT = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("", None),
        ("An error occurred (AccessDeniedException) when calling the Decrypt operation: ",
         "kms:Decrypt"),
        ("An error occurred (AccessDeniedException) when calling the ReEncrypt operation: ",
         "kms:ReEncryptFrom"),
        ("operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: 7f, ",
         "kms:Decrypt"),
        ("An error occurred (AccessDenied) when calling the Invoke operation: ", None),
    ],
)  # fmt: skip
def test_the_ciphertext_of_a_key_that_kms_does_not_show(before, action):
    check(before + CIPHERTEXT, action=action, key_not_found=True)


NO_KEY_POLICY = "because no resource-based policy allows the kms:CreateGrant action"
NO_IAM_POLICY = "because no identity-based policy allows the kms:CreateGrant action"
NO_BOUNDARY = "because no permissions boundary allows the kms:CreateGrant action"
SITUATIONS = {
    "a user in the key's account": (
        refusal(NO_KEY_POLICY, who=ALICE),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "a grant that is made by hand": (
        refusal(NO_KEY_POLICY, who=ALICE, action="kms:CreateGrant"),
        {"principal": ALICE, "action": "kms:CreateGrant", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "the key of another account lacks it": (
        refusal(NO_KEY_POLICY, who=ALICE, action="kms:Decrypt", on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": OTHER_KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "IAM lacks it for the key of another account": (
        refusal(NO_IAM_POLICY, who=ALICE, on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": OTHER_KEY,
         "policy_type": PolicyType.IDENTITY_BASED, "effect": IMPLICIT},
    ),
    "a key of another account": (
        refusal(NO_KEY_POLICY, who=ALICE, action="kms:PutKeyPolicy",
                on=f" on resource: {OTHER_KEY}"),
        {"principal": ALICE, "action": "kms:PutKeyPolicy", "resource": OTHER_KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "a user's permissions boundary": (
        refusal(NO_BOUNDARY, who=ALICE),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": KEY,
         "policy_type": PolicyType.PERMISSIONS_BOUNDARY, "effect": IMPLICIT},
    ),
    "an AWS managed key": (
        refusal(NO_KEY_POLICY, who=ALICE, on=f" on resource: {AWS_ALIAS}"),
        {"principal": ALICE, "action": "kms:Decrypt", "resource": AWS_ALIAS,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "an action on no key": (
        refusal("because no identity-based policy allows the kms:CreateKey action", who=ALICE,
                action="kms:CreateKey", on=" on resource: *"),
        {"principal": ALICE, "action": "kms:CreateKey", "policy_type": PolicyType.IDENTITY_BASED,
         "effect": IMPLICIT},
    ),
    "a grant's own decision": (
        refusal(who=ALICE, action="kms:RetireGrant"),
        {"principal": ALICE, "action": "kms:RetireGrant", "resource": KEY},
    ),
    "an action of the future": (
        refusal("because no resource-based policy allows the kms:Entangle action", who=ALICE,
                action="kms:Entangle"),
        {"principal": ALICE, "action": "kms:Entangle", "resource": KEY,
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
    "no ARN of a caller": (
        refusal(NO_KEY_POLICY, who="arn:aws:iam::***:user/x"),
        {"action": "kms:Decrypt", "resource": KEY, "policy_type": PolicyType.RESOURCE_BASED,
         "effect": IMPLICIT, "truncated": ("principal",)},
    ),
    "an action of another service": (
        refusal("because no resource-based policy allows the s3:GetObject action", who=ALICE,
                action="s3:GetObject", on=" on resource: arn:aws:s3:::example/key.txt"),
        {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::example/key.txt",
         "policy_type": PolicyType.RESOURCE_BASED, "effect": IMPLICIT},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_situations(name):
    text, expected = SITUATIONS[name]
    check(text, **expected)


SERVICE_ROLES = "arn:aws:iam::111122223333:role/aws-service-role/"
DOCUMENTED = "AWS documents the path of this service-linked role"
GET_ROLE = "which the ARN of a session does not show; aws iam get-role shows it"
ROLES = {
    "AWSServiceRoleForAutoScaling/AutoScaling": (
        SERVICE_ROLES + "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", DOCUMENTED),
    "AWSServiceRoleForAutoScaling_blue/AutoScaling": (
        SERVICE_ROLES + "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_blue", DOCUMENTED),
    "AWSServiceRoleForEC2Spot/spot": (
        SERVICE_ROLES + "spot.amazonaws.com/AWSServiceRoleForEC2Spot", DOCUMENTED),
    "AWSServiceRoleForEC2Fleet/fleet": (
        None, "the path of a service-linked role is aws-service-role/ and the name of its service, "
        + GET_ROLE),
    "AWSReservedSSO_Admin_0123456789abcdef/alice@example.com": (
        None, "the path of a role of IAM Identity Center is aws-reserved/sso.amazonaws.com/ and "
        "mostly a Region, " + GET_ROLE),
    "aws:ec2-infrastructure/i-0123456789abcdef0": (
        None, "EC2's identity-only role of an instance; a policy never names it"),
    "deploy/ci": (None, PATH_UNKNOWN),
    "AWSServiceRoleForAutoScaling_<é>/AutoScaling": (None, "IAM allows no role of this name"),
}  # fmt: skip


@pytest.mark.parametrize("session", ROLES)
def test_the_role_behind_a_session(session):
    arn, why = ROLES[session]
    message = parse_denial_message(refusal(who=f"arn:aws:sts::111122223333:assumed-role/{session}"))
    assert message.role_name == session.split("/")[0]
    assert message.role_arn == arn
    assert message.role_why == why


def test_a_message_may_name_the_role_itself_or_another_partition():
    role = "arn:aws-us-gov:iam::111122223333:role/ci/HR"
    message = parse_denial_message(refusal(who=role))
    assert (message.principal, message.role_name, message.role_arn) == (role, "HR", role)
    spot = "arn:aws-cn:sts::111122223333:assumed-role/AWSServiceRoleForEC2Spot/x"
    assert parse_denial_message(refusal(who=spot)).role_arn == (
        SERVICE_ROLES.replace("arn:aws:", "arn:aws-cn:")
        + "spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    )


MESSAGE = refusal("because no resource-based policy allows the kms:Decrypt action")
WRAPPED = {
    "botocore": f"botocore.errorfactory.AccessDeniedException: An error occurred "
    f"(AccessDeniedException) when calling the Decrypt operation: {MESSAGE}",
    "Java": f"AWSKMSException: {MESSAGE} (Service: AWSKMS; Status Code: 400; Error Code: "
    "AccessDeniedException; Request ID: 0000-11; Proxy: null)",
    "Java 2": f"KmsException: {MESSAGE} (Service: Kms, Status Code: 400, Request ID: 0000-11)",
    "Go": "operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: 00, api "
    f"error AccessDeniedException: {MESSAGE}\n\tstatus code: 400, request id: 0000-11",
    "Terraform": "╷\n│ Error: reading KMS Key: "
    + MESSAGE.replace(" on resource", "\n│ on resource").replace("because", "\n│\tbecause")
    + "\n│ \n│   with aws_kms_key.this,\n╵",
    "line breaks": MESSAGE.replace(" ", "\r\n  "),
    "HTML": "<Error><Message>" + MESSAGE.replace(":", "&#58;", 1) + "</Message></Error>",
    "HTML twice": MESSAGE.replace("arn:aws:kms", "&amp;quot;arn:aws:kms").replace(
        " because", "&amp;quot; because"
    ),
    "JSON": json.dumps({"errorCode": "AccessDenied", "errorMessage": MESSAGE}),
    "JSON in JSON": json.dumps({"x": json.dumps({"errorMessage": MESSAGE.replace(" on", "\non")})}),
    "JSON with escaped slashes": json.dumps({"errorMessage": MESSAGE}).replace("/", "\\/"),
    "quotes": MESSAGE.replace(DEPLOY, f'"{DEPLOY}"').replace(KEY, f"“{KEY}”"),
    "colors of a terminal": "\x1b[31m│\x1b[0m Error: \x1b[1m" + MESSAGE + "\x1b[0m",
    "backticks": f"`{MESSAGE}`",
    "no-break spaces": MESSAGE.replace(" ", "\u00a0"),
    "invisible characters": "\ufeff" + MESSAGE.replace("/", "/\u200b"),
    "no User:": MESSAGE.removeprefix("User: "),
    "the first of two": f"{MESSAGE}\n{refusal(NO_BOUNDARY, who=ALICE, action='kms:CreateGrant')}",
    "and a ciphertext": f"{MESSAGE}\n{CIPHERTEXT}",
}  # fmt: skip


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_what_people_paste_around_a_message(wrapping):
    check(
        WRAPPED[wrapping], **BY_DEPLOY, action="kms:Decrypt",
        resource=KEY, policy_type=PolicyType.RESOURCE_BASED, effect=IMPLICIT,
    )  # fmt: skip


@pytest.mark.parametrize("end", [".", ").", ' "', ". Encoded authorization failure message: 0l-KP"])
def test_the_end_of_a_sentence_is_no_part_of_an_arn(end):
    message = parse_denial_message(refusal(f"with an explicit deny in a service control policy: "
                                           f"{SCP}{end}"))  # fmt: skip
    assert message.policy_arn == SCP
    assert message.encoded is ("Encoded" in end)
    assert parse_denial_message(refusal() + end).resource == KEY


def test_the_reason_of_a_second_message_is_not_the_first_one_s():
    text = f"{refusal()}\n{refusal(NO_BOUNDARY, who=ALICE)}"
    assert parse_denial_message(text).policy_type is None


def messages(text):
    return list(denial_messages(text))


def test_every_message_of_a_text_is_read_once():
    second = refusal(NO_BOUNDARY, who=ALICE, action="kms:CreateGrant")
    found = messages(f"{MESSAGE}\n{second}\n{MESSAGE}\n{CIPHERTEXT}")
    assert [(one.principal, one.action, one.policy_type) for one in found] == [
        (DEPLOY, "kms:Decrypt", PolicyType.RESOURCE_BASED),
        (ALICE, "kms:CreateGrant", PolicyType.PERMISSIONS_BOUNDARY),
        (None, None, None),
    ]


def test_the_form_of_partner_tools_has_a_message_for_each_action():
    found = messages(
        f"User {ALICE} is not authorized to use resource {KEY} (Actions: kms:CreateGrant, "
        "kms:Decrypt)"
    )
    assert [(one.principal, one.action, one.resource) for one in found] == [
        (ALICE, "kms:CreateGrant", KEY), (ALICE, "kms:Decrypt", KEY),
    ]  # fmt: skip


# CloudTrail User Guide, "Network activity events": errorMessage of VpceAccessDenied.
@pytest.mark.parametrize(
    ("before", "action"),
    [("", None), ("when calling the Decrypt operation: ", "kms:Decrypt"),
     ("when calling the GetObject operation: ", None)],
)  # fmt: skip
def test_a_vpc_endpoint_policy_denied_a_call(before, action):
    (found,) = messages(f"{before}The request was denied due to a VPC endpoint policy")
    assert (found.action, found.policy_type) == (action, PolicyType.VPC_ENDPOINT)


USER = f"User: {ALICE} is not authorized to perform: "
# The text, what is cut off, and the action and resource that may be used all the same.
CUT_OFF = [
    (USER + "kms:GenerateDataKeyWit", ("action",), None, None),
    # At the end of a text it may be the start of GenerateDataKeyWithoutPlaintext.
    (USER + "kms:GenerateDataKey", ("action",), None, None),
    (USER + "kms:Decrypt", (), "kms:Decrypt", None),
    (USER + "kms:", ("action",), None, None),
    (USER + "kms:Decrypt...", ("action",), None, None),
    (USER + "kms:Decrypt…", ("action",), None, None),
    (USER + "kms:CreateGr [truncated]", ("action",), None, None),
    (USER + f"kms:GenerateDataKey on resource: {KEY}", (), "kms:GenerateDataKey", KEY),
    (USER + f"kms:Decrypt on resource: {KEY[:-1]}", ("resource",), "kms:Decrypt", None),
    (USER + f"kms:Decrypt on resource: {KEY[:30]}", ("resource",), "kms:Decrypt", None),
    (USER + f"kms:Decrypt on resource: {KEY[:-4]}... because", ("resource",), "kms:Decrypt", None),
    (USER + f"kms:Decrypt on resource: {KEY}...", (), "kms:Decrypt", KEY),
    (USER + f"kms:Decrypt on resource: {KEY} with an explicit deny in a service control policy: "
     + SCP[:-3], ("policy",), "kms:Decrypt", KEY),
    (f"ws:iam::111122223333:user/al is not authorized to perform: kms:Decrypt on resource: {KEY}",
     ("principal",), "kms:Decrypt", KEY),
    (f"User: {DEPLOY[:-6]} is not authorized to perform: kms:Decrypt on resource: {KEY}",
     ("principal",), "kms:Decrypt", KEY),
    (f"User: {DEPLOY[:-2]}... is not authorized to perform: kms:Decrypt on resource: {KEY}",
     ("principal",), "kms:Decrypt", KEY),
    (f"User: anonymous is not authorized to perform: kms:Decrypt on resource: {KEY}",
     (), "kms:Decrypt", KEY),
]  # fmt: skip


@pytest.mark.parametrize(("text", "truncated", "action", "resource"), CUT_OFF)
def test_what_is_cut_off_is_reported_and_not_used(text, truncated, action, resource):
    (found,) = messages(text)
    assert (found.truncated, found.action, found.resource) == (truncated, action, resource)
    assert found.principal == (ALICE if text.startswith(USER) else None)


# IAM User Guide, "Troubleshoot access denied with authorization ids".
AUTHORIZATION = (
    "{0}. Go to https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/"
    "authorization-details/0a1b2c3d-4e5f for complete details, or call the "
    "GetRequestAuthorizationDetails API with the following authorization id: 0a1b2c3d-4e5f"
)


@pytest.mark.parametrize("cut", [0, 3, 40, 100])
@pytest.mark.parametrize("escaped", [False, True])
def test_the_authorization_id_is_kept(cut, escaped):
    text = AUTHORIZATION.format(MESSAGE)
    text = text[: len(text) - cut].replace("=", "\\u003d" if escaped else "=")
    (found,) = messages(text)
    assert (found.authorization_id, found.authorization_region) == ("0a1b2c3d-4e5f", "eu-west-1")
    assert found.policy_type is PolicyType.RESOURCE_BASED


def test_an_authorization_id_without_the_page_is_kept():
    (found,) = messages(MESSAGE + ". Authorization ID: ignored. authorization id: 0a1b-2c")
    assert (found.authorization_id, found.authorization_region) == ("0a1b-2c", None)


ENCODED = "Encoded authorization failure message: 0l-KPWQJ8q5z3YatP3Ybgb5lf0dibDhN6"


def test_ec2_s_encoded_message_is_explained_and_not_decoded():
    check(
        f"UnauthorizedOperation: You are not authorized to perform this operation. {ENCODED}",
        kind=MessageKind.ENCODED, encoded=True,
    )  # fmt: skip


def test_ec2_s_message_with_a_reason_before_the_encoded_one():
    instance = "arn:aws:ec2:us-east-1:111122223333:instance/*"
    check(
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You "
        f"are not authorized to perform this operation. User: {ALICE} is not authorized to "
        f"perform: ec2:RunInstances on resource: {instance} with an explicit deny in a service "
        f"control policy: {SCP}. {ENCODED}",
        principal=ALICE, action="ec2:RunInstances",
        resource=instance, policy_type=PolicyType.SERVICE_CONTROL, effect=EXPLICIT,
        policy_arn=SCP, encoded=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello", "User: alice", KEY, "kms:Decrypt", "is not authorized to perform",
     "You are not authorized to perform this operation.", "AccessDeniedException"],
)  # fmt: skip
def test_what_is_no_message_is_not_recognised(text):
    assert parse_denial_message(text) == DenialMessage(kind=MessageKind.NOT_RECOGNISED)


# Any text: pieces of messages in any order, and anything between them.
PIECES = st.sampled_from(
    ["User: ", DEPLOY, " is not authorized to perform: ", "kms:Decrypt", " on resource: ", KEY,
     " with an explicit deny in a ", "sessions policy", " transitively through a ", ": arn:aws:",
     " because no ", "VPC endpoint policy", " allows the ", " action", ENCODED, CIPHERTEXT, UNSEEN,
     "&lt;", "\\n", "arn:", ":", "│", "...", "…", "\\u003d", "Client error on launch",
     "InvalidKMSKey.InvalidState", "is not authorized to use resource ", "(Actions: kms:Decrypt)",
     "The request was denied due to a VPC endpoint policy", "authorization id: ", "&#1"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=20), max_size=12).map("".join))
def test_no_text_raises_and_no_part_that_is_cut_off_is_used(text):
    found = read_error_text(text, file="x")
    for message in found.denials:
        assert ("action" in message.truncated) <= (message.action is None)
        assert ("principal" in message.truncated) <= (message.principal is None)
        assert ("resource" in message.truncated) <= (message.resource is None)
    for symptom in found.symptoms:
        assert len(symptom.text) <= 1000
        assert symptom.meaning


NAMES = st.text("ABCXYZabcxyz019+=,.@_-", min_size=1, max_size=64).filter(
    lambda name: not name.endswith("...")  # IAM allows it; in a message it means a cut ARN
)
ACCOUNTS = st.text("0123456789", min_size=12, max_size=12)
PARTITIONS = st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"])
PRINCIPALS = st.one_of(
    st.builds("arn:{}:iam::{}:user/{}".format, PARTITIONS, ACCOUNTS, NAMES),
    st.builds("arn:{}:iam::{}:role/{}".format, PARTITIONS, ACCOUNTS, NAMES),
    st.builds("arn:{}:iam::{}:user/{}/{}".format, PARTITIONS, ACCOUNTS, NAMES, NAMES),
    st.builds("arn:{}:sts::{}:assumed-role/{}/{}".format, PARTITIONS, ACCOUNTS, NAMES, NAMES),
    st.builds("arn:{}:sts::{}:federated-user/{}".format, PARTITIONS, ACCOUNTS, NAMES),
    st.builds("arn:{}:iam::{}:root".format, PARTITIONS, ACCOUNTS),
)
KEYS = st.one_of(
    st.builds("arn:{}:kms:eu-west-1:{}:key/{}".format, PARTITIONS, ACCOUNTS, st.uuids()),
    st.builds(
        "arn:{}:kms:eu-west-1:{}:key/mrk-{}".format,
        PARTITIONS, ACCOUNTS, st.uuids().map(lambda one: one.hex),
    ),
    st.builds(
        "arn:{}:kms:eu-west-1:{}:alias/{}".format,
        PARTITIONS, ACCOUNTS, st.text("abcXYZ019/_-", min_size=1, max_size=40),
    ),
)  # fmt: skip
ANY_REASON = st.sampled_from(
    ["", UNSEEN, "with an explicit deny"]
    + [f"because no {named} allows the kms:Decrypt action" for named in TYPES]
    + [f"with an explicit deny in {named}" for named in DENIES]
)


@given(who=PRINCIPALS, key=KEYS, reason=ANY_REASON)
def test_the_arns_come_back_as_they_are(who, key, reason):
    message = parse_denial_message(refusal(reason, who=who, on=f" on resource: {key}"))
    assert (message.principal, message.action, message.resource) == (who, "kms:Decrypt", key)


@given(name=NAMES, key=KEYS)
def test_a_session_names_its_role(name, key):
    who = f"arn:aws:sts::111122223333:assumed-role/{name}/session"
    assert parse_denial_message(refusal(who=who)).role_name == name


# Each took time quadratic in its length, or ended in an exception, in some version.
HOSTILE = {
    "User: repeated": "User:" * 200_000,
    "a long word": "a" * 1_000_000,
    "backslashes": "\\" * 1_000_000,
    "escaped backslashes and letters": "\\\\u00" * 200_000,
    "a character number of 5,000 digits": "&#" + "1" * 5_000 + ";",
    "a hexadecimal character number of 5,000 digits": "&#x" + "f" * 5_000 + ";",
    "a character number that no character has": "&#9999999;",
    "open tags": "<a" * 300_000,
    "colors": "\x1b[" + "1;" * 300_000,
    "reasons": "because no session policy allows the a:" * 20_000,
    "resources": "is not authorized to use resource arn:" * 20_000,
    "actions": "is not authorized to use resource arn:x (Actions: " + "kms:," * 100_000,
    "messages": "User: x is not authorized to perform: s3:x " * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_ends_soon_and_hides_no_message(name):
    assert parse_denial_message(HOSTILE[name] + " " + MESSAGE).kind is MessageKind.DENIAL
    assert DEPLOY in [one.principal for one in messages(HOSTILE[name] + ") " + MESSAGE)]


def test_the_command_is_the_audit_of_its_text(capsys):
    assert main(["message", MESSAGE, "--format", "json"]) == 1
    own = json.loads(capsys.readouterr().out)
    assert main(["--message", MESSAGE, "--format", "json"]) == 1
    assert own == json.loads(capsys.readouterr().out)
    (finding,) = own["findings"]
    assert finding["key"]["arn"] == KEY
    assert finding["denials"][0]["iam_actions"] == ["kms:Decrypt"]


def test_the_command_takes_words_without_quotes(capsys):
    assert main(["message", *MESSAGE.split(), "--redact"]) == 1
    assert DEPLOY not in capsys.readouterr().out


def test_the_command_answers_a_symptom(capsys):
    assert main(["message", "Client.InternalError: Client error on launch"]) == 1
    printed = capsys.readouterr().out
    assert "client_error_on_launch" in printed
    assert "aws cloudtrail lookup-events" in printed


def test_the_command_reads_standard_input_and_any_bytes():
    run = process("message", "-", stdin=MESSAGE.replace("ci-42", "cié\x1b[2J"),
                  PYTHONIOENCODING="ascii")  # fmt: skip
    assert run.returncode == 1
    assert "deploy" in run.stdout
    assert "\x1b" not in run.stdout
    assert "Traceback" not in run.stderr


def test_a_text_that_is_no_message_is_one_line_and_status_2(capsys):
    assert main(["message", "it does not work"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("ebs-kms-audit: message 1: Not a recognized access-denied message")


def test_it_is_public():
    assert {"parse_denial_message", "DenialMessage"} <= set(ebs_kms_audit.__all__)
