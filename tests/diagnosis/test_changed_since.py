"""What contradicts a missing statement: the key policy was changed since, and allows the call now.

Source: AWS KMS Developer Guide, "Changing a key policy" (PutKeyPolicy replaces the document).
"""

from __future__ import annotations

import pytest

from tests.incidents import ADMINS, KEY_ARN, OTHER_ROOT, ROLE, USER, VISITOR, bound, denied, pair
from tests.incidents.cases.policy_changed import changed_to
from tests.incidents.documents import BOUNDARY_WITHOUT_KMS
from tests.records import audit

CHANGED = (
    "The key policy was changed after the call. The latest one allows the call, and needs no "
    "change."
)


@pytest.mark.parametrize(
    ("records", "options", "cause", "contradicted"),
    [
        (changed_to(*pair(ROLE)), BOUNDARY_WITHOUT_KMS, "no_statement", True),
        (changed_to(*pair(USER)), {}, "no_statement", False),
        (changed_to(*pair(VISITOR), caller=VISITOR), {}, "cross_account_half_missing", True),
        (changed_to(*pair(USER), caller=VISITOR), {}, "cross_account_half_missing", False),
        # A given policy that was not changed.
        ([denied("Decrypt", None, VISITOR)], bound(*pair(OTHER_ROOT)),
         "cross_account_half_missing", False),
        ([denied("Decrypt", None)], bound(ADMINS, key=KEY_ARN), "no_statement", False),
    ],
)  # fmt: skip
def test_a_policy_that_was_changed_since_contradicts_a_missing_statement(
    records, options, cause, contradicted
):
    (finding,) = audit(*records, **options).findings
    assert finding.cause.id == cause
    assert finding.cause.contradicted_by == ((CHANGED,) if contradicted else ())
