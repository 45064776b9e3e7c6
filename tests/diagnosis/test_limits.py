"""Where no statement of a key policy helps.

Sources: IAM User Guide, "Troubleshoot access denied error messages" and "Policy evaluation logic";
AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
"""

from __future__ import annotations

import pytest

from ebs_kms_audit.diagnosis.limits import no_allow_helps, works_in_own_account_only
from tests.incidents import AUTO_SCALING, CLIENT, FOREIGN_KEY, ROLE, USER, denied, said
from tests.records import audit

FOREIGN_USER = USER.replace("111122223333", "444455556666")


def denial(*asked, **fields):
    (found,) = audit(denied(*asked, **fields)).findings
    return found.denials[0]


@pytest.mark.parametrize(
    ("reason", "caller", "expected"),
    [
        (None, ROLE, False),  # no message
        ("", ROLE, False),  # a message without a reason
        ("not found", ROLE, False),
        ("resource", ROLE, False),
        ("identity", ROLE, False),
        ("identity", FOREIGN_USER, False),  # the key policy may be missing too
        ("deny", ROLE, True),
        ("deny resource", ROLE, True),
        ("deny identity", ROLE, True),
        ("scp", ROLE, True),
        ("rcp", ROLE, True),
        ("deny boundary", USER, True),
        ("session", ROLE, True),
        ("endpoint", ROLE, True),
        # what a boundary leaves out does not limit a key policy that names the user's own ARN
        ("boundary", USER, False),
        ("session", USER, True),
        ("boundary", ROLE, True),
        ("boundary", AUTO_SCALING, True),
        ("boundary", FOREIGN_USER, True),
    ],
)
def test_a_message_that_no_allow_in_the_key_policy_cures(reason, caller, expected):
    assert no_allow_helps(denial("Decrypt", reason, caller)) is expected


def test_a_boundary_limits_a_user_in_an_action_on_no_key():
    message = said("kms:CreateKey", "boundary", USER, "*")
    assert no_allow_helps(denial("CreateKey", None, USER, resources=[], errorMessage=message))


@pytest.mark.parametrize(
    ("action", "key", "expected"),
    [
        ("EnableKey", FOREIGN_KEY, True),
        ("PutKeyPolicy", FOREIGN_KEY, True),
        ("EnableKey", None, False),
        ("Decrypt", FOREIGN_KEY, False),
        ("CreateGrant", FOREIGN_KEY, False),
        ("DescribeKey", FOREIGN_KEY, False),
    ],
)
def test_an_administrative_call_works_in_the_own_account_only(action, key, expected):
    named = {"key": key} if key else {}
    found = denial(action, "resource", ROLE, sourceIPAddress=CLIENT, **named)
    assert works_in_own_account_only(found) is expected
