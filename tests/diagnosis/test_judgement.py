"""`key_policies=`: in what forms a policy may come, whose it is, and what the report says of it."""

import json

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError, UsageError
from ebs_kms_audit.cli.main import main
from ebs_kms_audit.policy import KeyPolicy
from tests import rows
from tests.make_samples import SAMPLES
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, audit, record

OTHER_KEY = KEY_ARN.replace("1234abcd", "5678abcd")


def policy(*more):
    root = {"Sid": "root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*", "Resource": "*"}  # fmt: skip
    return {"Version": "2012-10-17", "Statement": [root, *more]}


NAMES_THE_ROLE = {"Sid": "role", "Effect": "Allow", "Principal": {"AWS": ROLE},
                  "Action": "kms:CreateGrant", "Resource": "*"}  # fmt: skip
DENIES = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant",
          "Resource": "*"}  # fmt: skip
ADMINISTRATORS = {"Sid": "admins", "Effect": "Allow", "Resource": "*",
                  "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admins"},
                  "Action": ["kms:Create*", "kms:Put*"]}  # fmt: skip
ONLY_ADMINISTRATORS = {"Version": "2012-10-17", "Statement": [ADMINISTRATORS]}


def finding_of(key_policies, *records, **options):
    (finding,) = audit(*(records or [record()]), key_policies=key_policies, **options).findings
    return finding


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (policy(), "delegated_to_iam"),
        (ONLY_ADMINISTRATORS, "missing_allow"),
        (policy(DENIES), "explicit_deny"),
        (policy(NAMES_THE_ROLE), "allowed_now"),
        (policy(NAMES_THE_ROLE | {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "false"}}}),
         "condition_unmet"),
        (policy(DENIES | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}),
         "undecided"),
    ],
)  # fmt: skip
def test_why_the_policy_did_not_allow_it(document, verdict):
    finding = finding_of(document)
    assert finding.verdict == verdict
    assert {denial.verdict for denial in finding.denials} == {verdict}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("policy.json", json.dumps(policy())),
        ("policy.json", "\ufeff" + json.dumps(policy(), indent=4)),
        ("envelope.json", json.dumps({"Policy": json.dumps(policy()), "PolicyName": "default"})),
        ("text.json", json.dumps(policy()) + "\tdefault\n"),
        (f"{KEY_ID}.json", json.dumps(policy())),
    ],
)
def test_the_forms_of_a_file(tmp_path, name, given):
    path = tmp_path / name
    path.write_text(given, encoding="utf-8")
    for key_policies in (path, str(path), [path], {KEY_ARN: path}, {KEY_ARN: str(path)}, tmp_path):
        assert finding_of(key_policies).verdict == "delegated_to_iam"


def test_documents_and_parsed_policies_are_taken_too():
    for given in (policy(), KeyPolicy.from_dict(policy()), {KEY_ARN: policy()},
                  {"Policy": json.dumps(policy())}, [policy()]):  # fmt: skip
        assert finding_of(given).verdict == "delegated_to_iam"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "this is not valid JSON"),
        ("Dear all", "this is not valid JSON"),
        ("{", "this is not valid JSON"),
        ("[1]", "This is not a policy"),
        ('{"a": 1}', "it has no Statement"),
        ('{"Statement": 7}', "a statement or a list of statements is expected here"),
        (json.dumps(policy()) + json.dumps(policy()), "other text after the policy"),
    ],
)
def test_what_is_no_policy_is_rejected_by_name(tmp_path, content, words):
    path = tmp_path / "policy.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        finding_of(path)
    assert str(path) in str(error.value)


