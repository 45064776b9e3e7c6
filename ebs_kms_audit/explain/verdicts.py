"""Verdicts: what one policy says of one denied call, worst first."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry, EntryKind


def _verdict(id: str, title: str, sentence: str, meaning: str, remedy: str) -> Entry:
    return Entry(
        kind=EntryKind.VERDICT,
        id=id,
        title=title,
        sentence=sentence,
        meaning=meaning,
        remedy=remedy,
    )


ENTRIES = (
    _verdict(
        "not_grantable",
        "No key policy can allow this action",
        "No key policy can allow this action to this caller.",
        "Either the action applies to no single key (ListAliases, CreateKey, GenerateRandom and "
        "others), and only IAM policies can allow it. Or the caller belongs to another account "
        "than the key, and KMS does not support the action across accounts.",
        "Allow an action that applies to no key in an IAM policy of the caller. Make a call that "
        "does not work across accounts as a principal of the key's own account.",
    ),
    _verdict(
        "explicit_deny",
        "A Deny statement covers the call",
        "A Deny statement covers the call.",
        "A Deny statement in the key policy, or in another policy that was given, matches the "
        "call. A Deny wins over every Allow. It may be intended.",
        "Read the statement that the report names. If it is not meant for this caller, narrow its "
        "Principal or its Condition, then run the audit again with the new policy.",
    ),
    _verdict(
        "undecided",
        "The input does not show enough to decide",
        "The result depends on {depends_on}, which the input does not show.",
        "A condition key, a part of the principal or a policy that decides is missing from the "
        "input: for example aws:SourceIp, the path of a role, or an IAM policy. The report names "
        "what is missing.",
        "Give what the report names: the records (Download JSON), the principal "
        "(--principal NAME=ARN), the key's own policy (--key-policy KEY_ARN=FILE) or the IAM "
        "policies (--iam-policy FILE).",
    ),
    _verdict(
        "allowed_now",
        "The policies that were given allow the call",
        "The policies that were given allow the call.",
        "The call was denied, and the policies that were given allow it. Either a policy was "
        "changed after the denial, or the policy belongs to another key, or a policy that was not "
        "given denied the call: an IAM policy, a permissions boundary, a session policy, an SCP, "
        "an RCP, or the policy of a VPC endpoint.",
        "Try the call again. If it is denied again, read the error message: "
        "ebs-kms-audit message TEXT names the type of policy.",
    ),
    _verdict(
        "blocked_elsewhere",
        "The key policy allows the call, another policy does not",
        "The key policy allows the call, but {depends_on} does not.",
        "The key policy allows the action. Another policy that was given does not allow it: an IAM "
        "policy, the permissions boundary, the session policy, an SCP or an RCP.",
        "Allow the action in the policy that the report names. A change of the key policy does "
        "not help.",
    ),
    _verdict(
        "condition_unmet",
        "A statement names the caller, but its condition is not met",
        "A statement names the caller, but its condition is not met.",
        "An Allow statement names the caller, the action and the key, and its Condition is false "
        "for this call. Often the condition is kms:GrantIsForAWSResource and the caller called "
        "CreateGrant directly, or kms:ViaService names another Region.",
        "Make the call in the way that the condition requires, for example through EC2. Or let "
        "the owner of the key change the condition.",
    ),
    _verdict(
        "delegated_to_iam",
        "The key policy names only the account",
        "The key policy names only the caller's account: an IAM policy must allow the call.",
        "The key policy has a statement for the account (its :root principal) and none for the "
        "caller. An IAM policy of the caller must then allow the action. Most key policies that "
        "the console makes are of this kind.",
        "Add the caller to the key policy as the plan shows. Or attach an IAM policy that allows "
        "the action on the key; a service-linked role accepts none.",
    ),
    _verdict(
        "missing_allow",
        "No statement of the key policy allows the call",
        "No statement of the key policy allows the call.",
        "The key policy allows this action for neither the caller nor the caller's account. An "
        "IAM policy alone cannot allow it.",
        "Add the caller to the key policy as the plan shows.",
    ),
    _verdict(
        "not_judged",
        "No key policy was given",
        "No key policy was given.",
        "Without the key policy the report cannot show why the call was denied, and no change is "
        "safe.",
        "Get the policy, then give it to the audit: aws kms get-key-policy --key-id KEY "
        "--policy-name default --query Policy --output text > key_policy.json",
    ),
)
