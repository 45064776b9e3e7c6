"""Near misses and conditions are repaired in place.

Sources: AWS KMS Developer Guide, "AWS KMS condition keys", "AWS global condition keys"; EBS User
Guide, "Requirements for Amazon EBS encryption"; EC2 Auto Scaling User Guide, "Required KMS key
policy for use with encrypted volumes".
"""

import jsonpatch
import pytest

from ebs_kms_audit.plan.repairs import repaired
from ebs_kms_audit.plan.routing import parts_of
from ebs_kms_audit.policy import KeyPolicy
from tests.records import ACCOUNT, AUTO_SCALING, KEY_ARN, ROLE, audit, record, session

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMINS = {"Sid": "admins", "Effect": "Allow", "Principal": {"AWS": ROOT},
          "Action": ["kms:Put*", "kms:Get*"], "Resource": "*"}  # fmt: skip
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
USAGE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
BLAMES_KEY_POLICY = (
    f"User: x is not authorized to perform: kms:{{0}} on resource: {KEY_ARN} because no "
    "resource-based policy allows the kms:{0} action"
)


def usage(**fields):
    return {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": USAGE,
            "Resource": "*"} | fields  # fmt: skip


def step_for(*statements, event="GenerateDataKeyWithoutPlaintext", role=ROLE, message=None):
    document = {"Version": "2012-10-17", "Statement": [ADMINS, *statements]}
    denied = record(
        eventName=event, readOnly=True, userIdentity=session(role, "s"),
        errorMessage=message or BLAMES_KEY_POLICY.format(event),
    )  # fmt: skip
    step = audit(denied, key_policies={KEY_ARN: document}).plan[0]
    assert step.kind == "key_policy"
    assert jsonpatch.apply_patch(document, list(step.patch)) == step.document
    return step


WITHOUT_PATH = f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForAutoScaling"
NARROW = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:DescribeKey"]


@pytest.mark.parametrize(
    ("statement", "role", "element", "repaired"),
    [
        (usage(Action=NARROW), ROLE, "Action", [*NARROW[:3], "kms:GenerateDataKey*", NARROW[4]]),
        (usage(Principal={"AWS": WITHOUT_PATH}), AUTO_SCALING, "Principal", {"AWS": AUTO_SCALING}),
        (usage(Principal={"Service": "autoscaling.amazonaws.com"}), AUTO_SCALING, "Principal",
         {"AWS": AUTO_SCALING}),
        (usage(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s2"}), ROLE,
         "Principal", {"AWS": ROLE}),
        (usage(Principal={"AWS": ROLE.replace("arn:aws:", "arn:aws-cn:")}), ROLE, "Principal",
         {"AWS": ROLE}),
        (usage(Resource="arn:aws:kms:us-east-1:111122223333:alias/x"), ROLE, "Resource", "*"),
    ],
)  # fmt: skip
def test_a_near_miss_is_repaired_in_place_if_nobody_else_is_named(
    statement, role, element, repaired
):
    step = step_for(statement, role=role)
    assert step.patch[0] == {"op": "replace", "path": f"/Statement/1/{element}", "value": repaired}


def test_a_near_miss_beside_another_principal_is_left_as_it_is():
    statement = usage(Principal={"AWS": [OTHER, WITHOUT_PATH]})
    step = step_for(statement, role=AUTO_SCALING)
    assert step.document["Statement"][1]["Principal"]["AWS"][:2] == [OTHER, WITHOUT_PATH]
    assert all(one["op"] == "add" for one in step.patch)


def test_another_service_linked_role_keeps_its_permission():
    suffixed = f"{AUTO_SCALING}_blue"
    step = step_for(usage(Principal={"AWS": AUTO_SCALING}), role=suffixed)
    assert step.document["Statement"][1]["Principal"]["AWS"] == [AUTO_SCALING, suffixed]


def through(service):
    return {"StringEquals": {"kms:ViaService": service}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (through("ec2.eu-west-1.amazonaws.com"),
         through(["ec2.eu-west-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"])),
        (through("ec2.<region>.amazonaws.com"), through("ec2.us-east-1.amazonaws.com")),
        ({"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "snap-0123456789abcdef0"}},
         {"StringLike": {"kms:EncryptionContext:aws:ebs:id": ["vol-*", "snap-*"]}}),
    ],
)  # fmt: skip
def test_a_condition_is_repaired_and_never_without_review(before, after):
    step = step_for(usage(Condition=before))
    assert step.document["Statement"][1]["Condition"] == after
    assert step.disposition == "review"
    (key,) = next(iter(before.values()))
    assert step.reasons[1:] == (
        "The change alters a condition of the key's owner.",
        f'The statement "use" allows the same actions only under a condition on {key}. The new '
        "statement does not have it.",
    )


def test_a_caller_who_passes_the_repaired_condition_is_not_added_without_it():
    step = step_for(usage(Condition=through("ec2.eu-west-1.amazonaws.com")))
    sids = [one["Sid"] for one in step.document["Statement"]]
    assert sids == ["admins", "use", "Allow attachment of persistent resources"]


def test_a_statement_for_one_network_is_completed_for_calls_through_aws_services():
    step = step_for(usage(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    usage_added, grants_added = step.document["Statement"][2:]
    assert usage_added["Condition"] == {"Bool": {"aws:ViaAWSService": "true"}}
    assert grants_added["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true", "aws:ViaAWSService": "true"}
    }
    assert step.disposition == "review"


def test_a_deny_by_network_exempts_the_calls_that_ec2_makes():
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*",
             "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}  # fmt: skip
    blames = (
        f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} with an "
        "explicit deny in a resource-based policy"
    )
    step = step_for(usage(), fence, event="Decrypt", message=blames)
    assert step.document["Statement"][2]["Condition"] == {
        "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        "Bool": {"aws:ViaAWSService": "false"},
        "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure/*"},
    }
    assert step.disposition == "review"
    assert step.statements == ()