def test_missing_files_and_wrong_keys_are_rejected(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        finding_of(tmp_path / "policy.json")
    with pytest.raises(InputError, match=r"holds no \.json file"):
        finding_of(tmp_path)
    with pytest.raises(UsageError, match="not a key ARN"):
        finding_of({"alias/ebs": policy()})


def test_a_policy_bound_to_another_key_is_not_this_ones():
    finding = finding_of({OTHER_KEY: policy()})
    assert (finding.verdict, finding.judgements) == ("not_judged", ())


def test_each_key_is_judged_by_its_own_policy():
    other = record(eventID="event-1", errorMessage="absent", resources=[{"ARN": OTHER_KEY}])
    report = audit(record(), other, key_policies={KEY_ARN: policy(), OTHER_KEY: policy(DENIES)})
    verdicts = {finding.key.arn: finding.verdict for finding in report.findings}
    assert verdicts == {KEY_ARN: "delegated_to_iam", OTHER_KEY: "explicit_deny"}


def test_one_policy_and_two_keys_is_not_surely_either_ones():
    other = record(eventID="event-1", errorMessage="absent", resources=[{"ARN": OTHER_KEY}])
    report = audit(record(), other, key_policies=policy())
    for finding in report.findings:
        assert finding.judgements[0].binding == "if_this_key"
    assert [(step.kind, step.disposition) for step in report.plan] == [
        ("key_policy", "review"), ("key_policy", "review"),
        ("iam_policy", "review"), ("iam_policy", "review"),
    ]  # fmt: skip
    assert [step.document for step in report.plan[:2]] == [None, None]


def test_an_unknown_key_is_judged_as_if_it_were_this_one():
    report = rows.audit(
        rows.row(user_name="deploy-7f3a", aws_access_key=""),
        key_policies=policy(), principals={"deploy-7f3a": ROLE},
    )  # fmt: skip
    (finding,) = report.findings
    assert finding.verdict == "delegated_to_iam"
    assert finding.judgements[0].binding == "if_this_key"
    step = report.plan[0]
    assert step.disposition == "review"
    assert step.reasons == (
        "The input does not name the key.",
        "It is not known that key policy is the policy of this key. Give it as "
        "--key-policy KEY_ARN=FILE.",
    )


def test_of_several_policies_the_report_says_which_would_have_denied():
    finding = finding_of([policy(), policy(NAMES_THE_ROLE)])
    assert finding.verdict == "undecided"
    assert [judgement.would_deny for judgement in finding.judgements] == [True, False]


def test_the_incident_is_safe_to_fix_with_its_json_and_the_policy_beside_it():
    report = ebs_kms_audit.audit(
        SAMPLES / "event_history.csv",
        records=SAMPLES / "event_history.json",
        key_policies=SAMPLES / "key_policy.json",
    )
    step = report.plan[0]
    assert (step.kind, step.disposition) == ("key_policy", "safe")
    cured = {f.principal.user_name for f in report.findings if f.id in step.findings}
    assert cured == {"alice", "deploy-7f3a", "AutoScaling"}
    statements = step.document["Statement"]
    users = [s for s in statements if s["Sid"].startswith("Allow use of the key")]
    assert len(users) == 1
    assert len(users[0]["Principal"]["AWS"]) == 3


def test_the_command_line_takes_policies_by_file_and_by_key(tmp_path, capsys):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy()), encoding="utf-8")
    # Events of the sample name another key, too: a file alone is not surely this key's policy.
    for given, disposition in ((str(path), "review"), (f"{KEY_ARN}={path}", "safe")):
        arguments = ["--records", str(SAMPLES / "event_history.json"), "--key-policy", given]
        assert main([*arguments, "--format", "json"]) == 1
        document = json.loads(capsys.readouterr().out)
        finding = next(f for f in document["findings"] if f["principal"]["arn"] == ROLE)
        assert finding["verdict"] == "delegated_to_iam"
        step = next(s for s in document["plan"] if s["id"] == finding["steps"][0])
        assert step["disposition"] == disposition
        assert step["document"]["Statement"][0]["Sid"] == "root"
        # The sample's log holds the policy that was in force when the call was denied.
        assert finding["judgements"][0]["decisions"][0]["decided_by"] == [
            {"layer": "key_policy", "index": 0, "sid": "Enable IAM User Permissions"}
        ]


def test_a_redacted_report_leaves_the_policy_out():
    secret = {"Sid": "for team falcon", "Effect": "Allow", "Resource": "*",
              "Principal": {"AWS": "arn:aws:iam::444455556666:role/falcon"},
              "Action": "kms:Decrypt"}  # fmt: skip
    report = audit(record(), key_policies={KEY_ARN: policy(secret)}, redact=True)
    assert report.findings[0].verdict == "delegated_to_iam"
    for text in (report.to_json(), str(report)):
        assert "falcon" not in text
        assert "444455556666" not in text
        assert ACCOUNT not in text
