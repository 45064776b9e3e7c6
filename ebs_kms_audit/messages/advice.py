"""Whether an edit of the key policy can cure what a message reports, and what would.

Sources: AWS KMS Developer Guide, "Default key policy", "Allowing users in other accounts to use a
KMS key" and "Control access to your VPC endpoint"; IAM User Guide, "Policy evaluation logic" and
"Troubleshoot access denied error messages".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.kms_actions import KmsAction, StatementKind, kms_action, kms_actions
from ebs_kms_audit.model import DenialMessage, Effect, Helps, MessageKind, PolicyType


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer, a sentence why, and what would help."""

    helps: Helps
    why: str
    what_helps: str


_BY_ACTION = {
    action.casefold(): row  # policies and messages do not agree on the case
    for row in kms_actions()
    for action in row.iam_actions
}

# What refuses beside the key policy and the caller's own IAM policies, and who can change it.
_ELSEWHERE = {
    PolicyType.PERMISSIONS_BOUNDARY: "the permissions boundary of the user or role, in IAM",
    PolicyType.SESSION: (
        "the session policy, which whoever assumed the role or asked for the token passed"
    ),
    PolicyType.VPC_ENDPOINT: "the policy of the VPC endpoint through which the call was made",
    PolicyType.SERVICE_CONTROL: (
        "the service control policy, in the organization's management account"
    ),
    PolicyType.RESOURCE_CONTROL: (
        "the resource control policy, in the organization's management account"
    ),
    PolicyType.ROLE_TRUST: "the role's trust policy, in IAM",
}


def advised(message: DenialMessage) -> DenialMessage:
    """Return a message with the advice on it."""
    advice = advise(message)
    if advice is None:
        return message
    return replace(
        message, key_policy_edit=advice.helps, why=advice.why, what_helps=advice.what_helps
    )


def advise(message: DenialMessage) -> Advice | None:
    """Return the advice on a message; None for a text that is none.

    The rules stand in order, and the first that fits decides.
    """
    if message.kind is MessageKind.NOT_RECOGNISED:
        return None
    if message.kind is MessageKind.ENCODED:
        return _ENCODED
    return next(advice for rule in _RULES if (advice := rule(message)) is not None)


_ENCODED = Advice(
    Helps.NO,
    "this is EC2's own refusal, of an EC2 permission; KMS's are not encoded",
    "decode it, with a principal that is allowed sts:DecodeAuthorizationMessage: aws sts "
    "decode-authorization-message --encoded-message TEXT; it names the action, the resource and "
    "whether a Deny matched",
)


def _not_of_kms(message: DenialMessage) -> Advice | None:
    if message.action is None or message.action.casefold().startswith("kms:"):
        return None
    how = (
        "; decode the rest of the message with aws sts decode-authorization-message"
        if message.encoded
        else ""
    )
    return Advice(
        Helps.NO,
        "the action is none of KMS, so no key policy is concerned",
        "change the policies of the service that was called, or of the caller" + how,
    )


def _elsewhere(message: DenialMessage) -> Advice | None:
    where = _ELSEWHERE.get(message.policy_type) if message.policy_type else None
    if where is None:
        return None
    if message.effect is Effect.EXPLICIT:
        return Advice(
            Helps.NO,
            f"a Deny in a {message.policy_type} wins over every Allow",
            f"change the Deny in {where}"
            + (
                "; a missing Allow in an SCP is reported in the same words"
                if message.policy_type is PolicyType.SERVICE_CONTROL
                else ""
            ),
        )
    if (
        message.policy_type is PolicyType.PERMISSIONS_BOUNDARY
        and _is_user(message)
        and not _is_identity_only(message)
        and _same_account(message) is not False
    ):
        return Advice(
            Helps.PERHAPS,
            "an Allow in the key policy that names the user's own ARN is not limited by what a "
            "permissions boundary leaves out; but the boundary is there to limit the user",
            f"allow the action in {where}",
        )
    return Advice(
        Helps.NO,
        f"an Allow in the key policy does not replace the one that the {message.policy_type} lacks",
        f"allow the action in {where}",
    )


def _denied_in_iam(message: DenialMessage) -> Advice | None:
    if message.policy_type is PolicyType.IDENTITY_BASED and message.effect is Effect.EXPLICIT:
        return Advice(
            Helps.NO,
            "a Deny in an identity-based policy wins over every Allow",
            "change the Deny in the IAM policies of the user or role, or of the user's groups",
        )
    return None


def _identity_only(message: DenialMessage) -> Advice | None:
    if not _is_identity_only(message):
        return None
    return Advice(
        Helps.NO,
        "no key policy can allow this action",
        "allow it in an IAM policy of the principal's own account; nothing else may deny it",
    )


def _aws_managed(message: DenialMessage) -> Advice | None:
    key = Arn.parse(message.resource)
    if key is None or not key.resource.startswith("alias/aws/"):
        return None
    return Advice(
        Helps.NO,
        "the key is an AWS managed key, whose policy nobody can edit",
        "use a customer managed key instead: copy the snapshot under one",
    )


def _denied_in_key_policy(message: DenialMessage) -> Advice | None:
    if message.policy_type is PolicyType.RESOURCE_BASED and message.effect is Effect.EXPLICIT:
        return Advice(
            Helps.YES,
            "a Deny in the key policy matches the call, and it wins over every Allow: another "
            "statement does not help",
            "take that Deny out of the key policy, or narrow it",
        )
    return None


