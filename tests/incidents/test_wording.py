"""What the report says of an incident, word for word: the sentence, its support, what to get next.

The sentences are those of `explain.causes`. The commands are those of the AWS CLI Command
Reference; times are 15 minutes before and after the denial at 07:00:34 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.records import KEY_ARN

from .test_incidents import TABLE, audited

_KEY = f"--key-id {KEY_ARN}"
GET_POLICY = (
    f"aws kms get-key-policy {_KEY} --policy-name default --region us-east-1 --query Policy "
    "--output text"
)
GET_RECORDS = (
    "aws cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com "
    "--start-time 2026-05-18T06:45:34Z --end-time 2026-05-18T07:15:34Z --region us-east-1"
)
GET_DEFAULT_KEY = "aws ec2 get-ebs-default-kms-key-id --region us-east-1"
GET_STATE = f"aws kms describe-key {_KEY} --region us-east-1"
LIST_GRANTS = f"aws kms list-grants {_KEY} --region us-east-1"


def iam(kind: str, name: str) -> str:
    """Return the command that lists the IAM policies of a user or role."""
    return (
        f"aws iam list-attached-{kind}-policies --{kind}-name {name} && "
        f"aws iam list-{kind}-policies --{kind}-name {name}"
    )


def says(event: str, policy_type: str, denied: str = "no Allow") -> str:
    return f"The error message of event {event} names the {policy_type} ({denied})."


def given(why: str) -> str:
    return f"key policy: {why}."


NO_STATEMENT = given("No statement of the key policy allows the call")
ONLY_ACCOUNT = given(
    "The key policy names only the caller's account: an IAM policy must allow the call"
)
ALLOWED = given("The policies that were given allow the call")
DENIED = given("A Deny statement covers the call")
IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
SCP, BOUNDARY = "service control policy", "permissions boundary"


def unconditional(label: str, layer: str = "key policy") -> str:
    return f"Statement {label} ({layer}): there is no condition."


USE = unconditional('"Allow use of the key"')
DELEGATES = unconditional('"Enable IAM User Permissions"')


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The texts of a cause; `others` holds the sentence and the denials of each other cause."""

    text: str
    support: tuple[str, ...]
    against: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()


