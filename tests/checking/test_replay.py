"""replay(): what a planned key policy does to past calls, on made histories."""

import json

import pytest

from ebs_kms_audit import InputError, Outcome, UsageError, replay
from ebs_kms_audit.cli.main import main
from tests.checking.documents import (
    ACCOUNT,
    ALICE,
    APP,
    DELEGATES,
    FOR_SERVICE,
    KEY,
    OTHER,
    ROOT,
    allow,
    grants,
    policy,
    usage,
    write,
)

OTHER_KEY = KEY.replace("1234abcd", "9999abcd")
EC2 = "ec2-frontend-api.amazonaws.com"
FOREIGN = f"arn:aws:iam::{OTHER}:role/app"


def record(name="Decrypt", *, who=APP, denied=False, source=EC2, key=KEY, number=1, **more):
    """Return a CloudTrail record of a KMS call."""
    account, name_of = who.split(":")[4], who.rpartition("/")[2]
    if ":user/" in who:
        identity = {"type": "IAMUser", "arn": who, "accountId": account, "userName": name_of}
    else:
        role = who if ":role/" in who else f"arn:aws:iam::{account}:role/{who.split('/')[1]}"
        session = name_of if "assumed-role" in who else "session"
        identity = {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session}",
            "accountId": account,
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": role, "accountId": account,
                "userName": role.rpartition("/")[2]}},
        }  # fmt: skip
    one = {
        "eventVersion": "1.09", "userIdentity": identity, "eventTime": "2026-05-18T07:00:01Z",
        "eventSource": "kms.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": source, "userAgent": source, "requestParameters": None,
        "eventID": f"{number:08}-0000-4000-8000-000000000000", "eventType": "AwsApiCall",
        "recipientAccountId": account, "eventCategory": "Management",
        "resources": [{"ARN": key, "accountId": ACCOUNT, "type": "AWS::KMS::Key"}] if key else [],
    }  # fmt: skip
    if denied:
        one |= {"errorCode": "AccessDenied", "errorMessage": (
            f"User: {identity['arn']} is not authorized to perform: kms:{name} on resource: {key} "
            f"because {denied}")}  # fmt: skip
    return one | more


NO_RESOURCE = "no resource-based policy allows the kms:Decrypt action"
NO_IDENTITY = "no identity-based policy allows the kms:Decrypt action"


def log(tmp_path, *records):
    return write(tmp_path, "log.json", {"Records": list(records)})


def replayed(tmp_path, records, planned, **more):
    return replay(planned, None, records=log(tmp_path, *records), key=KEY, **more)


def statuses(tmp_path, records, planned, **more):
    found = replayed(tmp_path, records, planned, **more)
    return [(call.action, str(call.status)) for call in found.calls]


# KMS Developer Guide, "Key policies in AWS KMS" and "Default key policy".
NAMES_APP, NAMES_ALICE = policy(usage(APP), grants(APP)), policy(usage(ALICE), grants(ALICE))
LEAVES_TO_IAM = policy(DELEGATES)
CASES = {
    "a success that the policy allows": (record(), NAMES_APP, None, "still_allowed"),
    "a success that the policy does not allow": (record(), NAMES_ALICE, None, "broken"),
    "a success that a Deny covers": (
        record(), policy(usage(APP), allow(APP, "kms:Decrypt", Effect="Deny")), None, "broken"),
    "a success through EC2 in the Region of the condition": (
        record(), policy(usage(APP, Condition={"StringEquals": {
            "kms:ViaService": "ec2.us-east-1.amazonaws.com"}})), None, "still_allowed"),
    "a success through EC2 in another Region than the condition": (
        record(), policy(usage(APP, Condition={"StringEquals": {
            "kms:ViaService": "ec2.eu-west-1.amazonaws.com"}})), None, "broken"),
    "a direct success under a condition for EC2": (
        record(source="192.0.2.7"), policy(usage(APP, Condition={"StringEquals": {
            "kms:ViaService": "ec2.us-east-1.amazonaws.com"}})), None, "broken"),
    "a success under a condition that the log does not show": (
        record(), policy(usage(APP, Condition={"StringEquals": {
            "aws:PrincipalOrgID": "o-1234567890"}})), None, "undecided"),
    "a grant that EC2 makes": (record("CreateGrant"), NAMES_APP, None, "still_allowed"),
    "a grant that the caller makes itself": (
        record("CreateGrant", source="192.0.2.7"), NAMES_APP, None, "broken"),
    "a denial that the policy cures": (record(denied=NO_RESOURCE), NAMES_APP, None, "cured"),
    "a denial that the policy does not cure": (
        record(denied=NO_RESOURCE), NAMES_ALICE, None, "still_denied"),
    "a denial by a missing IAM policy, and delegation": (
        record(denied=NO_IDENTITY), LEAVES_TO_IAM, None, "still_denied"),
    "a denial by the key policy, and delegation": (
        record(denied=NO_RESOURCE), LEAVES_TO_IAM, None, "undecided"),
    "a denial under delegation in force": (
        record(denied="the policy is not named"), LEAVES_TO_IAM, LEAVES_TO_IAM, "still_denied"),
    "a denial without delegation in force, and delegation": (
        record(denied=NO_RESOURCE), LEAVES_TO_IAM, NAMES_ALICE, "undecided"),
    # A success under delegation proves that an IAM policy allows the action.
    "a success under delegation, and delegation": (
        record(), LEAVES_TO_IAM, LEAVES_TO_IAM, "still_allowed"),
    "a success by name, and delegation": (record(), LEAVES_TO_IAM, NAMES_APP, "undecided"),
    "a success, delegation, and the policy in force is not known": (
        record(), LEAVES_TO_IAM, None, "undecided"),
    "a success under delegation, and no delegation": (
        record(), NAMES_ALICE, LEAVES_TO_IAM, "broken"),
    "a success from another account, with its account named": (
        record(who=FOREIGN), policy(usage(f"arn:aws:iam::{OTHER}:root")), None, "still_allowed"),
    "a success from another account that is not named": (
        record(who=FOREIGN), LEAVES_TO_IAM, None, "broken"),
    # KMS Developer Guide, "Grants in AWS KMS": a grant allows beside the key policy.
    "a success of the instance's own role": (
        record(who=f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
               source="AWS Internal"), NAMES_ALICE, None, "still_allowed"),
    "a success of the instance's own role, and a Deny for everyone": (
        record(who=f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
               source="AWS Internal"),
        policy(usage(ALICE), {"Effect": "Deny", "Principal": "*", "Action": "kms:*",
                              "Resource": "*"}), None, "broken"),
    "a success that the policy in force did not allow": (
        record(), NAMES_ALICE, NAMES_ALICE, "still_allowed"),
    "administration that the policy does not allow": (
        record("DescribeKey", who=ALICE), NAMES_APP, None, "broken"),
}  # fmt: skip


