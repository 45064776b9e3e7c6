"""What keeps a step from being `safe` (issue 13, "Safe"): each case was once called safe."""

import json

import pytest

from tests.records import ACCOUNT, KEY_ARN, ROLE, audit, record, session

OTHER = "444455556666"
ADMINS = {"Sid": "admins", "Effect": "Allow",
          "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/admins"},
          "Action": ["kms:Create*", "kms:Put*", "kms:Get*"], "Resource": "*"}  # fmt: skip
MESSAGE = (
    f"User: x is not authorized to perform: kms:CreateGrant on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:CreateGrant action"
)
REPLICA = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"


def policy(*more):
    return {"Version": "2012-10-17", "Statement": [ADMINS, *more]}


def step(*records, given=None, **options):
    given = {KEY_ARN: policy()} if given is None else given
    plan = audit(*(records or [denied()]), key_policies=given, **options).plan
    return next(one for one in plan if one.kind == "key_policy")


def denied(**fields):
    return record(**({"errorMessage": MESSAGE} | fields))


def test_everything_known_is_safe():
    assert (step().disposition, step().reasons) == ("safe", ())
    assert step(given=policy()).disposition == "safe"  # the only policy, and only one key


def deny(**fields):
    return {"Sid": "fence", "Effect": "Deny", "Principal": {"AWS": ROLE}, "Resource": "*",
            "Action": "kms:Decrypt"} | fields  # fmt: skip