def replaced(name):
    return f"The change replaces the principal {name}."


LOST = [
    f"The change takes kms:{name} from autoscaling.amazonaws.com."
    for name in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
                 "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
                 "GenerateDataKeyPairWithoutPlaintext", "DescribeKey")
]  # fmt: skip
ON_STATEMENT = "KMS may reject the document ($.Statement[1].Principal.AWS): "
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/s2"
CHINA = ROLE.replace("arn:aws:", "arn:aws-cn:")
WILDCARD = f"arn:aws:iam::{ACCOUNT}:role/ci/*"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/deploy"
DELETED = "AROA2NCBAL3RPBAGXM7CZ"


@pytest.mark.parametrize(
    ("principal", "role", "reasons"),
    [
        # It can mean the caller only: names are unique in an account, whatever path and case.
        ({"AWS": WITHOUT_PATH}, AUTO_SCALING, []),
        ({"AWS": ROLE.replace("deploy", "Deploy")}, ROLE, []),
        ({"AWS": SESSION}, ROLE, []),
        # It may mean somebody else.
        ({"Service": "autoscaling.amazonaws.com"}, AUTO_SCALING,
         [*LOST, replaced("autoscaling.amazonaws.com")]),
        ({"AWS": CHINA}, ROLE, [replaced(CHINA)]),
        ({"AWS": DELETED}, ROLE,
         [replaced(DELETED),
          f"{ON_STATEMENT}{DELETED}: the user or role with this unique id was deleted."]),
        ({"AWS": WILDCARD}, ROLE,
         [replaced(WILDCARD),
          f"{ON_STATEMENT}{WILDCARD}: the only wildcard that a principal can be is *."]),
        ({"AWS": PROFILE}, ROLE,
         [replaced(PROFILE),
          f"{ON_STATEMENT}{PROFILE}: no user, role, session or account has such an ARN."]),
    ],
)  # fmt: skip
def test_what_a_replaced_principal_means(principal, role, reasons):
    step = step_for(usage(Principal=principal), role=role)
    assert step.document["Statement"][1]["Principal"] == {"AWS": role}
    assert list(step.reasons) == reasons
    assert step.disposition == ("review" if reasons else "safe")
    assert [one["path"] for one in step.patch] == ["/Statement/1/Principal", "/Statement/-"]


