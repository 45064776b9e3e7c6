"""Each denial is judged by the key policy that was in force at its time.

The rule: issue of the key policy from the log. PutKeyPolicy replaces the document (AWS KMS
Developer Guide, "Changing a key policy"), so the last edit before a denial decides.
"""

import json

import pytest

import ebs_kms_audit
from ebs_kms_audit import Report
from tests.context.test_policy_history import ADMIN, created, put
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, log, record

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
MANAGE = {"Sid": "manage", "Effect": "Allow", "Principal": {"AWS": ROOT},
          "Action": "kms:PutKeyPolicy", "Resource": "*"}  # fmt: skip
USE = {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*",
       "Resource": "*"}  # fmt: skip
DENY = {"Sid": "no grants", "Effect": "Deny", "Principal": {"AWS": ROLE},
        "Action": "kms:CreateGrant", "Resource": "*"}  # fmt: skip
DELEGATE = {"Sid": "account", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*",
            "Resource": "*"}  # fmt: skip


def document(*statements):
    return {"Version": "2012-10-17", "Statement": [MANAGE, *statements]}


WITH, WITHOUT = document(USE), document()
NO_STATEMENT = (
    f"User: arn:aws:sts::{ACCOUNT}:assumed-role/deploy/deploy-7f3a is not authorized to perform: "
    f"kms:CreateGrant on resource: {KEY_ARN} because no resource-based policy allows the "
    "kms:CreateGrant action"
)


def edit(time, policy, **more):
    return put(f"2026-05-18T{time}Z", document=json.dumps(policy), **more)


def denied(time, **more):
    fields = {"errorMessage": NO_STATEMENT, "eventID": f"denied-{time}"}
    return record(eventTime=f"2026-05-18T{time}Z", **(fields | more))


def audit(*records, **options):
    report = ebs_kms_audit.audit(records=log(*records), **options)
    (finding,) = report.findings
    return finding


EDITS = (edit("07:00:00", WITH), edit("08:00:00", WITHOUT), edit("09:00:00", WITH))
# The time of a denial, and its verdict by the policy that was in force then.
VERDICTS = [
    ("06:30:00", "allowed_now"),  # not in the log: judged by the latest policy
    ("07:30:00", "allowed_now"),
    ("08:02:00", "undecided"),
    ("08:30:00", "missing_allow"),
    ("09:04:00", "undecided"),
    ("09:30:00", "allowed_now"),
]


@pytest.mark.parametrize(("time", "verdict"), VERDICTS)
def test_the_verdict_is_of_the_policy_in_force_then(time, verdict):
    finding = audit(*EDITS, denied(time))
    assert finding.denials[0].verdict == verdict
    (judgement,) = finding.judgements
    assert judgement.policy.event_id == "put-2026-05-18T09:00:00Z"
    assert (judgement.binding, judgement.policy.key) == ("key", KEY_ARN)


def test_denials_between_three_edits_are_judged_each_by_its_own_policy():
    times = [time for time, _ in VERDICTS]
    finding = audit(*EDITS, *map(denied, times))
    assert [one.verdict for one in finding.denials] == [verdict for _, verdict in VERDICTS]
    (judgement,) = finding.judgements
    in_force = [one and one.policy.event_id for one in judgement.then]
    first, second, third = (f"put-2026-05-18T0{hour}:00:00Z" for hour in (7, 8, 9))
    assert in_force == [None, first, second, second, third, third]


def test_a_later_edit_that_gave_the_permission_back_is_the_cause():
    finding = audit(*EDITS, denied("08:30:00"))
    assert (finding.cause.id, finding.cause.evidence) == ("fixed_since", "derived")
    assert finding.cause.supported_by == (
        "The error message of event denied-08:30:00 names the resource-based policy (no Allow).",
        "In force at that time, PutKeyPolicy event put-2026-05-18T08:00:00Z: No statement of the "
        "key policy allows the call.",
        "PutKeyPolicy event put-2026-05-18T09:00:00Z: The policies that were given allow the call.",
        f"Event put-2026-05-18T08:00:00Z: {ADMIN['arn']} removed the permission with PutKeyPolicy "
        "at 2026-05-18 08:00:00 UTC.",
        "Event put-2026-05-18T09:00:00Z: a later edit gave the permission back at "
        "2026-05-18 09:00:00 UTC.",
        'Statement "use" (key policy): there is no condition.',
        "Event put-2026-05-18T09:00:00Z: PutKeyPolicy after the denial.",
    )


