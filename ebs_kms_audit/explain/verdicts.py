"""The pages on verdicts: what a key policy says of a denial, worst first."""

from __future__ import annotations

from ebs_kms_audit.explain.page import Page

VERDICTS = (
    Page(
        "not_grantable",
        "No key policy can allow it",
        "The action is on no key (ListAliases, CreateKey, GenerateRandom, …), so only IAM policies "
        "count; or the caller belongs to another account than the key, and KMS does not let the "
        "operation work across accounts, whatever the policies say.",
        "allow an action on no key in an IAM policy of the caller. Make a call that can't work "
        "across accounts with a principal of the key's own account.",
    ),
    Page(
        "explicit_deny",
        "A Deny covers it",
        "A Deny statement of the key policy, or of a policy given beside it, surely matches the "
        "call. A Deny wins over every Allow, so no statement is offered; it may be there on "
        "purpose, and nothing here takes it away.",
        "look at the statement that is named as having decided. If it is not meant for this "
        "caller, narrow its Principal or Condition; then judge again.",
    ),
    Page(
        "undecided",
        "It hangs on something that the input does not show",
        "A condition key, a part of the principal or a policy layer that decides is not in the "
        "input, for example aws:SourceIp, a role's path, or which of several policies is the "
        "key's. What it hangs on is named.",
        "give what is named: the records (--records), the principal (--principal), the key's own "
        "policy (--key-policy KEY_ARN=FILE); or in Python the context and the other policies.",
    ),
    Page(
        "allowed_now",
        "The key policy allows it",
        "By the policy given, the call is allowed. Either the policy was changed after the denial, "
        "or something that was not given refused: an IAM policy, a permissions boundary, a session "
        "policy, an SCP or RCP, or the policy of a VPC endpoint.",
        "try the call again. If it is still refused, read which policy refused in the error "
        "message (ebs-kms-audit message TEXT) and look there.",
    ),
    Page(
        "blocked_elsewhere",
        "The key policy allows it, another policy given does not",
        "The key policy's part is done. One of the identity policies, the permissions boundary, "
        "the session policy, the SCPs or RCPs that were given does not allow the action.",
        "allow it in the layer that is named as having decided. No change of the key policy helps.",
    ),
    Page(
        "condition_unmet",
        "A statement names the caller, but its condition is not met",
        "An Allow that names the caller matches action and key, and fails by conditions that are "
        "known to be false; often kms:GrantIsForAWSResource in a CreateGrant that was called "
        "directly, or kms:ViaService.",
        "make the call in the way that the condition wants (through EC2, say), or let an "
        "administrator of the key decide whether the condition should be wider.",
    ),
    Page(
        "delegated_to_iam",
        "Only the account is named",
        "The key policy has a statement for the account (its :root principal) and none for the "
        "caller: then an IAM policy of the caller would have to allow the action, and evidently "
        "none does. Most key policies are of this kind.",
        "add the caller to the key policy as the fix shows, or attach the IAM statement that "
        "stands under the alternatives. A service-linked role takes no IAM policy of yours.",
    ),
    Page(
        "missing_allow",
        "No statement allows it",
        "The key policy names neither the caller nor, with this action, its account. An IAM policy "
        "alone can't help.",
        "add the caller to the key policy as the fix shows.",
    ),
    Page(
        "not_judged",
        "No key policy was given",
        "Without the key's present policy it can't be told why the call was refused, and no fix "
        "is safe.",
        "give the policy: aws kms get-key-policy --key-id KEY --policy-name default --query Policy "
        "--output text > key_policy.json, then --key-policy key_policy.json.",
    ),
)