@pytest.mark.parametrize(
    ("actions", "repaired"),
    [
        ("kms:GenerateDataKey", "kms:GenerateDataKey*"),
        (["kms:GenerateDataKey", "kms:Decrypt"], ["kms:GenerateDataKey*", "kms:Decrypt"]),
        (["kms:Decrypt", "kms:GenerateDataKey"], ["kms:Decrypt", "kms:GenerateDataKey*"]),
        (["GenerateDataKeyWithoutPlaintext", "kms:Decrypt"],
         ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"]),
        # A misspelt action may be meant for something else: the statement is left as it is.
        (["kms:GenerateDataKeyWithoutPlaintxt"], ["kms:GenerateDataKeyWithoutPlaintxt"]),
    ],
)  # fmt: skip
def test_actions_are_repaired_in_their_place(actions, repaired):
    step = step_for(usage(Action=actions))
    assert step.document["Statement"][1]["Action"] == repaired
    assert step.disposition == "safe"


def test_a_policy_of_one_statement_is_repaired_in_its_place():
    document = {"Version": "2012-10-17", "Statement": usage(Principal={"AWS": SESSION})}
    denied = record(eventName="Decrypt", userIdentity=session(ROLE, "s"), readOnly=True,
                    errorMessage=BLAMES_KEY_POLICY.format("Decrypt"))  # fmt: skip
    step = audit(denied, key_policies={KEY_ARN: document}).plan[0]
    assert step.patch[0] == {
        "op": "replace", "path": "/Statement/Principal", "value": {"AWS": ROLE},
    }  # fmt: skip
    assert jsonpatch.apply_patch(document, list(step.patch)) == step.document


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Several values, and one that no service has.
        ({"StringLike": {"kms:ViaService": ["ec2.eu-*.amazonaws.com", "x.<y>"]}},
         {"StringLike": {"kms:ViaService": ["ec2.eu-*.amazonaws.com",
                                            "ec2.us-east-1.amazonaws.com"]}}),
        ({"StringEquals": {"KMS:viaservice": "rds.us-east-1.amazonaws.com"}},
         {"StringEquals": {"KMS:viaservice": ["rds.us-east-1.amazonaws.com",
                                              "ec2.us-east-1.amazonaws.com"]}}),
        # Other keys of the block, and other blocks, are left as they are.
        ({"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "snap-1",
                           "kms:CallerAccount": ACCOUNT},
          "StringLike": {"aws:PrincipalArn": "*"}},
         {"StringEquals": {"kms:CallerAccount": ACCOUNT},
          "StringLike": {"aws:PrincipalArn": "*",
                         "kms:EncryptionContext:aws:ebs:id": ["vol-*", "snap-*"]}}),
        # A condition that names what it excludes is not widened.
        ({"StringNotEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}, None),
        ({"StringNotLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}, None),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, None),
    ],
)  # fmt: skip
def test_only_the_line_that_is_not_met_is_changed(before, after):
    step = step_for(usage(Condition=before))
    assert step.document["Statement"][1]["Condition"] == (after or before)
    changed = "The change alters a condition of the key's owner." in step.reasons
    assert (changed, step.disposition) == (bool(after), "review")


def test_the_service_of_another_caller_is_the_one_that_called():
    """Source: AWS KMS Developer Guide, "kms:ViaService": the service that called for the caller."""
    own = usage(Condition=through("ec2.us-east-1.amazonaws.com"))
    document = {"Version": "2012-10-17", "Statement": [ADMINS, own]}
    denied = record(eventName="Decrypt", userIdentity=session(ROLE, "s"), readOnly=True,
                    sourceIPAddress="rds.amazonaws.com", userAgent="rds.amazonaws.com",
                    errorMessage=BLAMES_KEY_POLICY.format("Decrypt"))  # fmt: skip
    step = audit(denied, key_policies={KEY_ARN: document}).plan[0]
    assert step.document["Statement"][1]["Condition"] == through(
        ["ec2.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"]
    )


OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
INFRASTRUCTURE = {
    "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure/*",
}
BLAMES_DENY = (
    f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} with an explicit "
    "deny in a resource-based policy"
)


BOTH_EXEMPT = {"Bool": {"aws:ViaAWSService": "false"}, "ArnNotLike": INFRASTRUCTURE}


@pytest.mark.parametrize(
    ("condition", "exempted"),
    [
        *((one, one | BOTH_EXEMPT) for one in (
            OFFICE,
            {"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}},
            {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}},
            {"StringNotEqualsIfExists": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
        )),
        (OFFICE | {"Bool": {"aws:ViaAWSService": "false"}},
         OFFICE | {"Bool": {"aws:ViaAWSService": "false"}, "ArnNotLike": INFRASTRUCTURE}),
        (OFFICE | {"ArnNotLike": {"aws:principalarn": "arn:aws:iam::*:role/x"}},
         OFFICE | {"ArnNotLike": {"aws:principalarn": "arn:aws:iam::*:role/x"},
                   "Bool": {"aws:ViaAWSService": "false"}}),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"AWS:viaawsservice": "false"}},
         {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"AWS:viaawsservice": "false"},
          "ArnNotLike": INFRASTRUCTURE}),
    ],
)  # fmt: skip
def test_a_deny_by_network_that_exempts_some_calls_is_completed(condition, exempted):
    """Source: EBS User Guide, "Requirements for Amazon EBS encryption"."""
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*", "Condition": condition}  # fmt: skip
    step = step_for(usage(), fence, event="Decrypt", message=BLAMES_DENY)
    assert step.document["Statement"][2]["Condition"] == exempted