def test_a_denial_just_after_the_edit_that_allows_the_call_is_fixed_since():
    # The policy before the edit may still have been in force for five minutes.
    late = audit(edit("06:00:00", WITHOUT), edit("07:00:00", WITH), denied("07:02:00"))
    assert (late.denials[0].verdict, late.cause.id) == ("undecided", "fixed_since")
    assert late.cause.evidence == "inferred"
    by_iam = denied(
        "07:02:00", errorMessage=NO_STATEMENT.replace("resource-based", "identity-based")
    )
    other = audit(edit("06:00:00", WITHOUT), edit("07:00:00", WITH), by_iam)
    assert (other.cause.id, other.cause.evidence) == ("iam_policy_missing", "inferred")
    removed = audit(edit("06:00:00", WITH), edit("07:00:00", WITHOUT), denied("07:02:00"))
    assert (removed.denials[0].verdict, removed.cause.id) == ("undecided", "no_statement")


def test_the_edit_that_removed_the_permission_is_shown():
    finding = audit(*EDITS[:2], denied("08:30:00"))
    (judgement,) = finding.judgements
    change = judgement.change
    assert (change.event_id, change.who) == ("put-2026-05-18T08:00:00Z", ADMIN["arn"])
    assert (change.operation, change.restored_event_id) == ("PutKeyPolicy", None)
    assert (finding.cause.id, finding.cause.evidence) == ("no_statement", "recorded")


def test_an_edit_that_removed_nothing_of_the_caller_is_not_shown():
    other = document(USE, MANAGE | {"Sid": "more"})
    finding = audit(edit("07:00:00", WITHOUT), edit("08:00:00", document(DELEGATE)),
                    denied("08:30:00"))  # fmt: skip
    assert finding.judgements[0].change is None
    assert audit(edit("07:00:00", WITH), edit("08:00:00", other), denied("08:30:00")).judgements[
        0
    ].change is None  # fmt: skip


def test_a_deny_that_was_put_and_a_delegation_that_was_removed_are_edits_too():
    deny = audit(edit("07:00:00", WITH), edit("08:00:00", document(USE, DENY)), denied("08:30:00"))
    assert deny.judgements[0].change.event_id == "put-2026-05-18T08:00:00Z"
    assert deny.denials[0].verdict == "explicit_deny"
    less = audit(edit("07:00:00", document(DELEGATE)), edit("08:00:00", WITHOUT),
                 denied("08:30:00"))  # fmt: skip
    assert less.judgements[0].change.event_id == "put-2026-05-18T08:00:00Z"


def test_the_policies_before_and_after_a_change_may_agree():
    finding = audit(edit("07:00:00", WITHOUT), edit("08:00:00", WITHOUT), denied("08:02:00"))
    assert finding.denials[0].verdict == "missing_allow"


def test_the_policy_before_the_first_edit_is_unknown():
    denies = audit(edit("08:00:00", WITHOUT), denied("08:02:00"))
    assert denies.denials[0].verdict == "missing_allow"
    allows = audit(edit("08:00:00", WITH), denied("08:02:00"))
    assert allows.denials[0].verdict == "undecided"


def test_a_key_without_a_policy_has_the_default_policy():
    finding = audit(created("2026-05-18T07:00:00Z", {"description": ""}), denied("08:00:00"))
    assert finding.denials[0].verdict == "delegated_to_iam"
    assert finding.judgements[0].policy.name == "CreateKey event put-2026-05-18T07:00:00Z"