@pytest.mark.parametrize(("past", "planned", "in_force", "status"), CASES.values(), ids=CASES)
def test_a_past_call_on_a_planned_policy(tmp_path, past, planned, in_force, status):
    action = f"kms:{past['eventName']}"
    assert statuses(tmp_path, [past], planned, in_force=in_force) == [(action, status)]


# The sentence names what decides.
REASONS = {
    "allowed": (record(), NAMES_APP, "The planned policy allows it."),
    "missing": (record(), NAMES_ALICE, "No statement of the planned policy allows it."),
    "denied": (record(), policy(usage(APP), allow(APP, "kms:Decrypt", Effect="Deny")),
               "Statement 2 of the planned policy denies it."),
    "condition": (
        record(), policy(usage(APP, Condition=FOR_SERVICE)),
        'Statement 1 ("Allow use of the key") of the planned policy names the caller, but its '
        "condition is not met."),
    "unknown": (
        record(), policy(usage(APP, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        "It depends on aws:PrincipalOrgID, which the log does not show."),
}  # fmt: skip


@pytest.mark.parametrize(("past", "planned", "why"), REASONS.values(), ids=REASONS)
def test_the_sentence_names_what_decides(tmp_path, past, planned, why):
    assert [call.why for call in replayed(tmp_path, [past], planned).calls] == [why]


def test_a_success_with_a_recorded_grant_is_never_broken(tmp_path):
    grant = record("CreateGrant", who=ALICE, number=2, requestParameters={
        "keyId": KEY, "granteePrincipal": APP, "operations": ["Decrypt"]},
        responseElements={"grantId": "a" * 64})  # fmt: skip
    calls = [grant, record(), record("Encrypt", number=3)]
    found = replayed(tmp_path, calls, policy(allow(ALICE, "kms:*")))
    assert {call.action: str(call.status) for call in found.calls} == {
        "kms:CreateGrant": "still_allowed",
        "kms:Decrypt": "still_allowed",
        "kms:Encrypt": "broken",
    }


def test_the_policy_in_force_is_the_last_one_in_the_log(tmp_path):
    def put(document, number, time):
        return record("PutKeyPolicy", who=ALICE, number=number, eventTime=time, requestParameters={
            "keyId": KEY, "policyName": "default", "policy": json.dumps(document)})  # fmt: skip

    calls = [
        put(LEAVES_TO_IAM, 3, "2026-05-18T06:30:00Z"),
        put(NAMES_ALICE, 2, "2026-05-18T06:00:00Z"),
        record(number=4),
    ]
    planned = policy(DELEGATES, usage(ALICE))
    found = replayed(tmp_path, calls, planned)
    assert found.in_force == "PutKeyPolicy 00000003-0000-4000-8000-000000000000"
    assert {call.action: str(call.status) for call in found.calls} == {
        "kms:Decrypt": "still_allowed",
        "kms:PutKeyPolicy": "still_allowed",
    }
    assert {(one.principal, one.action) for one in found.allowed} == {
        (ALICE, f"kms:{name}")
        for name in (
            "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom", "ReEncryptTo",
        )
    }  # fmt: skip


def test_what_is_newly_allowed_needs_the_policy_in_force(tmp_path):
    planned = policy(usage(APP), grants(APP))
    assert replayed(tmp_path, [record()], planned).allowed == ()
    found = replayed(tmp_path, [record()], planned, in_force=policy(usage(APP)))
    assert [(one.principal, one.action, one.condition) for one in found.allowed] == [
        (APP, "kms:CreateGrant", "called by an AWS service"),
        (APP, "kms:ListGrants", "called by an AWS service"),
        (APP, "kms:RevokeGrant", "called by an AWS service"),
    ]


def test_calls_that_cannot_be_judged_are_counted(tmp_path):
    calls = [
        record(number=1, key=None),
        record(number=2, key=OTHER_KEY),
        record(number=3, errorCode="DisabledException", errorMessage="disabled"),
        record(number=4, denied=NO_RESOURCE, source="config.amazonaws.com"),
        record("ListKeys", number=5, key=None),
        record(number=6),
        record(number=7, userIdentity={"type": "AWSService", "invokedBy": "x.amazonaws.com"}),
    ]
    found = replayed(tmp_path, calls, NAMES_APP)
    assert [call.count for call in found.calls] == [1]
    assert found.not_judged == {
        "key unknown": 1,
        "another key": 1,
        "failed for another reason than a missing permission": 1,
        "harmless probe of an AWS service": 1,
        "caller unknown": 1,
    }


def test_alike_calls_are_one_entry_with_a_count(tmp_path):
    calls = [record(number=n, eventTime=f"2026-05-18T07:00:{n:02}Z") for n in range(1, 8)]
    [call] = replayed(tmp_path, calls, NAMES_APP).calls
    assert (call.count, len(call.event_ids)) == (7, 5)
    assert (call.first_seen.second, call.last_seen.second) == (1, 7)


def test_an_event_in_two_files_counts_once(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        log(folder, record())
    found = replay(NAMES_APP, None, records=[first / "log.json", second / "log.json"], key=KEY)
    assert [call.count for call in found.calls] == [1]


def test_a_reencryption_is_two_actions_and_the_worse_one_decides(tmp_path):
    planned = policy(allow(APP, "kms:ReEncryptFrom"))
    assert statuses(tmp_path, [record("ReEncrypt")], planned) == [("kms:ReEncryptTo", "broken")]


def test_the_key_follows_from_the_log_if_it_names_one(tmp_path):
    path = log(tmp_path, record())
    assert replay(NAMES_APP, None, records=path).key == KEY.rpartition("/")[2]
    two = log(tmp_path, record(), record(key=OTHER_KEY, number=2))
    with pytest.raises(UsageError) as raised:
        replay(NAMES_APP, None, records=two)
    ids = ", ".join(key.rpartition("/")[2] for key in (KEY, OTHER_KEY))
    assert str(raised.value) == (
        f"--key-policy: the log names 2 keys ({ids}): give the key as KEY_ARN=FILE"
    )
    with pytest.raises(InputError):
        replay(NAMES_APP, None, records=tmp_path / "missing.json")


ENDS = {
    "allowed": ([record()], NAMES_APP, 0),
    "cured": ([record(denied=NO_RESOURCE)], NAMES_APP, 0),
    "broken": ([record()], NAMES_ALICE, 1),
    "still denied": ([record(denied=NO_RESOURCE)], NAMES_ALICE, 1),
    "undecided": ([record()], LEAVES_TO_IAM, 3),
}


@pytest.mark.parametrize(("records", "planned", "status"), ENDS.values(), ids=ENDS)
def test_the_command_prints_the_calls_and_its_exit_status_says_the_outcome(
    tmp_path, capsys, records, planned, status
):
    path, key_policy = log(tmp_path, *records), write(tmp_path, "planned.json", planned)
    words = ["check", "--key-policy", f"{KEY}={key_policy}", "--records", path, "--against", path]
    assert main(words) == status
    captured = capsys.readouterr()
    assert f"{APP}: kms:Decrypt through {EC2}, 1 call, last 2026-05-18 07:00:01" in " ".join(
        captured.out.split()
    )
    assert main([*words, "--format", "json"]) == status
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "ebs_kms_audit.replay/1"
    assert [call["count"] for call in found["calls"]] == [1]


def test_options_that_have_no_effect_are_usage_errors(tmp_path, capsys):
    path, key_policy = log(tmp_path, record()), write(tmp_path, "planned.json", NAMES_APP)
    words = ["check", "--key-policy", key_policy]
    assert main(words) == 2
    assert main([*words, "--against", path, "--principal", ROOT]) == 2
    assert main([*words, "--against", path, "--format", "sarif"]) == 2
    assert main([*words, "--key-policy", key_policy, "--against", path]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_replay_has_an_outcome():
    from ebs_kms_audit import Replay

    empty = Replay(key=KEY, in_force=None, calls=(), allowed=(), not_judged={})
    assert empty.outcome is Outcome.ALLOWED