def _infrastructure(message: DenialMessage) -> Advice | None:
    if message.role_name != "aws:ec2-infrastructure":
        return None
    return Advice(
        Helps.NO,
        "aws:ec2-infrastructure works through the grant that EC2 makes and is never named in a "
        "key policy",
        "look for a Deny in the key policy or an SCP that hits it, for a grant that was revoked, "
        "and try again: a new grant takes up to five minutes",
    )


def _not_across_accounts(message: DenialMessage) -> Advice | None:
    action = _action(message)
    if action is None or action.cross_account or not action.known:
        return None
    if _same_account(message) is not False:
        return None
    return Advice(
        Helps.NO,
        "KMS does not let another account do this, whatever the key policy allows",
        "make the call with a principal of the key's own account",
    )


def _grant_decides(message: DenialMessage) -> Advice | None:
    action = _action(message)
    if action is None or action.event_name != "RetireGrant":
        return None
    return Advice(
        Helps.PERHAPS,
        "the grant itself decides who may retire it",
        "let its retiring principal retire it, or revoke it with kms:RevokeGrant",
    )


def _key_policy_lacks_it(message: DenialMessage) -> Advice | None:
    if message.policy_type is not PolicyType.RESOURCE_BASED:
        return None
    more = {
        True: "",
        False: "; and, the key being another account's, in an IAM policy of the caller's account",
        None: "; if the key is another account's, in an IAM policy of the caller's account as well",
    }[_same_account(message)]
    action = _action(message)
    if action and action.kind is StatementKind.GRANTS:
        more += (
            "; the console's statement for grants (kms:GrantIsForAWSResource) allows only calls "
            "that an AWS service such as EC2 makes for the principal"
        )
    return Advice(
        Helps.YES,
        "the key policy allows it neither to the principal nor, with effect, to its account",
        "allow the action to the user or role (never the session) in the key policy" + more,
    )


def _iam_lacks_it(message: DenialMessage) -> Advice | None:
    if message.policy_type is not PolicyType.IDENTITY_BASED:
        return None
    match _same_account(message):
        case True:
            return Advice(
                Helps.YES,
                "the key policy leaves it to IAM policies and none allows the action; in the same "
                "account a key policy that names the user or role is enough by itself",
                "allow the action in an IAM policy of the user or role, or name it in the key "
                "policy; a service-linked role takes no IAM policy of yours",
            )
        case False:
            return Advice(
                Helps.NO,
                "the key is another account's, and then an IAM policy of the caller's account must "
                "allow the action, whatever the key policy says",
                "allow the action in an IAM policy of the user or role; the key policy must allow "
                "it as well",
            )
    return Advice(
        Helps.PERHAPS,
        "no IAM policy allows the action; a key policy that names the user or role is enough in "
        "the same account, and not for a caller from another",
        "allow the action in an IAM policy of the user or role",
    )


def _denied_somewhere(message: DenialMessage) -> Advice | None:
    if message.effect is not Effect.EXPLICIT:
        return None
    return Advice(
        Helps.PERHAPS,
        "a Deny matches the call, and the message does not say in which policy",
        "look for the Deny in the key policy, the IAM policies and permissions boundary of the "
        "caller, session policies, SCPs, RCPs and VPC endpoint policies; no Allow helps before",
    )


def _not_found(message: DenialMessage) -> Advice | None:
    if not message.key_not_found:
        return None
    return Advice(
        Helps.PERHAPS,
        "KMS does not say whether the key is missing in this Region, or its key policy does not "
        "allow or denies the call",
        "check Region, account and id of the key first; if it is there and enabled, allow the "
        "action in the key policy, and for a caller from another account in an IAM policy too",
    )


def _no_reason(message: DenialMessage) -> Advice | None:
    return Advice(
        Helps.PERHAPS,
        "the message does not say which policy refused",
        "look at the key policy and at the IAM policies of the caller; errorMessage in the "
        "event's CloudTrail record may say more",
    )


_RULES: tuple[Callable[[DenialMessage], Advice | None], ...] = (
    _not_of_kms,
    _elsewhere,
    _denied_in_iam,
    _identity_only,
    _aws_managed,
    _denied_in_key_policy,
    _infrastructure,
    _not_across_accounts,
    _grant_decides,
    _key_policy_lacks_it,
    _iam_lacks_it,
    _denied_somewhere,
    _not_found,
    _no_reason,
)


def _action(message: DenialMessage) -> KmsAction | None:
    if message.action is None:
        return None
    found = _BY_ACTION.get(message.action.casefold())
    return found or kms_action(message.action.partition(":")[2])


def _is_identity_only(message: DenialMessage) -> bool:
    action = _action(message)
    return bool(action and action.kind is StatementKind.IDENTITY_ONLY)


def _is_user(message: DenialMessage) -> bool:
    principal = Arn.parse(message.principal)
    return bool(principal and principal.service == "iam" and principal.resource_type == "user")


def _same_account(message: DenialMessage) -> bool | None:
    """Return whether caller and key are of one account; None if the message lacks one of them."""
    principal, key = Arn.parse(message.principal), Arn.parse(message.resource)
    return principal.account == key.account if principal and key else None
