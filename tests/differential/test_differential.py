"""Both judges decide alike. EBS_KMS_AUDIT_DECISIONS sets how many decisions are compared.

The default is 5,000, and `.ci/run` compares 20,000. Without the other judge the test is skipped, or
fails where EBS_KMS_AUDIT_REQUIRE_NODE is set.

The generator does not draw:

- NotPrincipal, which AWS itself describes loosely ("might deny")
- the root user and AWS services as callers
- administration across accounts (here: not_grantable), RetireGrant, alias operations
- keys of an encryption context, which the other judge does not take
- a key policy that names users, where a federated user calls: the permissions of the user who
  federated hold for the session (IAM User Guide, "Policy evaluation logic"), and that user is not
  known
- policy variables in a document of Version 2008-10-17, which are plain text (IAM User Guide,
  "Version"), and which the other judge fills in where they have a default
- an incomplete context: the other judge assumes that each context is complete
"""

from __future__ import annotations

import os

import pytest

from tests.differential.compare import compare
from tests.differential.generator import SEED
from tests.differential.judge import Judge, JudgeMissingError

DECISIONS = int(os.environ.get("EBS_KMS_AUDIT_DECISIONS", "5000"))


def test_both_judges_decide_alike() -> None:
    try:
        judge = Judge()
    except JudgeMissingError as missing:
        if os.environ.get("EBS_KMS_AUDIT_REQUIRE_NODE"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with judge:
        result = compare(DECISIONS, SEED, judge)
    shown = "\n\n".join(result.unexplained[:3])
    assert not result.unexplained, f"{result.summary()}\n{shown}"
    assert result.decisions == DECISIONS
    assert set(result.answers) == {"Allowed", "ExplicitlyDenied", "ImplicitlyDenied"}
    assert result.explained.total() < DECISIONS / 25
