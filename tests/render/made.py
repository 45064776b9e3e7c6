"""Reports with causes, steps and evidence written out by hand, for the tests of the formats."""

from __future__ import annotations

from dataclasses import replace

from ebs_kms_audit import Cause, CauseId, Evidence, NextEvidence, Report, Step, StepKind
from ebs_kms_audit.plan.step import Commands, Disposition, LeftOut
from tests.rows import SESSION, audit, row

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY_ID}"
ALICE = "arn:aws:iam::111122223333:user/alice"
KEY_CELL = f'[{{"resourceType":"AWS::KMS::Key","resourceName":"{KEY_ARN}"}}]'

GET_JSON = NextEvidence(
    what="the records of the same search",
    why="A record holds the error message, which names the type of policy that denied the call",
    command="ebs-kms-audit event_history.csv event_history.json",
)
NO_STATEMENT = Cause(
    id=CauseId.NO_STATEMENT,
    text="No statement in the key policy allows alice to call kms:CreateGrant",
    evidence=Evidence.DERIVED,
    supported_by=("statement 1 of the key policy",),
    contradicted_by=("event-9: the same call succeeded",),
    next_evidence=(GET_JSON,),
)
STATEMENTS = (
    {
        "Sid": "Allow use of the key",
        "Effect": "Allow",
        "Principal": {"AWS": ALICE},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
    },
    {
        "Sid": "Allow attachment of persistent resources",
        "Effect": "Allow",
        "Principal": {"AWS": ALICE},
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    },
)
DIFF = """\
--- key_policy.json
+++ key_policy.json (changed)
@@ -1,2 +1,3 @@
 {
+  "Sid": "Allow use of the key"
-  "Sid": "old"
"""


def policy_step(**values: object) -> Step:
    """Return a step that changes the key policy for alice."""
    step = Step(
        id="key_policy-1234abcd",
        kind=StepKind.KEY_POLICY,
        text="Add two statements to the key policy.",
        account="111122223333",
        region="us-east-1",
        target=KEY_ARN,
        reasons=("The ARN of alice is inferred.",),
        statements=STATEMENTS,
        console_steps=("Open the KMS console.", "Choose the key."),
        left_out=(
            LeftOut(
                name="deploy-7f3a",
                finding="F-0000000000",
                why="The input shows only the session name",
                how_to_find="aws iam list-roles",
            ),
        ),
        afterwards=("Attach the volume again.",),
    )
    return replace(step, **values)


def safe_step(**values: object) -> Step:
    """Return the same step on a known policy."""
    known: dict[str, object] = {
        "disposition": Disposition.SAFE,
        "reasons": (),
        "left_out": (),
        "diff": DIFF,
        "document": {"Version": "2012-10-17", "Statement": list(STATEMENTS)},
        "commands": Commands(
            apply="aws kms put-key-policy --key-id X\n",
            verify="aws kms get-key-policy --key-id X\n",
            undo="aws kms put-key-policy --key-id X --policy file://before.json\n",
        ),
    }
    return policy_step(**(known | values))


def report_of(*steps: Step, cause: Cause = NO_STATEMENT, **cells: str) -> Report:
    """Return the report of one denied call of alice's with the cause and the steps."""
    report = audit(row(**({"resources": KEY_CELL} | cells)))
    (finding,) = report.findings
    finding = replace(finding, cause=cause, steps=tuple(step.id for step in steps))
    plan = tuple(replace(step, findings=(finding.id,)) for step in steps)
    return replace(report, findings=(finding,), plan=plan)


def many_callers(number: int) -> Report:
    """Return a report of many users, one denied call each."""
    return audit(*(row(user_name=f"user-{one}", aws_access_key=SESSION) for one in range(number)))
