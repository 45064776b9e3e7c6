"""Every fixed policy passes the analysis of `parliament`, a linter of IAM policies by others.

It runs as a process of its own. Suppressed: RESOURCE_STAR (in a key policy `*` is the key itself).
A key policy's Sids may hold blanks; parliament takes them for those of IAM, and reads no further in
a statement whose Sid it refuses, so it gets them without.
"""

import itertools
import json
import subprocess
import sys

import pytest

from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, audit, record, session

SUPPRESSED = {"RESOURCE_STAR"}
ANALYSE = """
import json, sys
from parliament import analyze_policy_string
for document in json.load(sys.stdin):
    found = analyze_policy_string(json.dumps(document)).findings
    print(json.dumps([[one.issue, str(one.detail)] for one in found]))
"""

ROOT = {
    "Sid": "Enable IAM User Permissions",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
CONSOLE = [
    ROOT,
    {"Sid": "Allow use of the key", "Effect": "Allow", "Principal": {"AWS": [BOB]},
     "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                "kms:DescribeKey"], "Resource": "*"},
    {"Sid": "Allow attachment of persistent resources", "Effect": "Allow",
     "Principal": {"AWS": [BOB]},
     "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
     "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
]  # fmt: skip
TAKEN_SIDS = [ROOT, CONSOLE[1] | {"Action": "kms:Decrypt"},
              CONSOLE[2] | {"Action": "kms:CreateGrant", "Condition": {
                  "StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}}]  # fmt: skip
POLICIES = {
    "the root statement": {"Version": "2012-10-17", "Statement": ROOT},
    "a console's": {"Version": "2012-10-17", "Id": "key-consolepolicy-3", "Statement": CONSOLE},
    "the Sids are taken": {"Version": "2012-10-17", "Statement": TAKEN_SIDS},
}
FOREIGN = "444455556666"
CALLERS = {
    "a role": session(),
    "a service-linked role": session(AUTO_SCALING, "AutoScaling"),
    "a role of another account": session(f"arn:aws:iam::{FOREIGN}:role/x") | {"accountId": FOREIGN},
}
ACTIONS = ["CreateGrant", "Decrypt", "ReEncrypt", "GenerateDataKeyWithoutPlaintext", "Sign"]


def with_plain_sids(document):
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return document | {
        "Statement": [
            one | {"Sid": "".join(filter(str.isalnum, one.get("Sid", "")))} for one in listed
        ]
    }


def analysed(documents):
    documents = [with_plain_sids(document) for document in documents]
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", ANALYSE], text=True, check=True,
                         input=json.dumps(documents), capture_output=True)  # fmt: skip
    return [
        [(issue, detail) for issue, detail in json.loads(line) if issue not in SUPPRESSED]
        for line in run.stdout.splitlines()
    ]


def fixed():
    """Return every changed policy: of each given one, for each caller, action and way."""
    for (name, policy), (who, identity), action, least in itertools.product(
        POLICIES.items(), CALLERS.items(), ACTIONS, (False, True)
    ):
        account = FOREIGN if identity.get("accountId") == FOREIGN else ACCOUNT
        denied = record(eventName=action, userIdentity=identity, recipientAccountId=account,
                        errorMessage="absent", resources=[{"ARN": KEY_ARN}])  # fmt: skip
        report = audit(denied, key_policies={KEY_ARN: policy}, least_privilege=least)
        for step in report.plan:
            if step.changed:
                yield f"{name}, {who}, {action}, {least}", step.document


def test_every_fixed_policy_passes():
    pytest.importorskip("parliament", reason="parliament is not installed")
    changed = dict(fixed())
    assert len(changed) >= 60
    results = dict(zip(changed, analysed(list(changed.values())), strict=True))
    assert {name: found for name, found in results.items() if found} == {}


def test_the_judge_does_find_what_is_wrong():
    wrong = {"Version": "2012-10-17", "Statement": [
        ROOT | {"Action": ["kms:ReEncrypt", "kms:Decrypt"]}]}  # fmt: skip
    ((issue, _), *_) = analysed([wrong])[0]
    assert issue == "UNKNOWN_ACTION"