# A policy given by hand: how it compares, by which policy the plan is made, and its binding.
GIVEN = [
    ("equal", WITHOUT, "equal", False),
    ("equal, in another form", {"Statement": [MANAGE | {"Principal": {"AWS": [ACCOUNT]},
                                                        "Action": ["kms:PutKeyPolicy"]}],
                                "Version": "2012-10-17"}, "equal", False),
    ("newer", document(DELEGATE), "newer", False),
    ("older", WITH, "older", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "compared", "logged"), GIVEN, ids=[g[0] for g in GIVEN])
@pytest.mark.parametrize("bound", [True, False])
def test_a_given_policy_is_compared_with_the_last_one_in_the_log(
    name, given, compared, logged, bound
):
    finding = audit(
        *EDITS[:2], denied("08:30:00"), key_policies={KEY_ARN: given} if bound else given
    )
    (judgement,) = finding.judgements
    assert judgement.compared == compared
    assert (judgement.policy.since is not None) is logged
    assert judgement.binding == "key"
    assert finding.denials[0].verdict == "missing_allow"


def test_a_given_policy_that_is_another_key_s_in_the_log_is_not_used():
    other = KEY_ARN[:-1] + "0"
    resources = [{"ARN": other, "type": "AWS::KMS::Key"}]
    request = {"keyId": other, "policy": json.dumps(document(DELEGATE))}
    elsewhere = edit("07:10:00", WITH, resources=resources, requestParameters=request)
    finding = audit(*EDITS[:2], elsewhere, denied("08:30:00"), key_policies=document(DELEGATE))
    (judgement,) = finding.judgements
    assert judgement.policy.event_id == "put-2026-05-18T08:00:00Z"


def test_after_an_edit_without_a_document_a_given_policy_is_judged():
    unknown = edit("09:00:00", WITH, requestParameters={"keyId": KEY_ID})
    alone = audit(*EDITS[:2], unknown, denied("08:30:00"))
    assert alone.denials[0].verdict == "missing_allow"
    assert alone.judgements[0].superseded
    assert alone.judgements[0].binding == "if_this_key"
    late = audit(
        *EDITS[:2], unknown, denied("10:00:00"), key_policies={KEY_ARN: document(DELEGATE)}
    )
    assert late.denials[0].verdict == "delegated_to_iam"
    assert not late.judgements[0].superseded


def test_the_log_of_another_key_says_nothing():
    other = KEY_ARN[:-1] + "0"
    request = {"keyId": other, "policy": json.dumps(WITH)}
    resources = [{"ARN": other, "type": "AWS::KMS::Key"}]
    finding = audit(edit("07:00:00", WITH, resources=resources, requestParameters=request),
                    denied("08:00:00"))  # fmt: skip
    assert finding.judgements == ()


def test_a_message_is_judged_by_the_last_policy():
    report = ebs_kms_audit.audit(records=log(*EDITS[:2]), messages=NO_STATEMENT)
    assert report.findings[0].denials[0].verdict == "missing_allow"


@pytest.mark.parametrize(
    "written", [Report.to_json, Report.to_html, lambda report: report.to_text(details=True)]
)
def test_the_redacted_report_shows_no_policy_of_the_log(written):
    text = written(ebs_kms_audit.audit(records=log(*EDITS, denied("08:30:00")), redact=True))
    for name in (ACCOUNT, "admin", "deploy", KEY_ID, "put-2026"):
        assert name not in text


def test_the_plan_changes_the_last_policy_and_says_how_old_it_is():
    report = ebs_kms_audit.audit(records=log(*EDITS[:2], denied("08:30:00")))
    (step,) = report.plan
    assert (step.kind, step.disposition, step.target) == ("key_policy", "safe", KEY_ARN)
    assert step.document["Statement"][0] == MANAGE
    assert (
        "The policy is that of PutKeyPolicy event put-2026-05-18T08:00:00Z (2026-05-18 08:00:00 "
        "UTC), 30 minutes old at the last denied call."
    ) in step.text