def limited(condition):
    return {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:Decrypt"], "Resource": "*", "Condition": condition}  # fmt: skip


ALIAS = f"{KEY_ARN.rpartition(':')[0]}:alias/x"
DELETED = "AROA2NCBAL3RPBAGXM7CZ"
ANOTHER = KEY_ARN.replace("1234abcd", "5678abcd")
OTHER_KEY = {"eventID": "e2", "errorMessage": "absent"}
FOREIGN = {"userIdentity": session(ROLE.replace(ACCOUNT, OTHER))}
UNBOUND = (
    "It is not known that {name} is the policy of this key. Give it as --key-policy KEY_ARN=FILE."
)
IAM_POLICY_TOO = "It also needs an IAM policy in account 444455556666, which was not given."
REJECTED = "KMS may reject the document ($.Statement[1]."
CASES = {
    "bare id of a multi-Region key": (
        [denied(errorMessage=MESSAGE.replace(KEY_ARN, REPLICA))], "mrk-file", [UNBOUND],
    ),
    "another key known by its alias only": (
        [denied(), denied(resources=[{"ARN": ALIAS}], **OTHER_KEY)], policy(),
        ["The full ARN of the key is unknown.", UNBOUND],
    ),
    "another key is unknown": ([denied(), denied(**OTHER_KEY)], policy(), [UNBOUND]),
    "another key in a call that succeeded": (
        [denied(), record(eventID="e2", eventName="Decrypt", errorCode="absent",
                          errorMessage="absent", resources=[{"ARN": ANOTHER}])],
        policy(), [UNBOUND],
    ),
    "another key in a call that failed": (
        [denied(), record(eventID="e2", eventName="Decrypt", errorCode="DisabledException",
                          errorMessage=f"{ANOTHER} is disabled.")],
        policy(), [UNBOUND],
    ),
    # AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key": both halves.
    "the half of another account": (
        [denied(recipientAccountId=OTHER, **FOREIGN)], None,
        [f"kms:CreateGrant by deploy-7f3a was denied. {IAM_POLICY_TOO}",
         f"kms:Decrypt by deploy-7f3a is needed next. {IAM_POLICY_TOO}",
         f"kms:GenerateDataKeyWithoutPlaintext by deploy-7f3a is needed next. {IAM_POLICY_TOO}"],
    ),
    "only the ARN shows the other account": (
        [denied(recipientAccountId="absent", **FOREIGN)], None,
        [f"kms:CreateGrant by deploy-7f3a was denied. {IAM_POLICY_TOO}",
         f"kms:Decrypt by deploy-7f3a is needed next. {IAM_POLICY_TOO}",
         f"kms:GenerateDataKeyWithoutPlaintext by deploy-7f3a is needed next. {IAM_POLICY_TOO}"],
    ),
    "a Deny on an action that is needed next": (
        None, {KEY_ARN: policy(deny())},
        ['kms:Decrypt by deploy-7f3a is needed next, and key_policy statement "fence" denies it.'],
    ),
    "two Denies, one of them without a Sid": (
        None, {KEY_ARN: policy(deny(Sid=""), deny())},
        ["kms:Decrypt by deploy-7f3a is needed next, and key_policy statement 1, key_policy "
         'statement "fence" denies it.'],
    ),
    # EBS User Guide, "Requirements for Amazon EBS encryption": a user needs kms:DescribeKey, too.
    "a Deny on an action of the new statement": (
        None, {KEY_ARN: policy(deny(Action="kms:DescribeKey"))},
        ["A Deny takes kms:DescribeKey from deploy-7f3a, which the new statement allows."],
    ),
    "a Deny with an unknown condition": (
        None,
        {KEY_ARN: policy(deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))},
        ["kms:Decrypt by deploy-7f3a is needed next. The result depends on "
         "aws:MultiFactorAuthPresent, which is not known."],
    ),
    "a condition of the owner": (
        None,
        {KEY_ARN: policy(limited({"StringEquals": {"aws:PrincipalTag/team": "storage"}}))},
        ['The statement "use" allows the same actions only under a condition on '
         "aws:PrincipalTag/team. The new statement does not have it."],
    ),
    "an unknown operator": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Condition={"StringIs": {"aws:x": "y"}}))},
        [f"{REJECTED}Condition.StringIs['aws:x']): StringIs is not a condition operator."],
    ),
    "an unreadable date": (
        None,
        {KEY_ARN: policy(deny(Action="kms:Sign",
                              Condition={"DateLessThan": {"aws:CurrentTime": "soon"}}))},
        [f"{REJECTED}Condition.DateLessThan['aws:CurrentTime']): 'soon' is not a date "
         "(2026-05-18T07:00:00Z), which DateLessThan requires."],
    ),
    "an action without a service": (
        None, {KEY_ARN: policy(deny(Action=["kms:Sign", "Verify"]))},
        [f"{REJECTED}Action[1]): 'Verify' has no service prefix: write kms:Verify."],
    ),
    "an invalid principal type": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Principal={"Person": ROLE}))},
        [f"{REJECTED}Principal.Person): {ROLE}: the types are AWS, Service, Federated and "
         "CanonicalUser."],
    ),
    # IAM User Guide, "Troubleshoot access denied error messages": which policy type it was.
    "a message that the policy contradicts": (
        [denied(errorMessage=MESSAGE.replace("resource-based", "identity-based"))], None,
        ["The message says that an IAM policy is missing, but the key policy that was given does "
         "not leave kms:CreateGrant to IAM policies: very likely the policy was changed since, or "
         "is another key's.",
         "The key policy that was given names neither the caller nor the caller's account. This "
         "speaks against the cause.",
         "The message says that no IAM policy allows kms:CreateGrant, but the given policy does "
         "not leave it to IAM policies."],
    ),
    # AWS KMS Developer Guide, "Key policies in AWS KMS": at most 32 KB, here 120 statements.
    "too large with two spaces a level": (
        None,
        {KEY_ARN: policy(*[deny(Sid=f"{n:0100}", Action="kms:Sign") for n in range(120)])},
        ["The document has 36,105 bytes. A key policy may have 32,768."],
    ),
    "a placeholder of a deleted principal": (
        None, {KEY_ARN: policy(deny(Action="kms:Sign", Principal={"AWS": DELETED}))},
        [f"{REJECTED}Principal.AWS): {DELETED}: the user or role with this unique id was deleted."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_makes_it_review(name, tmp_path):
    records, given, reasons = CASES[name]
    file = "key policy"
    if given == "mrk-file":
        path = tmp_path / f"{REPLICA.rpartition('/')[2]}.json"
        path.write_text(json.dumps(policy()), encoding="utf-8")
        file = given = str(path)
    found = step(*(records or []), given=given)
    assert found.disposition == "review"
    assert list(found.reasons) == [reason.replace("{name}", file) for reason in reasons]


@pytest.mark.parametrize(("longer", "disposition"), [(0, "safe"), (1, "review")])
def test_the_largest_document_that_kms_takes(longer, disposition):
    """Source: AWS KMS Developer Guide, "Key policies in AWS KMS": at most 32,768 bytes."""
    made = step().document | {"Id": ""}
    fill = 32_768 - len(json.dumps(made, indent=2) + "\n")
    found = step(given={KEY_ARN: policy() | {"Id": "x" * (fill + longer)}})
    assert found.disposition == disposition
    assert found.reasons == (
        ("The document has 32,769 bytes. A key policy may have 32,768.",) if longer else ()
    )


def test_repeated_members_of_the_json_text(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(
        json.dumps(policy()).replace('"Sid": "admins"', '"Sid": "x", "Sid": "admins"'), "utf-8"
    )
    found = step(given={KEY_ARN: str(path)})
    assert found.reasons == (
        "KMS may reject the document ($): The member 'Sid' is in one object more than once.",
    )


@pytest.mark.parametrize("name", ["x;touch y", "a b", "x$(id)", "n" * 65])
def test_a_name_that_iam_does_not_give_out(name):
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    plan = audit(denied(userIdentity=session(role)), key_policies={KEY_ARN: policy()}).plan
    assert all(one.disposition == "review" for one in plan)


def test_a_path_of_any_characters_is_quoted_and_not_rejected():
    role = f"arn:aws:iam::{ACCOUNT}:role/!$(x)/deploy"
    found = step(denied(userIdentity=session(role)))
    assert found.disposition == "safe"
    assert role in found.document["Statement"][1]["Principal"]["AWS"]


def test_a_record_that_holds_the_same_policy_binds_it_to_the_key():
    """Source: AWS KMS Developer Guide, "PutKeyPolicy": the record holds the whole policy."""
    put = record(
        eventID="e1", eventName="PutKeyPolicy", eventTime="2026-05-18T06:00:00Z",
        errorCode="absent", errorMessage="absent", resources=[{"ARN": KEY_ARN}],
        requestParameters={
            "keyId": KEY_ARN, "policyName": "default", "policy": json.dumps(policy()),
        },
    )  # fmt: skip
    other = record(eventID="e2", eventName="Decrypt", errorCode="absent", errorMessage="absent",
                   resources=[{"ARN": ANOTHER}])  # fmt: skip
    assert step(denied(), put, other, given=policy()).disposition == "safe"
    assert step(denied(), other, given=policy()).disposition == "review"
