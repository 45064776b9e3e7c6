"""Denials of one kind are identified once. What differs is never shared.

Every case resolves two events with one Resolver. The second must be resolved as it is alone.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ebs_kms_audit.identify import (
    EvidenceIndex,
    Overrides,
    Resolver,
    is_kms,
    resolve,
    resolve_message,
)
from ebs_kms_audit.identify.pasted import PastedMessage
from ebs_kms_audit.model import DenialMessage, Identity, MessageKind
from tests.identify.events import ACCOUNT, OTHER, event, resources
from tests.sample_incident import access_key

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
SESSION, SESSION_2 = "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPL2"
LONG_TERM = "AKIAIOSFODNN7EXAMPLE"
OTHER_SERVICE = "something-new"  # neither AKIA nor ASIA

NONE = Overrides.of()
GIVEN = Overrides.of(key=KEY, principals={"alice": f"arn:aws:iam::{ACCOUNT}:user/ops/alice"})
PASTED = Overrides.of(
    messages=f"User: arn:aws:iam::{ACCOUNT}:user/ops/alice is not authorized to perform: "
    f"kms:CreateGrant on resource: {KEY} because no identity-based policy allows the "
    "kms:CreateGrant action"
)
FIRST = event(access_key=SESSION)


def index():
    """Return the evidence of one AssumeRole event, for SESSION_2."""
    found = EvidenceIndex()
    entries = resources(("AWS::IAM::AccessKey", SESSION_2), ("AWS::IAM::Role", ROLE))
    found.add(event(name="AssumeRole", source="sts.amazonaws.com", error_code=None,
                    event_id="event-9", resources=entries))  # fmt: skip
    return found


CASES = {
    "the operation": (FIRST, {"name": "Decrypt"}, NONE),
    "the Region": (FIRST, {"region": "eu-west-1"}, GIVEN),
    "the service": (FIRST, {"source_ip": "s3.amazonaws.com"}, NONE),
    "an unknown service": (FIRST, {"source_ip": None}, NONE),
    "the error code": (FIRST, {"error_code": "VpceAccessDenied"}, NONE),
    "the user": (FIRST, {"user_name": "bob"}, NONE),
    "the key": (FIRST, {"resources": resources((None, KEY))}, NONE),
    "the account": (FIRST, {"account": OTHER}, GIVEN),
    "the error message": (
        FIRST, {"error_message": f"User: x is not authorized to perform: kms:CreateGrant on "
                f"resource: {KEY} because no identity-based policy allows it"}, NONE),
    "the kind of access key": (FIRST, {"access_key": LONG_TERM}, NONE),
    "the owner of the access key": (
        FIRST, {"access_key": access_key("ASIA", OTHER, "x")}, NONE),
    "the session of a known role": (FIRST, {"access_key": SESSION_2}, NONE),
    "no access key": (
        event(user_name="AutoScaling", access_key=OTHER_SERVICE, source_ip="198.51.100.7"),
        {"access_key": None}, NONE),
    # A pasted message is that of one caller, operation, account, Region and key.
    "the user, with a pasted message": (FIRST, {"user_name": "bob"}, PASTED),
    "the operation, with a pasted message": (FIRST, {"name": "Decrypt"}, PASTED),
    "the account, with a pasted message": (FIRST, {"account": OTHER}, PASTED),
    "the Region, with a pasted message": (FIRST, {"region": "eu-west-1"}, PASTED),
    "the key, with a pasted message": (
        FIRST, {"resources": resources((None, KEY.replace("1234abcd", "5678abcd")))}, PASTED),
    "the error message, with a pasted message": (
        FIRST, {"error_message": f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to "
                "perform: kms:CreateGrant with an explicit deny in a session policy"}, PASTED),
    "the identity of the record": (
        replace(FIRST, identity=Identity(type="IAMUser", arn=f"arn:aws:iam::{ACCOUNT}:user/x/a")),
        {"identity": Identity(type="IAMUser", arn=f"arn:aws:iam::{ACCOUNT}:user/y/a")}, NONE),
}  # fmt: skip


def facts(denial):
    """Return a denial without what identifies its event."""
    return replace(denial, event=FIRST)


@pytest.mark.parametrize(("first", "change", "overrides"), CASES.values(), ids=CASES)
def test_an_event_that_differs_is_resolved_by_itself(first, change, overrides):
    evidence, second = index(), replace(first, event_id="event-1", **change)
    resolver = Resolver(evidence, overrides)
    before = resolver.resolve(first, (), ())
    after = resolver.resolve(second, (), ())
    assert after == resolve(second, (), (), evidence, overrides)
    assert facts(after) != facts(before)


def test_an_event_of_a_known_kind_shares_all_but_the_event():
    resolver = Resolver(index(), NONE)
    key = access_key("ASIA", OTHER, "x")
    entries = resources((None, KEY))
    first = resolver.resolve(event(access_key=key, resources=entries), (), ())
    again = event(event_id="event-1", line=3, access_key=access_key("ASIA", OTHER, "y"),
                  resources=entries)  # fmt: skip
    second = resolver.resolve(again, (), ())
    assert second == replace(first, event=again)
    assert second.principal is first.principal
    assert (second.credential_account, second.key.arn) == (OTHER, KEY)
    assert (second.via_service, second.via_known) == (again.source_ip, True)


def test_events_of_a_known_kind_share_a_pasted_message():
    resolver = Resolver(index(), PASTED)
    first = resolver.resolve(FIRST, (), ())
    again = replace(FIRST, event_id="event-1", line=3)
    second = resolver.resolve(again, (), ())
    assert second == replace(first, event=again)
    assert second.message is first.message
    assert (first.principal.arn, first.principal.evidence, first.key.arn) == (
        f"arn:aws:iam::{ACCOUNT}:user/ops/alice", "given", KEY,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["siblings", "ec2_calls"])
@pytest.mark.parametrize("order", [1, -1])
def test_other_events_of_one_denial_name_no_key_of_the_next(kind, order):
    call = event(event_id="event-8", source="ec2.amazonaws.com", name="CreateVolume",
                 error_code=None, resources=resources((None, KEY)))  # fmt: skip
    beside = {"siblings": (), "ec2_calls": ()}
    asked = [(event(), beside | {kind: (call,)}, KEY), (event(event_id="b"), beside, None)]
    resolver = Resolver(index(), NONE)
    for one, others, key in asked[::order]:
        assert resolver.resolve(one, **others).key.arn == key


def test_a_damaged_account_is_repaired_in_the_event_too():
    damaged = event(account=None, account_cell="1.11122E+11",
                    access_key=access_key("AKIA", ACCOUNT, "x"))  # fmt: skip
    denial = resolve(damaged, (), (), index(), NONE)
    assert denial.event == replace(damaged, account=ACCOUNT)
    assert denial.principal.arn == f"arn:aws:iam::{ACCOUNT}:user/alice"
    intact = event()
    assert resolve(intact, (), (), index(), NONE).event is intact


@pytest.mark.parametrize(
    ("source_ip", "service", "known"),
    [("ec2.amazonaws.com", "ec2.amazonaws.com", True), ("198.51.100.7", None, True),
     (None, None, False)],
)  # fmt: skip
def test_the_service_that_calls_is_known_where_the_source_ip_address_is(source_ip, service, known):
    denial = resolve(event(source_ip=source_ip), (), (), index(), NONE)
    assert (denial.via_service, denial.via_known) == (service, known)


# AWS KMS Developer Guide, "AWS KMS permissions": ReEncrypt needs kms:ReEncryptFrom and
# kms:ReEncryptTo.
@pytest.mark.parametrize(
    ("name", "message", "actions"),
    [
        ("ReEncrypt", None, ("kms:ReEncryptFrom", "kms:ReEncryptTo")),
        ("ReEncrypt", "kms:ReEncryptTo", ("kms:ReEncryptTo",)),
        ("ReEncrypt", "kms:reencryptfrom", ("kms:ReEncryptFrom",)),
        ("ReEncrypt", "kms:Decrypt", ("kms:ReEncryptFrom", "kms:ReEncryptTo")),
        ("Decrypt", "kms:Decrypt", ("kms:Decrypt",)),
    ],
)
def test_the_denied_actions(name, message, actions):
    text = (
        message and f"User: arn:aws:iam::{ACCOUNT}:user/a is not authorized to perform: {message}"
    )
    denial = resolve(event(name=name, error_message=text), (), (), index(), NONE)
    assert denial.iam_actions == actions


@pytest.mark.parametrize(
    ("action", "actions"),
    [
        ("kms:Decrypt", ("kms:Decrypt",)),
        ("KMS:decrypt", ("kms:Decrypt",)),
        ("kms:ReEncryptTo", ("kms:ReEncryptTo",)),
        ("kms:EntangleKeys", ("kms:EntangleKeys",)),
        (None, ()),
    ],
)
def test_the_action_of_a_message_in_the_spelling_of_aws(action, actions):
    message = DenialMessage(kind=MessageKind.DENIAL, action=action)
    denial = resolve_message(PastedMessage(message, "message 1", 1), index(), NONE)
    assert denial.iam_actions == actions
    assert (denial.via_service, denial.via_known, denial.ebs_traffic) == (None, False, False)


@pytest.mark.parametrize(
    ("source", "kms"), [("kms.amazonaws.com", True), ("ec2.amazonaws.com", False), (None, False)]
)
def test_an_event_of_kms(source, kms):
    assert is_kms(event(source=source)) is kms
