"""A pasted message is a source like any other: a denial of its own, or the reason of one."""

import ebs_kms_audit
from tests import rows
from tests.identify.test_error_message import SESSION, message
from tests.records import ACCOUNT, KEY_ARN, audit, record

ALICE = f"arn:aws:iam::{ACCOUNT}:user/ops/alice"
NO_KEY_POLICY = " because no resource-based policy allows the kms:Decrypt action"


def test_a_message_alone_is_a_denial():
    report = ebs_kms_audit.audit(messages=message(ALICE, "kms:Decrypt", reason=NO_KEY_POLICY))
    (finding,) = report.findings
    (denial,) = finding.denials
    assert (finding.principal.arn, finding.principal.evidence) == (ALICE, "given")
    assert (finding.key.arn, finding.key.evidence) == (KEY_ARN, "given")
    assert (finding.account, finding.region, finding.first_seen) == (ACCOUNT, "us-east-1", None)
    assert (denial.event.name, denial.iam_actions) == ("Decrypt", ("kms:Decrypt",))
    assert (denial.via_known, denial.called_directly) == (False, False)
    assert report.coverage.rows_read == 0
    assert report.coverage.denials == 1


def test_a_message_is_judged_by_a_key_policy():
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    allow = {"Effect": "Allow", "Principal": root, "Action": "kms:PutKeyPolicy", "Resource": "*"}
    report = ebs_kms_audit.audit(
        messages=message(ALICE, "kms:Decrypt", reason=NO_KEY_POLICY),
        key_policies={KEY_ARN: {"Version": "2012-10-17", "Statement": [allow]}},
    )
    assert report.findings[0].verdict == "missing_allow"


def test_every_message_of_every_text_is_read():
    texts = [
        message(ALICE, "kms:Decrypt") + "\n" + message(ALICE, "kms:CreateGrant"),
        message(SESSION, "kms:ReEncryptTo"),
    ]
    report = ebs_kms_audit.audit(messages=texts)
    found = {
        (denial.event.file, denial.event.line, denial.event.name, denial.iam_actions)
        for finding in report.findings
        for denial in finding.denials
    }
    assert found == {
        ("message 1", 1, "Decrypt", ("kms:Decrypt",)),
        ("message 1", 2, "CreateGrant", ("kms:CreateGrant",)),
        # Only the action on the destination key was denied.
        ("message 2", 1, "ReEncrypt", ("kms:ReEncryptTo",)),
    }


def test_a_message_that_explains_a_row_is_not_counted_again():
    export = rows.export(rows.row(user_name="alice", aws_access_key=rows.SESSION))
    text = message(ALICE)
    report = ebs_kms_audit.audit(export, messages=[text, text])
    (finding,) = report.findings
    assert finding.count == 1
    assert finding.denials[0].message.principal == ALICE


def test_a_message_for_another_key_than_the_record_s_is_a_denial_of_its_own():
    other = KEY_ARN[:-1] + ("0" if KEY_ARN[-1] != "0" else "1")
    same = audit(record(), messages=message())
    assert same.coverage.denials == 1
    assert audit(record(), messages=message(key=other)).coverage.denials == 2


def test_a_message_without_an_action_gives_a_denial_that_needs_no_statement():
    report = ebs_kms_audit.audit(messages="The request was denied due to a VPC endpoint policy")
    (denial,) = report.findings[0].denials
    assert (denial.event.name, denial.iam_actions) == ("(not named)", ())
    assert denial.message.policy_type == "VPC endpoint policy"
    assert denial.principal.arn is None


def test_a_part_that_is_cut_off_is_reported_and_not_used():
    text = message(ALICE, "kms:Decrypt", key=KEY_ARN[:-4] + "...")
    report = ebs_kms_audit.audit(messages=text)
    assert not report.findings[0].key.known
    (caveat,) = (one for one in report.caveats if one.id == "message_truncated")
    assert caveat.text == (
        "Cut off or masked: 1 message. The action, ARN or policy that is not whole is not used. "
        "Give the whole text."
    )


def test_a_vpc_endpoint_denial_in_a_record_names_the_policy():
    # CloudTrail User Guide, "Network activity events": errorCode and errorMessage.
    denied = record(
        errorCode="VpceAccessDenied",
        errorMessage="The request was denied due to a VPC endpoint policy",
        eventType="AwsVpceEvent",
    )
    without_text = record(errorCode="VpceAccessDenied", errorMessage=None, eventID="e-2")
    for one in (denied, without_text):
        (finding,) = audit(one).findings
        assert finding.denials[0].message.policy_type == "VPC endpoint policy"


def test_the_redacted_report_shows_nothing_of_a_message():
    text = ebs_kms_audit.audit(messages=message(ALICE, "kms:Decrypt"), redact=True).to_json()
    for name in (ACCOUNT, "alice", KEY_ARN.rpartition("/")[2]):
        assert name not in text