WORDINGS = {
    # --- across accounts
    "accounts: both halves are missing": Wording(
        text="visitor and the key are in different accounts, and the key policy allows neither the "
        "caller nor the caller's account, and no IAM policy of the caller allows the action.",
        support=(says("Decrypt of visitor", IDENTITY), NO_STATEMENT),
        commands=(iam("role", "visitor"),),
    ),
    "accounts: the message blames IAM, and no policy was given": Wording(
        text="visitor and the key are in different accounts, and no IAM policy of the caller "
        "allows the action.",
        support=(says("Decrypt of visitor", IDENTITY),),
        commands=(GET_POLICY, iam("role", "visitor")),
    ),
    "accounts: the message blames IAM, and the key policy allows the caller's account": Wording(
        text="visitor and the key are in different accounts, and no IAM policy of the caller "
        "allows the action.",
        support=(says("Decrypt of visitor", IDENTITY), ONLY_ACCOUNT, USE),
        commands=(iam("role", "visitor"),),
    ),
    "accounts: Auto Scaling of another account: the key policy is missing, and so is the grant": (
        Wording(
            text="AWSServiceRoleForAutoScaling and the key are in different accounts, and the key "
            "policy lets nobody of the caller's account create a grant, and the service-linked "
            "role has no grant on the key.",
            support=(
                says(
                    "GenerateDataKeyWithoutPlaintext of AWSServiceRoleForAutoScaling", RESOURCE
                ),
                NO_STATEMENT,
            ),
            commands=(LIST_GRANTS,),
        )
    ),
    "accounts: Auto Scaling of another account, and neither message nor policy": Wording(
        text="AWSServiceRoleForAutoScaling and the key are in different accounts, and the "
        "service-linked role has no grant on the key.",
        support=("Denied: event Decrypt of AWSServiceRoleForAutoScaling.",),
        commands=(GET_POLICY, LIST_GRANTS),
    ),
    # --- no key policy can help
    "accounts: ListAliases applies to no key": Wording(
        text="No key policy can allow kms:ListAliases: only an IAM policy of alice can.",
        support=("Denied: event ListAliases of alice.",),
        commands=(iam("user", "alice"),),
    ),
    "accounts: EnableKey does not work on a key of another account": Wording(
        text="kms:EnableKey cannot be called on a key of another account, whatever the key policy "
        "says.",
        support=("Denied: event EnableKey of deploy.",),
    ),
    "accounts: the grant decides who can retire it": Wording(
        text="The grant decides who can retire it, not a key policy, and it does not name alice.",
        support=("Denied: event RetireGrant of alice.",),
        commands=(LIST_GRANTS,),
    ),
    "accounts: the event names alias/aws/ebs": Wording(
        text="The key is an AWS managed key (alias/aws/ebs), and nobody can edit its policy.",
        support=("Denied: event Decrypt of deploy.",),
        commands=(GET_DEFAULT_KEY,),
    ),
    "accounts: an AWS managed key never works across accounts, whatever the action": Wording(
        text=f"The key is an AWS managed key ({KEY_ARN}), and no other account can use it.",
        support=("Denied: event Decrypt of visitor.",),
        commands=(GET_DEFAULT_KEY,),
    ),
    # --- conditions
    "conditions: kms:ViaService of another Region, without a message": Wording(
        text='Statement "use" names deploy, but its condition is not met: StringEquals '
        "kms:ViaService requires ec2.eu-west-1.amazonaws.com, and the request has "
        "ec2.us-east-1.amazonaws.com.",
        support=(
            given("A statement names the caller, but its condition is not met"),
            'Statement "use" (key policy): StringEquals: kms:ViaService does not fit.',
        ),
        commands=(GET_RECORDS,),
    ),
    "conditions: usage actions under kms:GrantIsForAWSResource, which they never carry": Wording(
        text='Statement "all" names deploy, but its condition is not met: Bool '
        "kms:GrantIsForAWSResource requires true, and a request for kms:Decrypt does not have that "
        "condition key.",
        support=(
            says("Decrypt of deploy", RESOURCE),
            given("A statement names the caller, but its condition is not met"),
            'Statement "all" (key policy): Bool: kms:GrantIsForAWSResource is not in the request.',
        ),
    ),
    "conditions: a tag is required that nobody knows, and the message rules every statement out": (
        Wording(
            text='Statement "use" names deploy, but its condition was very likely not met: '
            "StringEquals aws:PrincipalTag/team requires storage.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                given(
                    "The result depends on aws:PrincipalTag/team, which the input does not show"
                ),
                'Statement "use" (key policy): whether the condition holds depends on '
                "aws:PrincipalTag/team.",
            ),
        )
    ),
    "conditions: the office network is required, and EC2 makes the call": Wording(
        text='Statement "use" names deploy, but its condition is not met: IpAddress aws:SourceIp '
        "requires 203.0.113.0/24, and the request has the network of "
        "ec2-frontend-api.amazonaws.com, not that of the caller.",
        support=(
            says("Decrypt of deploy", RESOURCE),
            given("The result depends on aws:SourceIp, which the input does not show"),
            'Statement "use" (key policy): whether the condition holds depends on aws:SourceIp.',
        ),
    ),
    # --- a Deny
    "conditions: the message points to a Deny in the key policy, and the statement is there": (
        Wording(
            text='A Deny in the key policy, statement "fence", denied deploy kms:Decrypt, and a '
            "Deny wins over every Allow.",
            support=(
                says("Decrypt of deploy", RESOURCE, "explicit deny"),
                DENIED,
                unconditional('"fence"'),
            ),
        )
    ),
    "conditions: the message points to a Deny in the key policy, and no policy was given": Wording(
        text="A Deny in the key policy denied deploy kms:Decrypt, and a Deny wins over every "
        "Allow.",
        support=(says("Decrypt of deploy", RESOURCE, "explicit deny"),),
        commands=(GET_POLICY,),
    ),
    "conditions: the message points to a Deny in IAM, whatever the key policy says": Wording(
        text="A Deny in an IAM policy denied alice kms:Decrypt, and a Deny wins over every Allow.",
        support=(says("Decrypt of alice", IDENTITY, "explicit deny"),),
        commands=(iam("user", "alice"),),
    ),
    "conditions: the message names no type of policy": Wording(
        text="A Deny denied deploy kms:Decrypt, and a Deny wins over every Allow.",
        support=("The error message of event Decrypt of deploy names an explicit deny.",),
        commands=(GET_POLICY, iam("role", "deploy")),
    ),
    "conditions: no message, and a Deny of an IAM policy that was given covers the call": Wording(
        text='A Deny in an IAM policy, statement "NoKeys", denied deploy kms:Decrypt, and a Deny '
        "wins over every Allow.",
        support=(DENIED, unconditional('"NoKeys"', "identity policies")),
    ),
    # --- a direct call
    "conditions: create-grant from a shell, and the grants statement is there": Wording(
        text="alice called kms:CreateGrant directly, and the grants statement allows it only to "
        "AWS services (kms:GrantIsForAWSResource).",
        support=(says("CreateGrant of alice", RESOURCE),),
    ),
    "conditions: list-grants from a shell over IPv6, without a message": Wording(
        text="alice called kms:ListGrants directly, and the grants statement allows it only to "
        "AWS services (kms:GrantIsForAWSResource).",
        support=("Denied: event ListGrants of alice.",),
        commands=(GET_RECORDS,),
    ),
    "guards: create-grant from a shell, and a message without a reason": Wording(
        text="alice called kms:CreateGrant directly, and the grants statement allows it only to "
        "AWS services (kms:GrantIsForAWSResource).",
        support=("Denied: event CreateGrant of alice.",),
        commands=(GET_RECORDS,),
    ),
    # --- other policies
    "elsewhere: an SCP denied": Wording(
        text="A service control policy denied deploy kms:Decrypt, so no change of the key policy "
        "can help.",
        support=(says("Decrypt of deploy", SCP, "explicit deny"),),
        commands=(
            "aws organizations list-policies-for-target --target-id 111122223333 --filter "
            "SERVICE_CONTROL_POLICY",
        ),
    ),
    "elsewhere: an SCP denied, and the message names its ARN": Wording(
        text="A service control policy denied deploy kms:Decrypt, so no change of the key policy "
        "can help.",
        support=(
            "The error message of event Decrypt of deploy names the service control policy "
            "(explicit deny): arn:aws:organizations::123456789012:policy/o-abcdef1234/"
            "service_control_policy/p-abcd1234.",
        ),
        commands=("aws organizations describe-policy --policy-id p-abcd1234",),
    ),
    "elsewhere: an RCP denied": Wording(
        text="A resource control policy denied deploy kms:Decrypt, so no change of the key policy "
        "can help.",
        support=(says("Decrypt of deploy", "resource control policy", "explicit deny"),),
        commands=(
            "aws organizations list-policies-for-target --target-id 111122223333 --filter "
            "RESOURCE_CONTROL_POLICY",
        ),
    ),
    "elsewhere: no permissions boundary allows": Wording(
        text="A permissions boundary denied deploy kms:Decrypt, so no change of the key policy can "
        "help.",
        support=(says("Decrypt of deploy", BOUNDARY),),
        commands=("aws iam get-role --role-name deploy --query Role.PermissionsBoundary",),
    ),
    "elsewhere: no session policy allows": Wording(
        text="A session policy denied deploy kms:Decrypt, so no change of the key policy can help.",
        support=(says("Decrypt of deploy", "session policy"),),
        commands=(
            "aws cloudtrail lookup-events --lookup-attributes "
            "AttributeKey=EventName,AttributeValue=AssumeRole --region us-east-1",
        ),
    ),
    "elsewhere: a network activity event of a VPC endpoint": Wording(
        text="A VPC endpoint policy denied deploy kms:Decrypt, so no change of the key policy can "
        "help.",
        support=("Denied: event Decrypt of deploy.",),
        commands=(
            "aws ec2 describe-vpc-endpoints --filters "
            "Name=service-name,Values=com.amazonaws.us-east-1.kms --region us-east-1",
        ),
    ),
    "elsewhere: no message, and the permissions boundary that was given does not allow": Wording(
        text="A permissions boundary denied deploy kms:Decrypt, so no change of the key policy can "
        "help.",
        support=(given("The key policy allows the call, but permissions_boundary does not"),),
        commands=("aws iam get-role --role-name deploy --query Role.PermissionsBoundary",),
    ),
    "elsewhere: an SCP that was given denies the call, and the message names no Deny": Wording(
        text="A service control policy denied deploy kms:CreateGrant, so no change of the key "
        "policy can help.",
        support=(DENIED, unconditional("Statement[0]", "service control policies")),
        against=("The error message names no explicit deny.",),
        commands=(
            "aws organizations list-policies-for-target --target-id 111122223333 --filter "
            "SERVICE_CONTROL_POLICY",
        ),
    ),
    # --- changed since, or another key's
    "elsewhere: the policy allows it, and the log shows a later PutKeyPolicy of the key": Wording(
        text="deploy was denied kms:Decrypt, but the latest known key policy allows it: the policy "
        "was changed since.",
        support=(
            says("Decrypt of deploy", RESOURCE),
            ALLOWED,
            "The given policy is not in the log, and is taken as newer than the log.",
            USE,
            "Event put: PutKeyPolicy after the denial.",
        ),
    ),
    "elsewhere: the policy allows it, and the same call succeeded later": Wording(
        text="deploy was denied kms:Decrypt, but the latest known key policy allows it: the policy "
        "was changed since.",
        support=(
            says("Decrypt of deploy", RESOURCE),
            ALLOWED,
            USE,
            "Event later: the same caller called Decrypt with success later.",
        ),
    ),
    "own_account: the only policy was given for another key's ARN": Wording(
        text="The key policy that was given is for another key's ARN, not for the denied key "
        f"({KEY_ARN}).",
        support=("Denied: event Decrypt of deploy.",),
        commands=(GET_POLICY, GET_DEFAULT_KEY),
    ),
    "own_account: Auto Scaling: the policy that names it is not that of the default EBS key": (
        Wording(
            text="The key policy that was given is very likely another key's: it allows "
            "AWSServiceRoleForAutoScaling to call kms:GenerateDataKeyWithoutPlaintext, which KMS "
            f"denied on the key {KEY_ARN}.",
            support=(
                says(
                    "GenerateDataKeyWithoutPlaintext of AWSServiceRoleForAutoScaling", RESOURCE
                ),
                ALLOWED,
                USE,
            ),
            commands=(GET_POLICY, GET_DEFAULT_KEY),
        )
    ),
    "own_account: the policy can be changed only in another account than the key's": Wording(
        text="The key policy that was given is very likely another key's: it can be changed only "
        f"in another account than that of the denied key ({KEY_ARN}).",
        support=(NO_STATEMENT,),
        commands=(GET_POLICY, GET_DEFAULT_KEY),
    ),
    # --- probes, EC2 itself
    "elsewhere: AWS Config asks for the description of every key": Wording(
        text="An AWS service (config.amazonaws.com) checks every key in the account, and the "
        "denial is harmless.",
        support=("Denied: event DescribeKey of deploy.",),
    ),
    "elsewhere: EC2's Decrypt for the instance was denied": Wording(
        text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt: its "
        "grant is missing or retired, or a Deny or an SCP applies to it.",
        support=("The input shows no grant for i-0123456789abcdef0.",),
        commands=(GET_RECORDS, LIST_GRANTS, GET_POLICY),
    ),
    "elsewhere: a Deny on the network hits EC2's Decrypt for the instance": Wording(
        text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt by a "
        "resource-based policy, whatever its grant allows.",
        support=(
            says("Decrypt of deploy", RESOURCE, "explicit deny"),
            'Statement "fence" (key policy): whether the condition holds depends on aws:SourceIp.',
            "The input shows no grant for i-0123456789abcdef0.",
        ),
        commands=(GET_POLICY,),
    ),
    "elsewhere: an SCP denies EC2's Decrypt, so the grant is not the reason": Wording(
        text="aws:ec2-infrastructure, which EC2 uses for the instance, was denied kms:Decrypt by a "
        "service control policy, whatever its grant allows.",
        support=(
            says("Decrypt of deploy", SCP, "explicit deny"),
            "The input shows no grant for i-0123456789abcdef0.",
        ),
        commands=(
            "aws organizations list-policies-for-target --target-id 111122223333 --filter "
            "SERVICE_CONTROL_POLICY",
        ),
    ),
    # --- the state of the key, or nothing
    "elsewhere: no message, and the same key was disabled at that time": Wording(
        text=f"The key ({KEY_ARN}) was disabled, pending deletion or pending import when deploy "
        "was denied kms:Decrypt.",
        support=(
            "Event GenerateDataKey of alice: GenerateDataKey failed with DisabledException on the "
            "same key.",
        ),
        commands=(GET_STATE, GET_RECORDS),
    ),
    "elsewhere: the CSV alone": Wording(
        text="The input does not show which policy denied the calls: the key policy, an IAM "
        "policy, an SCP, an RCP, a permissions boundary, or a Deny in one of them.",
        support=("Denied: event event-0.",),
        commands=(
            GET_RECORDS,
            GET_POLICY.replace(KEY_ARN, "KEY_ARN"),
            GET_STATE.replace(KEY_ARN, "KEY_ARN"),
        ),
    ),
    "elsewhere: KMS's answer for a key that the caller may not learn about": Wording(
        text="The message leaves open why deploy was denied kms:DescribeKey: the key is in another "
        "Region or account, the key policy does not allow the call, or a Deny in it matches.",
        support=("The error message of event DescribeKey of deploy names no type of policy.",),
        commands=(GET_RECORDS, GET_POLICY, GET_STATE),
    ),
    "elsewhere: of several policies without a key nobody knows which is the key's": Wording(
        text="The key policy that was given does not show why deploy was denied kms:Decrypt: the "
        "result depends on identity_policies.",
        support=("Denied: event Decrypt of deploy.",),
        commands=(GET_RECORDS, GET_POLICY, GET_STATE),
    ),
    # --- the key policy and IAM
    "own_account: the message says that no key policy allows it, and no policy was given": Wording(
        text="No statement in the key policy allows deploy to call kms:CreateGrant.",
        support=(says("CreateGrant of deploy", RESOURCE),),
        commands=(GET_POLICY,),
    ),
    "own_account: message and policy agree: nobody but the administrators is named": Wording(
        text="No statement in the key policy allows deploy to call kms:CreateGrant.",
        support=(says("CreateGrant of deploy", RESOURCE), NO_STATEMENT),
    ),
    "own_account: the policy names nobody, and the record has no message": Wording(
        text="No statement in the key policy allows deploy to call kms:Decrypt.",
        support=(NO_STATEMENT,),
        commands=(GET_RECORDS,),
    ),
    "own_account: Spot, without a message: delegation cannot help its service-linked role": Wording(
        text="No statement in the key policy allows AWSServiceRoleForEC2Spot to call kms:Decrypt, "
        "and a statement for the account does not help this service-linked role.",
        support=(ONLY_ACCOUNT, DELEGATES),
        commands=(GET_RECORDS,),
    ),
    "own_account: the message says that IAM lacks it, and no policy was given": Wording(
        text="The key policy leaves kms:CreateGrant to IAM policies, and no IAM policy of deploy "
        "allows the call.",
        support=(says("CreateGrant of deploy", IDENTITY),),
        commands=(GET_POLICY, iam("role", "deploy")),
    ),
    "own_account: message and policy agree: the policy delegates, IAM lacks it": Wording(
        text="The key policy leaves kms:CreateGrant to IAM policies, and no IAM policy of alice "
        "allows the call.",
        support=(says("CreateGrant of alice", IDENTITY), ONLY_ACCOUNT, DELEGATES),
        commands=(iam("user", "alice"),),
    ),
    "own_account: Image Builder's service-linked role takes no IAM policy": Wording(
        text="The key policy leaves kms:Decrypt to the permissions of "
        "AWSServiceRoleForImageBuilder, and the AWS managed policy of this service-linked role "
        "does not allow it.",
        support=(says("Decrypt of AWSServiceRoleForImageBuilder", IDENTITY), ONLY_ACCOUNT,
                 DELEGATES),
    ),
    "own_account: an IAM policy was given, and it does not allow the action": Wording(
        text="The key policy leaves kms:Decrypt to IAM policies, and no IAM policy of deploy "
        "allows the call.",
        support=(ONLY_ACCOUNT, DELEGATES),
    ),
    # --- message and policy contradict each other
    "own_account: the message blames the key policy, the policy delegates to IAM": Wording(
        text="The message says that no statement of the key policy allows deploy to call "
        "kms:CreateGrant, but the policy that was given leaves it to IAM policies: very likely the "
        "policy was changed since, or is another key's.",
        support=(says("CreateGrant of deploy", RESOURCE), DELEGATES),
        against=(
            "The key policy that was given names the caller's account, so an IAM policy could "
            "allow the call.",
        ),
        commands=(GET_POLICY, GET_DEFAULT_KEY, iam("role", "deploy")),
    ),
    "own_account: the message blames IAM, the policy does not delegate": Wording(
        text="The message says that an IAM policy is missing, but the key policy that was given "
        "does not leave kms:CreateGrant to IAM policies: very likely the policy was changed since, "
        "or is another key's.",
        support=(says("CreateGrant of deploy", IDENTITY),),
        against=(
            "The key policy that was given names neither the caller nor the caller's account.",
        ),
        commands=(GET_POLICY, GET_DEFAULT_KEY, iam("role", "deploy")),
    ),
    "own_account: no message, and the policy of this very key allows the call": Wording(
        text="KMS denied deploy kms:Decrypt, but the key policy that was given allows it.",
        support=(USE,),
        against=("The key policy that was given allows the call.",),
        commands=(GET_POLICY, GET_RECORDS, GET_DEFAULT_KEY, iam("role", "deploy")),
    ),
    "own_account: key policy and IAM policy were given, and together they allow the call": Wording(
        text="KMS denied deploy kms:Decrypt, but the key policy and the IAM policies that were "
        "given allow it together.",
        support=(
            says("Decrypt of deploy", IDENTITY),
            DELEGATES,
            unconditional("Statement[0]", "identity policies"),
        ),
        against=("The key policy and the IAM policies that were given allow the call.",),
        commands=(GET_POLICY, GET_DEFAULT_KEY),
    ),
    # --- two causes
    "own_account: usage is allowed by no statement, the grant is denied by an SCP": Wording(
        text="A service control policy denied deploy kms:CreateGrant, so no change of the key "
        "policy can help.",
        support=(says("CreateGrant of deploy", SCP, "explicit deny"),),
        commands=(
            "aws organizations list-policies-for-target --target-id 111122223333 --filter "
            "SERVICE_CONTROL_POLICY",
        ),
        others=(
            (
                "No statement in the key policy allows deploy to call kms:Decrypt.",
                ("Decrypt of deploy",),
            ),
        ),
    ),
}  # fmt: skip
INCIDENTS = {param.id: param.values[0] for param in TABLE}


@pytest.mark.parametrize("name", WORDINGS)
def test_the_words_of_the_report(name: str) -> None:
    (finding,) = audited(INCIDENTS[name]).findings
    cause, wording = finding.cause, WORDINGS[name]
    assert cause.text == wording.text
    assert cause.supported_by == wording.support
    assert cause.contradicted_by == wording.against
    assert tuple(one.command for one in cause.next_evidence) == wording.commands
    assert tuple((one.text, one.denials) for one in cause.others) == wording.others
