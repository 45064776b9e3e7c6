"""What to say beside the statements: notes, steps in the console, other ways.

The texts take names and ARNs only from the Principal and KeyRef, which may be redacted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ebs_kms_audit.aws.callers import probing_service
from ebs_kms_audit.aws.kms_actions import kms_action
from ebs_kms_audit.aws.statements import SERVICE_ROLE_GRANT_OPERATIONS
from ebs_kms_audit.diagnosis.limits import is_noise, works_in_own_account_only
from ebs_kms_audit.model import Denial, Evidence, PrincipalKind, StatementKind
from ebs_kms_audit.plan import placeholders
from ebs_kms_audit.plan.fix import Alternative, OfferedStatement

_BY_KIND = {
    PrincipalKind.INFRASTRUCTURE: (
        "aws:ec2-infrastructure is never named in a policy: it works through the grant that EC2 "
        "makes at attach time. Look for an explicit Deny in the key policy or an SCP (by source "
        "address or VPC, say), for a grant that was revoked, and for a denied CreateGrant of the "
        "caller; a new grant may take some minutes to take effect."
    ),
    PrincipalKind.SERVICE: (
        "An AWS service called on its own behalf. If it is meant to use the "
        "key, its guide shows the statement for its service principal, with aws:SourceArn and "
        "aws:SourceAccount as conditions; probes by services such as Config are harmless."
    ),
    PrincipalKind.ROOT: (
        "In a key policy the ARN of root means the whole account: every user and role to which an "
        "IAM policy gives the action. Better name the user or role that should do the work."
    ),
    PrincipalKind.SERVICE_LINKED_ROLE: (
        "KMS refuses a policy that names a role which does not exist: the service-linked role "
        "must be there first. A group with its own service-linked role uses a name with a suffix."
    ),
    PrincipalKind.USER: (
        "The ARN is made from the user's name and takes it that the user has no path: "
        "`aws iam get-user` shows the real one."
    ),
}


_WITHOUT_IAM_POLICY = frozenset(
    {
        PrincipalKind.INFRASTRUCTURE,
        PrincipalKind.SERVICE,
        PrincipalKind.SERVICE_LINKED_ROLE,
        PrincipalKind.ROOT,
    }
)


def notes(denials: Sequence[Denial], offered: Sequence[OfferedStatement]) -> tuple[str, ...]:
    """Return what a careful person says before the statements are pasted."""
    return tuple(dict.fromkeys(_notes(denials, offered)))


def _notes(denials: Sequence[Denial], offered: Sequence[OfferedStatement]) -> Iterator[str]:
    principal, key = denials[0].principal, denials[0].key
    if key.aws_managed:
        yield (
            "The policy of an AWS managed key can't be edited. Copy the snapshot "
            "under a customer managed key and use the copy."
        )
    if is_noise(denials):
        service = probing_service(denials[0].event.source_ip)
        yield (
            f"Harmless: {service} looks over every key and is refused by those that do not name "
            "it. Nothing is to be fixed unless it should see this key."
        )
        return
    note = _BY_KIND.get(principal.kind)
    made_up = principal.evidence is Evidence.INFERRED
    if note and (made_up or principal.kind is not PrincipalKind.USER):
        yield note
    yield from _notes_across_accounts(denials)
    yield from _hints_of_credentials(denials)
    if offered and principal.arn is None:
        yield _how_to_find_principal(denials)
    if offered and not key.known:
        yield (
            "The export does not name the key: it is the one the snapshot or volume is encrypted "
            "with (`aws ec2 describe-snapshots --snapshot-ids … --query Snapshots[].KmsKeyId`). "
            "Denials of several keys may stand together here."
        )
    yield from _notes_on_actions(denials)


def _notes_across_accounts(denials: Sequence[Denial]) -> Iterator[str]:
    first = denials[0]
    if not first.cross_account:
        return
    hopeless = _events(d for d in denials if works_in_own_account_only(d))
    if hopeless:
        yield (
            f"{hopeless} never works across accounts: the caller is of account "
            f"{first.event.account}, the key of {first.key_account}."
        )
    if first.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE:
        yield (
            "The key belongs to another account, and a service-linked role takes no IAM policy: "
            "after the key policy, someone in the role's account must make the grant below."
        )
    else:
        yield (
            "The key belongs to another account: both halves are needed, this statement in the "
            "key policy there and the IAM policy below in the caller's own account."
        )


def _hints_of_credentials(denials: Sequence[Denial]) -> Iterator[str]:
    """Say whose the access keys seem to be, where that is not what the rows say."""
    for owner in dict.fromkeys(denial.credential_account for denial in denials):
        accounts = {d.event.account for d in denials if d.credential_account == owner}
        if owner is None or accounts == {owner}:
            continue
        yield (
            f"A hint: the access key seems to belong to account {owner}"
            + (
                ", so the call may be from another account: then both the key policy and an IAM "
                "policy over there must allow it"
                if None not in accounts
                else ""
            )
            + ". AWS does not document how a key tells its account."
        )


def _how_to_find_principal(denials: Sequence[Denial]) -> str:
    if role := denials[0].principal.role_name:
        return (
            f"Replace the placeholder: the role's name is {role}, its path is not known. `aws iam "
            f"get-role --role-name {role} --query Role.Arn` shows the ARN, which can be given with "
            "--principal."
        )
    event_id = next((denial.event.event_id for denial in denials if denial.event.event_id), None)
    where = f"event {event_id}" if event_id else "one of the events"
    return (
        f"Replace the placeholder. Open {where} in CloudTrail's Event history: in its record, "
        "userIdentity.sessionContext.sessionIssuer.arn is the role to name, and userIdentity.arn "
        "is a user's own ARN. Never paste the assumed-role ARN of a session."
    )


def _notes_on_actions(denials: Sequence[Denial]) -> Iterator[str]:
    direct = _events(
        denial
        for denial in denials
        if denial.statement_kind is StatementKind.GRANTS and denial.called_directly
    )
    if direct:
        yield (
            f"{direct} was called directly, not through an AWS service: the grants statement does "
            "not cure that, since its condition kms:GrantIsForAWSResource is then false. Whoever "
            "must manage grants by hand needs an IAM policy where the key policy delegates to the "
            "account, or must be a key administrator."
        )
    unknown_via = [
        denial
        for denial in denials
        if denial.statement_kind is StatementKind.GRANTS and not denial.via_known
    ]
    if unknown_via:
        yield (
            "The export has no Source IP address, so it does not show whether an AWS service made "
            "the call. The grants statement cures it only if one did."
        )
    administration = _events(
        denial for denial in denials if denial.statement_kind is StatementKind.ADMINISTRATION
    )
    if administration:
        yield (
            f"{administration} is key administration, which neither of the two statements gives: "
            "make the principal a key administrator, if that is meant."
        )
    for denial in denials:
        action = kms_action(denial.event.name)
        if action.kind is StatementKind.IDENTITY_ONLY:
            yield (
                f"{action.event_name}: no key policy can allow it"
                + (f" ({action.note})" if action.note else "")
                + ". Allow it in an IAM policy of the principal's own account."
            )
        elif action.kind is StatementKind.OTHER:
            yield f"{action.event_name}: {action.note or 'neither statement gives it'}."


def _events(denials: Iterator[Denial]) -> str:
    return ", ".join(dict.fromkeys(denial.event.name for denial in denials))


def console_steps(
    denials: Sequence[Denial], offered: Sequence[OfferedStatement]
) -> tuple[str, ...]:
    """Return the way through the KMS console, where a key user or administrator is to be added."""
    first = denials[0]
    administration = any(d.statement_kind is StatementKind.ADMINISTRATION for d in denials)
    by_default_view = [s for s in offered if "(" not in s.document["Sid"]]
    if not offered and not administration:
        return ()
    region = first.event.region or "the Region of the volume"
    steps = [
        f"Open the KMS console in {region}, Customer managed keys, and choose "
        f"{first.key.id or first.key.alias or 'the key of the snapshot or volume'}.",
    ]
    who = _who(first)
    if by_default_view:
        steps.append(f"Under Key policy, Key users, choose Add and add {who}.")
        steps.append(
            "This puts the principal into both statements. Where there is no list of key users, "
            "choose Switch to policy view, Edit, and paste the JSON."
        )
    elif offered:
        steps.append(
            "Under Key policy, choose Switch to policy view, Edit, and paste the JSON: Key users, "
            "Add would give other actions than these."
        )
    if administration:
        steps.append(f"Under Key policy, Key administrators, choose Add and add {who}.")
    return tuple(steps)


def _who(denial: Denial) -> str:
    principal = denial.principal
    match principal.kind:
        case PrincipalKind.USER if principal.arn:
            return f"the user {principal.arn.rpartition('/')[2]}"
        case PrincipalKind.ROLE | PrincipalKind.SERVICE_LINKED_ROLE if principal.arn:
            return f"the role {principal.arn.rpartition('/')[2]}"
        case PrincipalKind.INSTANCE_ROLE:
            return "the role of the instance's profile"
        case PrincipalKind.ROOT:
            return "the user or role that is to do the work instead of root"
    return "the user or role behind the session"


def alternatives(
    denials: Sequence[Denial], offered: Sequence[OfferedStatement]
) -> tuple[Alternative, ...]:
    """Return what would do instead of, or beside, an edit of the key policy."""
    principal, key = denials[0].principal, denials[0].key
    if denials[0].cross_account and principal.kind is PrincipalKind.SERVICE_LINKED_ROLE and offered:
        return (_create_grant(denials[0]),)
    if principal.kind in _WITHOUT_IAM_POLICY:
        return ()
    found = []
    if identity_only := [d for d in denials if d.statement_kind is StatementKind.IDENTITY_ONLY]:
        actions = dict.fromkeys(action for d in identity_only for action in d.iam_actions)
        found.append(
            Alternative(
                title="IAM policy for what no key policy can allow",
                text="Attach this to the principal.",
                statements=({"Effect": "Allow", "Action": list(actions), "Resource": "*"},),
            )
        )
    if offered:
        resource = key.arn or placeholders.KEY
        statements = tuple(_for_iam(s.document, resource) for s in offered)
        if denials[0].cross_account:
            title = "The other half: an IAM policy in the caller's account"
            text = "Needed beside the key policy of the other account."
        else:
            title = "IAM policy instead of the key policy"
            text = (
                "Enough where the key policy delegates to the account (a statement for its :root "
                "principal), as console-made policies do; no use where it does not."
            )
        found.append(Alternative(title=title, text=text, statements=statements))
    return tuple(found)


def _create_grant(denial: Denial) -> Alternative:
    """Return the command that gives a service-linked role the use of another account's key."""
    words = [
        "aws kms create-grant",
        f"--region {denial.event.region}",
        f"--key-id {denial.key.arn}",
        f"--grantee-principal {denial.principal.arn}",
        f"--operations {' '.join(SERVICE_ROLE_GRANT_OPERATIONS)}",
    ]
    return Alternative(
        title="The other half: a grant, made in the role's account",
        text="To be run there by someone whom an IAM policy allows kms:CreateGrant on the key: "
        + " ".join(words),
    )


def _for_iam(statement: dict[str, Any], resource: str) -> dict[str, Any]:
    """Turn a key-policy statement into one of an IAM policy: no Principal, the key as Resource."""
    kept = ("Effect", "Action", "Resource", "Condition")
    return {name: statement[name] for name in kept if name in statement} | {"Resource": resource}
