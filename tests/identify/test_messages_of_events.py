"""Which message explains which event, and what a message says of its caller.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; CloudTrail User Guide,
"CloudTrail userIdentity element".
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ebs_kms_audit.identify import resolve
from ebs_kms_audit.identify.error_message import message_of, principal_in_message
from ebs_kms_audit.identify.pasted import (
    PastedMessage,
    PastedTexts,
    event_of,
    fits,
    of_no_event,
    pasted_texts,
)
from ebs_kms_audit.model import DenialMessage, Evidence, MessageKind, PolicyType
from tests.identify.events import ACCOUNT, OTHER, event, resources
from tests.identify.test_resolver import KEY, NONE, index

ALICE = f"arn:aws:iam::{ACCOUNT}:user/ops/alice"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a"
KEY_2 = KEY.replace("1234abcd", "5678abcd")
ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/ebs"


def message(principal=ALICE, **fields):
    parts = {"action": "kms:CreateGrant", "resource": KEY, "principal": principal}
    return DenialMessage(kind=MessageKind.DENIAL, **parts | fields)


FITS = {
    "the same call": (message(), {}, True),
    "another user": (message(), {"user_name": "bob"}, False),
    "no user": (message(), {"user_name": None}, False),
    "no caller in the message": (message(None), {}, False),
    "a session": (message(SESSION), {"user_name": "deploy-7f3a"}, True),
    "the root user": (message(ROOT), {"user_name": "root"}, True),
    "another account": (message(), {"account": OTHER}, False),
    "an unknown account": (message(), {"account": None}, True),
    "another Region": (message(), {"region": "eu-west-1"}, False),
    "an unknown Region": (message(), {"region": None}, True),
    "another Region, no key": (message(resource=None), {"region": "eu-west-1"}, True),
    "the key of the event": (message(), {"resources": resources((None, KEY))}, True),
    "another key": (message(), {"resources": resources((None, KEY_2))}, False),
    "another key in the record's message": (
        message(), {"error_message": f"denied on resource: {KEY_2}"}, False),
    "the key in the record's message": (
        message(), {"error_message": f"denied on resource: {KEY}"}, True),
    "a message without a key": (
        message(resource=None), {"resources": resources((None, KEY_2))}, True),
    "an alias can be of any key": (
        message(resource=ALIAS), {"resources": resources((None, KEY_2))}, True),
}  # fmt: skip


@pytest.mark.parametrize(("one", "fields", "fitting"), FITS.values(), ids=FITS)
def test_a_message_fits_a_call_of_the_same_caller_account_region_and_key(one, fields, fitting):
    denied = event(**fields)
    assert fits(one, denied, denied.account) is fitting
    denial = resolve(denied, (), (), index(), NONE)
    pasted = [PastedMessage(one, "message 1", 1)]
    assert of_no_event(pasted, [denial]) == ([] if fitting else pasted)


@pytest.mark.parametrize(
    ("action", "explains"),
    [("kms:CreateGrant", True), ("KMS:creategrant", True), ("kms:Decrypt", False), (None, False)],
)
def test_a_message_explains_a_call_of_its_action(action, explains):
    one = PastedMessage(message(action=action), "message 1", 1)
    denial = resolve(event(), (), (), index(), NONE)
    assert of_no_event([one], [denial]) == ([] if explains else [one])
    found, evidence = message_of(event(), ACCOUNT, ("kms:CreateGrant",), PastedTexts([one]))
    assert (found, evidence) == ((one.message, "given") if explains else (None, "unknown"))


OWN = "User: x is not authorized to perform: kms:CreateGrant"
IDENTITY = " because no identity-based policy allows the kms:CreateGrant action"
SCP, IDENTITY_BASED = PolicyType.SERVICE_CONTROL, PolicyType.IDENTITY_BASED


@pytest.mark.parametrize(
    ("own", "pasted", "policy_type", "evidence"),
    [
        (OWN + IDENTITY, SCP, IDENTITY_BASED, "recorded"),
        (OWN + IDENTITY, None, IDENTITY_BASED, "recorded"),
        (OWN, SCP, SCP, "given"),  # only the pasted message names the type of policy
        (OWN, None, None, "recorded"),
        (None, SCP, SCP, "given"),
        (None, None, None, "given"),
    ],
)
def test_a_message_that_names_the_type_of_policy_is_preferred(own, pasted, policy_type, evidence):
    texts = PastedTexts([PastedMessage(message(policy_type=pasted), "message 1", 1)])
    denied = event(error_message=own)
    found, how = message_of(denied, ACCOUNT, ("kms:CreateGrant",), texts)
    assert (found.policy_type, how) == (policy_type, evidence)


def test_the_message_of_a_failed_ec2_call_is_derived():
    call = event(source="ec2.amazonaws.com", name="CreateVolume")
    texts = PastedTexts([PastedMessage(message(), "a.csv", 2, call)])
    _, how = message_of(event(), ACCOUNT, ("kms:CreateGrant",), texts)
    assert how == "derived"


@pytest.mark.parametrize(
    ("code", "text", "policy_type"),
    [
        ("VpceAccessDenied", None, PolicyType.VPC_ENDPOINT),
        ("VpceAccessDenied", "some text", PolicyType.VPC_ENDPOINT),
        ("AccessDenied", None, "none"),
        ("AccessDenied", "some text", "none"),
        ("AccessDenied", OWN + IDENTITY, IDENTITY_BASED),
    ],
)
def test_the_own_message_of_an_event(code, text, policy_type):
    found, _ = message_of(event(error_code=code, error_message=text), ACCOUNT, (), PastedTexts())
    assert (found.policy_type if found else "none") == policy_type


@pytest.mark.parametrize(
    ("one", "arn", "kind", "role_name", "session_name"),
    [
        (message(), ALICE, "user", None, None),
        (message(ROOT), ROOT, "root", None, None),
        (message(ROLE, role_name="deploy", role_arn=ROLE), ROLE, "role", "deploy", "alice"),
        (message(SESSION, role_name="deploy"), None, "role", "deploy", "alice"),
        (message(SESSION, role_name="aws:ec2-infrastructure"), None, "infrastructure", None,
         "alice"),
    ],
)  # fmt: skip
def test_the_principal_that_a_message_names(one, arn, kind, role_name, session_name):
    found = principal_in_message(event(), one, Evidence.GIVEN)
    assert (found.arn, found.kind, found.role_name, found.session_name) == (
        arn, kind, role_name, session_name,
    )  # fmt: skip
    assert (found.user_name, found.evidence, found.event_ids) == ("alice", "given", ("event-0",))
    assert principal_in_message(event(event_id=None), one, Evidence.GIVEN).event_ids == ()


@pytest.mark.parametrize(
    "one",
    [
        None,
        message(None),
        message("alice"),
        message(f"arn:aws:sts::{ACCOUNT}:federated-user/alice"),
        message(f"arn:aws:iam::{ACCOUNT}:group/alice"),
        message(f"arn:aws:iam::{ACCOUNT}:user/*"),
        message(f"arn:aws:iam::{ACCOUNT}:role/x"),  # whose role the message does not name
    ],
)
def test_a_caller_that_no_policy_can_name(one):
    assert principal_in_message(event(), one, Evidence.GIVEN) is None


CALL = event(source="ec2.amazonaws.com", name="CreateVolume", region="eu-west-1", account=OTHER,
             request_id="request-1", error_message="denied", line=7)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "call", "expected"),
    [
        (message(), None, {}),
        (message(ROOT), None, {"user_name": "root"}),
        (message(None), None, {"user_name": None, "account": None}),
        (message(resource=None), None, {"region": None}),
        (message(resource=None, authorization_region="eu-west-3"), None, {"region": "eu-west-3"}),
        (message(action="kms:ReEncryptTo"), None, {"name": "ReEncrypt"}),
        (message(action="kms:EntangleKeys"), None, {"name": "EntangleKeys"}),
        (message(action=None), None, {"name": "(not named)"}),
        (message("arn:aws:iam:::user/alice"), None, {"account": None}),
        # The message before the call; the call for what the message does not say.
        (message(), CALL, {"event_id": "event-0", "time": CALL.time, "request_id": "request-1",
                           "error_message": "denied"}),
        (message(None, resource=None), CALL, {
            "event_id": "event-0", "time": CALL.time, "request_id": "request-1",
            "error_message": "denied", "user_name": None, "account": OTHER,
            "region": "eu-west-1"}),
    ],
)  # fmt: skip
def test_the_event_of_a_message(one, call, expected):
    from_message = {"time": None, "event_id": None, "source_ip": None, "file": "message 1",
                    "line": 3}  # fmt: skip
    made = event_of(PastedMessage(one, "message 1", 3, call))
    assert made == replace(event(), **from_message | expected)


def test_the_evidence_of_a_pasted_message_and_of_a_failed_call():
    assert PastedMessage(message(), "message 1", 1).evidence == "given"
    assert PastedMessage(message(), "a.csv", 2, CALL).evidence == "recorded"


def test_no_text_and_a_volume_error():
    assert pasted_texts(None).messages == pasted_texts(()).messages == ()
    read = pasted_texts(["Client.InternalError: Client error on launch"])
    assert (len(read.messages), len(read.symptoms)) == (0, 1)
    both = read + pasted_texts(f"User: {ALICE} is not authorized to perform: kms:Decrypt")
    assert (len(both.messages), len(both.symptoms)) == (1, 1)
    assert [one.message.principal for one in both.of_caller("alice")] == [ALICE]
    assert (both.of_caller("bob"), both.of_caller(None)) == ((), ())