def test_a_policy_that_is_newer_than_the_denials_has_no_age():
    still = edit("09:00:00", WITHOUT | {"Id": "newer"})
    report = ebs_kms_audit.audit(records=log(*EDITS[:2], still, denied("08:30:00")))
    (step,) = report.plan
    assert "(2026-05-18 09:00:00 UTC), set after the last denied call." in step.text
    assert "old at the last denied call" not in step.text


def test_no_policy_is_changed_after_an_edit_without_a_document():
    unknown = edit("09:00:00", WITH, requestParameters={"keyId": KEY_ID})
    report = ebs_kms_audit.audit(records=log(*EDITS[:2], unknown, denied("08:30:00")))
    (step,) = report.plan
    assert (step.document, step.disposition) == (None, "review")


def test_a_denial_that_is_fixed_since_changes_no_policy():
    report = ebs_kms_audit.audit(records=log(*EDITS, denied("08:30:00")))
    assert [step.kind for step in report.plan] == ["investigate"]


def test_json_names_the_policy_in_force_and_the_edit():
    report = ebs_kms_audit.audit(records=log(*EDITS, denied("08:30:00")))
    (judgement,) = report.to_dict()["findings"][0]["judgements"]
    assert judgement["event_id"] == "put-2026-05-18T09:00:00Z"
    assert judgement["in_force"] == [
        {"event_id": "put-2026-05-18T08:00:00Z", "since": "2026-05-18T08:00:00Z"}
    ]
    assert judgement["decisions"][0]["verdict"] == "missing_allow"
    assert judgement["change"]["who"] == ADMIN["arn"]
    assert judgement["change"]["restored_time"] == "2026-05-18T09:00:00Z"


def test_each_denial_has_the_cause_of_the_policy_in_force_at_its_time():
    silent = [
        denied(time, errorMessage=None, resources=[{"ARN": KEY_ARN}])
        for time in ("07:30:00", "08:30:00")
    ]
    cause = audit(*EDITS[:2], *silent).cause
    # the policy of 07:00 allows the call that was denied, and that of 08:00 does not
    assert (cause.id, cause.evidence) == ("conflicting_evidence", "inferred")
    assert [(one.id, one.denials) for one in cause.others] == [
        ("no_statement", ("denied-08:30:00",))
    ]


def test_the_cause_is_that_of_the_latest_policy_if_both_deny():
    edits = (edit("07:00:00", document(DELEGATE)), edit("08:00:00", WITHOUT))
    silent = denied("07:30:00", errorMessage=None, resources=[{"ARN": KEY_ARN}])
    finding = audit(*edits, silent)
    assert finding.denials[0].verdict == "delegated_to_iam"
    assert (finding.cause.id, finding.cause.evidence) == ("no_statement", "derived")


# A large log: the edit is sought for the first 20 denials of a finding, and for 200 findings.
@pytest.mark.parametrize(("before", "is_found"), [(19, True), (20, False)])
def test_the_edit_is_sought_for_the_first_20_denials(before, is_found):
    early = [denied("07:30:00", eventID=f"early {number}") for number in range(before)]
    (judgement,) = audit(*EDITS[:2], *early, denied("08:30:00")).judgements
    assert (judgement.change is not None) is is_found


def test_the_edit_is_sought_for_the_first_200_findings():
    names = [f"caller-{number:03}" for number in range(201)]
    records = [
        denied("08:30:00", eventID=name, userIdentity={
            "type": "IAMUser", "userName": name, "accountId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}"})
        for name in names
    ]  # fmt: skip
    everyone = document(USE | {"Principal": {"AWS": "*"}})
    edits = (edit("07:00:00", everyone), edit("08:00:00", WITHOUT))
    report = ebs_kms_audit.audit(records=log(*edits, *records))
    changes = [finding.judgements[0].change for finding in report.findings]
    assert (len(changes), changes.count(None)) == (201, 1)
