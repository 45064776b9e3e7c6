"""What people paste: a message in other text, several messages, a message that is cut off."""

import json

import pytest

from ebs_kms_audit import DenialMessage, parse_denial_message
from ebs_kms_audit.model import MessageKind, PolicyType
from tests.messages.made import (
    ALICE,
    BY_DEPLOY,
    CIPHERTEXT,
    DEPLOY,
    IMPLICIT,
    KEY,
    MESSAGE,
    NO_BOUNDARY,
    SCP,
    check,
    denial,
    messages,
)

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
    "the first of two": f"{MESSAGE}\n{denial(NO_BOUNDARY, who=ALICE, action='kms:CreateGrant')}",
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
    message = parse_denial_message(denial(f"with an explicit deny in a service control policy: "
                                           f"{SCP}{end}"))  # fmt: skip
    assert message.policy_arn == SCP
    assert message.encoded is ("Encoded" in end)
    assert parse_denial_message(denial() + end).resource == KEY


def test_the_reason_of_a_second_message_is_not_the_first_one_s():
    text = f"{denial()}\n{denial(NO_BOUNDARY, who=ALICE)}"
    assert parse_denial_message(text).policy_type is None


def test_every_message_of_a_text_is_read_once():
    second = denial(NO_BOUNDARY, who=ALICE, action="kms:CreateGrant")
    found = messages(f"{MESSAGE}\n{second}\n{MESSAGE}\n{CIPHERTEXT}")
    assert [(one.principal, one.action, one.policy_type) for one in found] == [
        (DEPLOY, "kms:Decrypt", PolicyType.RESOURCE_BASED),
        (ALICE, "kms:CreateGrant", PolicyType.PERMISSIONS_BOUNDARY),
        (None, None, None),
    ]


def test_the_operation_of_a_message_is_not_that_of_the_next_one():
    first, second = messages(f"{WRAPPED['botocore']}\n{CIPHERTEXT}")
    assert (first.action, second.action) == ("kms:Decrypt", None)
    assert second.key_not_found


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


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello", "User: alice", KEY, "kms:Decrypt", "is not authorized to perform",
     "You are not authorized to perform this operation.", "AccessDeniedException"],
)  # fmt: skip
def test_what_is_no_message_is_not_recognised(text):
    assert parse_denial_message(text) == DenialMessage(kind=MessageKind.NOT_RECOGNISED)
