"""The values of the library can be members of sets and keys of dicts.

Rule: equal values have equal hashes (Python data model, "object.__hash__").
"""

from __future__ import annotations

import json
import pickle
from functools import cache
from typing import Any

import pytest

import ebs_kms_audit
from ebs_kms_audit import KeyPolicy, Request
from tests.make_samples import SAMPLES

ROLE = "arn:aws:iam::111122223333:role/ci/deploy"
FILES = [SAMPLES / name for name in ("event_history.csv", "event_history.json", "key_policy.json")]


@cache
def values() -> dict[str, Any]:
    """Return one value of each kind that a user gets."""
    report = ebs_kms_audit.audit(FILES, iam_policies={ROLE: {"Statement": []}})
    finding = report.findings[0]
    document = json.loads(FILES[2].read_text())
    policy = KeyPolicy.from_dict(document)
    request = Request(principal=ROLE, action="kms:Decrypt", context={"aws:SourceVpc": "vpc-1"})
    return {
        "report": report,
        "finding": finding,
        "cause": finding.cause,
        "step": report.plan[0],
        "applied step": report.plan[0].apply(policy),
        "coverage": report.coverage,
        "policy": policy,
        "request": request,
        "decision": ebs_kms_audit.evaluate(request, policy),
        "check": ebs_kms_audit.check(policy, [ROLE], operation="AttachVolume"),
        "replay": ebs_kms_audit.replay(policy, FILES[1], key=finding.key.arn),
        "lint": ebs_kms_audit.lint(KeyPolicy.from_dict({"Statement": [{"Effect": "Allow"}]})),
    }


@pytest.mark.parametrize("name", values())
def test_a_value_and_its_copy_are_one_member_of_a_set(name):
    value = values()[name]
    copied = pickle.loads(pickle.dumps(value))
    assert copied is not value
    assert len({value, copied}) == 1


def test_requests_that_differ_in_their_context_are_two():
    requests = [
        Request(principal=ROLE, action="kms:Decrypt", context=context)
        for context in ({}, {"aws:SourceVpc": "vpc-1"})
    ]
    assert len(set(requests)) == 2