@pytest.mark.parametrize(
    "condition",
    [
        # Not only by network; not by network at all; no condition.
        OFFICE | {"StringEquals": {"aws:PrincipalTag/team": "x"}},
        {"StringNotEquals": {"kms:CallerAccount": "444455556666"}},
        None,
    ],
)
def test_another_deny_is_never_changed(condition):
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*"} | ({"Condition": condition} if condition else {})  # fmt: skip
    document = {"Version": "2012-10-17", "Statement": [ADMINS, usage(), fence]}
    denied = record(eventName="Decrypt", readOnly=True, userIdentity=session(ROLE, "s"),
                    errorMessage=BLAMES_DENY)  # fmt: skip
    for step in audit(denied, key_policies={KEY_ARN: document}).plan:
        assert step.kind == "investigate"


def test_one_of_two_denies_that_is_not_by_network_keeps_both():
    fences = [
        {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
         "Condition": condition}
        for sid, condition in (("network", OFFICE), ("all", {"Null": {"aws:x": "true"}}))
    ]  # fmt: skip
    for statements in (fences, fences[::-1]):
        document = {"Version": "2012-10-17", "Statement": [ADMINS, usage(), *statements]}
        denied = record(eventName="Decrypt", readOnly=True, userIdentity=session(ROLE, "s"),
                        errorMessage=BLAMES_DENY)  # fmt: skip
        for step in audit(denied, key_policies={KEY_ARN: document}).plan:
            assert step.document is None or step.document["Statement"][2:] == statements


def test_a_direct_call_is_not_exempted():
    """A call from the caller's own network is what the Deny is for."""
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*", "Condition": OFFICE}  # fmt: skip
    document = {"Version": "2012-10-17", "Statement": [ADMINS, usage(), fence]}
    denied = record(eventName="Decrypt", readOnly=True, userIdentity=session(ROLE, "s"),
                    sourceIPAddress="198.51.100.7", errorMessage=BLAMES_DENY)  # fmt: skip
    assert [step.kind for step in audit(denied, key_policies={KEY_ARN: document}).plan] == [
        "investigate"
    ]


def part_of(*statements, **fields):
    """Return the part of a denied Decrypt, and the policy by which it was judged."""
    document = {"Version": "2012-10-17", "Statement": [ADMINS, *statements]}
    denied = record(**({"eventName": "Decrypt", "readOnly": True,
                        "userIdentity": session(ROLE, "s"),
                        "errorMessage": BLAMES_KEY_POLICY.format("Decrypt")} | fields))  # fmt: skip
    (finding,) = audit(denied, key_policies={KEY_ARN: document}).findings
    (part,) = parts_of(finding)
    return KeyPolicy.from_dict(document), part


IRELAND = KEY_ARN.replace("us-east-1", "eu-west-1")


@pytest.mark.parametrize(
    ("key", "region"), [(KEY_ARN, "us-east-1"), (None, "us-east-1"), (IRELAND, "eu-west-1")]
)
def test_the_service_is_the_one_in_the_region_of_the_key(key, region):
    """The Region of the key, if its ARN is known, and else that of the denied call."""
    policy, part = part_of(usage(Condition=through("rds.us-east-1.amazonaws.com")))
    change = repaired(policy, [part], key)
    assert change.document["Statement"][1]["Condition"] == through(
        ["rds.us-east-1.amazonaws.com", f"ec2.{region}.amazonaws.com"]
    )
    assert change.conditions is True


@pytest.mark.parametrize(
    ("key", "role"),
    [
        (KEY_ARN, f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure/*"),
        (KEY_ARN.replace("arn:aws:", "arn:aws-cn:"),
         f"arn:aws-cn:iam::{ACCOUNT}:role/aws:ec2-infrastructure/*"),
        (None, "arn:aws:iam::*:role/aws:ec2-infrastructure/*"),
    ],
)  # fmt: skip
def test_the_infrastructure_role_is_that_of_the_account_of_the_key(key, role):
    fence = {"Sid": "fence", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Resource": "*", "Condition": OFFICE}  # fmt: skip
    policy, part = part_of(fence, errorMessage=BLAMES_DENY)
    change = repaired(policy, [part], key)
    assert change.document["Statement"][1]["Condition"]["ArnNotLike"] == {"aws:PrincipalArn": role}
    assert change.conditions is True


def test_a_direct_call_goes_through_no_service():
    own = usage(Condition=through("ec2.us-east-1.amazonaws.com"))
    policy, part = part_of(own, sourceIPAddress="198.51.100.7")
    assert part.cause.id == "condition_not_met"
    change = repaired(policy, [part], KEY_ARN)
    assert (change.document, change.patch, change.conditions) == (policy.document, (), False)
