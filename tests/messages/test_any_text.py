"""Any text is read: ARNs come back as they are, and no text takes long or raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit import parse_denial_message
from ebs_kms_audit.messages import read_error_text
from ebs_kms_audit.model import MessageKind
from tests.messages.made import (
    CIPHERTEXT,
    DENIES,
    DEPLOY,
    ENCODED,
    KEY,
    MESSAGE,
    TYPES,
    UNSEEN,
    denial,
    messages,
)

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
    message = parse_denial_message(denial(reason, who=who, on=f" on resource: {key}"))
    assert (message.principal, message.action, message.resource) == (who, "kms:Decrypt", key)


@given(name=NAMES, key=KEYS)
def test_a_session_names_its_role(name, key):
    who = f"arn:aws:sts::111122223333:assumed-role/{name}/session"
    assert parse_denial_message(denial(who=who)).role_name == name


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
