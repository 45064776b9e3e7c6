"""The key of an event from each source, in order, and the keys that events name.

Sources: AWS KMS API Reference, "Encrypt" (KeyId: an id, an ARN, an alias); AWS KMS Developer Guide,
"Multi-Region keys" (related keys have the same key id in each Region).
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.identify import key_arns_in, key_names, keys_in
from ebs_kms_audit.identify.kms_key import KeysSeen, key_of, keys_in_message
from ebs_kms_audit.identify.overrides import key_override
from ebs_kms_audit.model import Identity
from tests.identify.events import ACCOUNT, event, resources

ID, ID_2 = "1234abcd-12ab-34cd-56ef-1234567890ab", "5678abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}"
KEY_2 = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID_2}"
MRK = "mrk-" + "0" * 32
ALIAS = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/team/ebs"
NO_ID = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/x"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ID}"


def naming(*names, message=None, **fields):
    return event(
        resources=resources(*((None, name) for name in names)), error_message=message, **fields
    )


def text(*keys):
    return f"User: x is not authorized to perform: kms:Decrypt on resource: {' or '.join(keys)}."


# The event, other events of the Request ID, EC2 calls, a pasted message's key, a given key; then
# the ARN or id of the result and its evidence.
CASES = {
    "nothing": (naming(), [], [], None, None, None, "unknown"),
    "resources before the message": (naming(KEY, message=text(KEY_2)), [], [], None, None, KEY,
                                     "recorded"),
    "two keys in the resources: the message": (naming(KEY, KEY_2, message=text(KEY_2)), [], [],
                                               None, None, KEY_2, "recorded"),
    "two keys: no other source": (naming(KEY, KEY_2), [naming(KEY)], [naming(KEY)], KEY, KEY,
                                  None, "unknown"),
    "resources before all others": (naming(KEY), [naming(KEY_2)], [naming(KEY_2)], KEY_2, KEY_2,
                                    KEY, "recorded"),
    "siblings before a pasted message": (naming(), [naming(KEY)], [naming(KEY_2)], KEY_2, KEY_2,
                                         KEY, "derived"),
    "siblings of one key": (naming(), [naming(KEY), naming(ID)], [], None, None, KEY, "derived"),
    "siblings of two keys": (naming(), [naming(KEY), naming(KEY_2)], [], None, None, None,
                             "unknown"),
    "a pasted message before a given key": (naming(), [], [naming(KEY_2)], KEY, KEY_2, KEY,
                                            "given"),
    "a given key before an EC2 call": (naming(), [], [naming(KEY_2)], None, KEY, KEY, "given"),
    "an EC2 call": (naming(), [], [naming(KEY)], None, None, KEY, "inferred"),
    "EC2 calls of two keys": (naming(), [], [naming(KEY), naming(KEY_2)], None, None, None,
                              "unknown"),
    "a given key of another Region": (naming(region="eu-west-1"), [], [], None, KEY, None,
                                      "unknown"),
    "a given key, the Region unknown": (naming(region=None), [], [], None, KEY, KEY, "given"),
    "the id of the given key": (naming(ID), [], [], None, KEY, KEY, "given"),
    "the id of another key": (naming(ID_2), [], [], None, KEY, ID_2, "recorded"),
    "an alias beside a given key": (naming("alias/ebs"), [], [], None, KEY, "alias/ebs",
                                    "recorded"),
    "a related key in another Region, by its ARN": (
        naming(KEY.replace(ID, MRK).replace("us-east-1", "eu-west-1")), [], [], None,
        KEY.replace(ID, MRK), KEY.replace(ID, MRK).replace("us-east-1", "eu-west-1"), "recorded"),
    "one id in two Regions": (
        naming(KEY.replace(ID, MRK), KEY.replace(ID, MRK).replace("us-east-1", "eu-west-1")),
        [], [], None, None, MRK, "recorded"),
    "a key and an alias": (naming(ALIAS, KEY), [], [], None, None, KEY, "recorded"),
    "two aliases": (naming(ALIAS, "alias/ebs"), [], [], None, None, None, "unknown"),
    "an alias by name and by ARN": (naming(ALIAS, "alias/team/ebs"), [], [], None, None,
                                    "alias/team/ebs", "recorded"),
    "the role of the caller": (naming(ROLE, KEY), [], [], None, None, KEY, "recorded"),
    "a role with the name of a key id": (naming(ROLE), [], [], None, None, None, "unknown"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "siblings", "calls", "pasted", "given", "key", "evidence"), CASES.values(), ids=CASES
)
def test_the_first_source_that_names_one_key(one, siblings, calls, pasted, given, key, evidence):
    found = key_of(one, siblings, calls, pasted, key_override(given))
    assert (found.arn or found.id or found.alias, found.evidence) == (key, evidence)


def test_all_names_of_one_key_are_kept():
    found = key_of(naming(KEY, ALIAS, ID), (), (), None, None)
    assert (found.arn, found.id, found.alias) == (KEY, ID, "alias/team/ebs")
    two = key_of(naming(KEY, ALIAS, "alias/ebs"), (), (), None, None)
    assert (two.arn, two.alias) == (KEY, None)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (naming(KEY, KEY_2), "several keys"),
        (event(resources=None), "cannot be read"),
        (event(identity=Identity(type="IAMUser")), "neither the resources nor the error message"),
        (event(), "the row names no key"),
    ],
)
def test_why_the_key_is_unknown(one, words):
    assert words in key_of(one, (), (), None, None).why


# The event, the keys that its resources name, those of its message, and the keys of both by id.
NAMES = {
    "nothing": (naming(), set(), set(), set(), set()),
    "an ARN": (naming(KEY), {ID}, set(), {ID}, {KEY}),
    "an id": (naming(ID), {ID}, set(), {ID}, set()),
    "an alias": (naming(ALIAS), {"alias/team/ebs"}, set(), set(), set()),
    "an alias beside a key": (naming("alias/ebs", ID), {ID}, set(), {ID}, set()),
    "a message": (naming(message=text(KEY)), set(), {ID}, {ID}, {KEY}),
    "a message with an alias": (naming(message=text(ALIAS)), set(), {"alias/team/ebs"}, set(),
                                set()),
    "a message without a key": (naming(message=text("*")), set(), set(), set(), set()),
    "resources and a message": (naming(KEY, message=text(KEY_2)), {ID}, {ID_2}, {ID, ID_2},
                                {KEY, KEY_2}),
    "no key": (naming("vol-0123456789abcdef0", ROLE, NO_ID), set(), set(), set(), set()),
    "resources that cannot be read": (event(resources=None), set(), set(), set(), set()),
}  # fmt: skip


@pytest.mark.parametrize(("one", "own", "in_message", "ids", "arns"), NAMES.values(), ids=NAMES)
def test_the_keys_that_an_event_names(one, own, in_message, ids, arns):
    assert key_names(one) == own
    assert keys_in_message(one) == in_message
    assert keys_in(one) == ids
    assert key_arns_in(one) == arns


@pytest.mark.parametrize(
    ("events", "spellings"),
    [
        ([naming(KEY)], {KEY}),
        ([naming(ID)], {ID}),
        ([naming(KEY), naming(ID)], {KEY, ID}),
        ([naming(KEY, ID)], {KEY}),
        ([naming(KEY, ALIAS)], {KEY}),
        ([naming(ALIAS)], {"alias/team/ebs"}),
        ([naming(message=text(KEY))], {KEY}),
        ([naming(ID, message=text(KEY_2))], {ID, KEY_2}),
        ([naming()], set()),
    ],
)
def test_the_keys_of_all_events_by_their_spelling(events, spellings):
    left, right = KeysSeen(), KeysSeen()
    for one in events:
        left.add(one)
    assert left.spellings == spellings
    right.add(naming(KEY))
    right.merge(left)
    assert right.spellings == spellings | {KEY}


def test_one_hundred_spellings_are_kept():
    seen = KeysSeen()
    for number in range(103):
        seen.add(naming(KEY[:-3] + f"{number:03}"))
    assert len(seen.spellings) == 100
