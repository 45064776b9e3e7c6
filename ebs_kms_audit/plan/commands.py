"""The shell commands of a step: apply, verify, undo. Nothing is run here.

Each command is built by `aws.commands.command`, which quotes every word. Comments hold fixed text
only, never a text from a log or a policy.

Sources: AWS KMS API Reference, "GetKeyPolicy", "PutKeyPolicy" (it replaces the whole document),
"CreateGrant", "ListGrants", "RevokeGrant"; AWS KMS Developer Guide, "Testing your permissions"
(DryRun); AWS CLI Command Reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.aws.commands import command
from ebs_kms_audit.aws.statements import SERVICE_ROLE_GRANT_OPERATIONS
from ebs_kms_audit.plan import placeholders
from ebs_kms_audit.plan.step import Commands, Step

# The name of the inline policy that an iam_policy step attaches.
INLINE_POLICY = "UseOfTheKmsKey"
BEFORE, AFTER, PRESENT = "before.json", "after.json", "present.json"

# Calls that can be tried without being made, with arguments that need no more than the key.
_DRY_RUNS = (
    ("kms:GenerateDataKeyWithoutPlaintext",
     ("generate-data-key-without-plaintext", "--key-spec", "AES_256")),
    ("kms:GenerateDataKey", ("generate-data-key", "--key-spec", "AES_256")),
    ("kms:Encrypt", ("encrypt", "--plaintext", "dGVzdA==")),
)  # fmt: skip


def on_key(step: Step) -> tuple[str, ...]:
    """Return the options that name the Region and the key of a step."""
    return (
        "--region",
        step.region or placeholders.REGION,
        "--key-id",
        step.target or placeholders.KEY,
    )


def get_key_policy(step: Step) -> str:
    """Return the command that prints the present key policy."""
    return command(
        *("aws", "kms", "get-key-policy", *on_key(step), "--policy-name", "default"),
        *("--query", "Policy", "--output", "text"),
    )


def put_key_policy(step: Step, file: str) -> str:
    """Return the command that replaces the key policy by the document in a file."""
    return command(
        *("aws", "kms", "put-key-policy", *on_key(step), "--policy-name", "default"),
        *("--policy", f"file://{file}"),
    )


def of_key_policy(step: Step) -> Commands:
    """Return the commands of a key_policy step.

    They contain put-key-policy only if the key and its present policy are known.
    """
    save = f"{get_key_policy(step)} > {PRESENT}"
    if step.document is None or step.target is None:
        return Commands(
            apply=_lines("# Get the present key policy. Then run the audit with it.", save)
        )
    return Commands(
        apply=_lines(
            "# Save the present key policy. Stop if it is not the judged one.",
            save,
            "# Put the new key policy, the whole document.",
            put_key_policy(step, AFTER),
        ),
        verify=_lines(get_key_policy(step), *_dry_runs(step)),
        undo=_lines("# Put the previous key policy.", put_key_policy(step, BEFORE)),
    )


def _dry_runs(step: Step) -> Iterator[str]:
    """Give a dry run for a caller who can run it. Nobody can sign in as a service-linked role."""
    if not any(is_assumable(principal) for principal in step.principals):
        return
    allowed = {one.action for one in step.proof.newly_allowed} if step.proof else set()
    for action, words in _DRY_RUNS:
        if action in allowed:
            yield "# As the caller: DryRunOperationException means that the call is allowed."
            yield command("aws", "kms", *words, *on_key(step), "--dry-run")
            return


def is_assumable(principal: str) -> bool:
    """Return whether a person can sign in as the principal, or assume it."""
    return "/aws-service-role/" not in principal and not principal.endswith(":root")


def of_grant(step: Step) -> Commands:
    """Return the commands that create, list and revoke the grant of a service-linked role."""
    role = step.principals[0] if step.principals else placeholders.ROLE
    return Commands(
        apply=_lines(create_grant(step, role)),
        verify=_lines(
            "# The account of the key can always run this, if the caller has kms:ListGrants.",
            command("aws", "kms", "list-grants", *on_key(step), "--grantee-principal", role),
        ),
        undo=_lines(
            "# create-grant printed the grant id.",
            command(
                "aws", "kms", "revoke-grant", *on_key(step), "--grant-id", placeholders.GRANT_ID
            ),
        ),
    )


def create_grant(step: Step, role: str) -> str:
    """Return the command that gives a service-linked role the use of another account's key.

    Source: EC2 Auto Scaling User Guide, "Required KMS key policy for use with encrypted volumes".
    """
    return command(
        *("aws", "kms", "create-grant", *on_key(step), "--grantee-principal", role),
        *("--operations", *SERVICE_ROLE_GRANT_OPERATIONS),
    )


def of_iam_policy(step: Step, name: str) -> Commands:
    """Return the commands that attach an inline policy of this name to users and roles."""
    apply: list[str] = []
    verify: list[str] = []
    undo: list[str] = []
    for principal in step.principals:
        if (who := identity(principal)) is None:
            continue
        kind, options = who
        named = (*options, "--policy-name", name)
        apply.append(
            command(
                "aws", "iam", f"put-{kind}-policy", *named, "--policy-document", f"file://{AFTER}"
            )
        )
        verify.append(command("aws", "iam", f"get-{kind}-policy", *named))
        undo.append(command("aws", "iam", f"delete-{kind}-policy", *named))
    return Commands(apply=_lines(*apply), verify=_lines(*verify), undo=_lines(*undo))


def identity(principal: str) -> tuple[str, tuple[str, str]] | None:
    """Return `user` or `role` and the option that names it; None for anything else."""
    arn = Arn.parse(principal)
    if arn is None or arn.resource_type not in ("user", "role"):
        return None
    kind = arn.resource_type
    return kind, (f"--{kind}-name", arn.name)


def of_key_state(step: Step, words: Iterable[str]) -> Commands:
    """Return the command that makes the key usable, and the one that shows its state."""
    state = command("aws", "kms", "describe-key", *on_key(step), "--query", "KeyMetadata.KeyState")
    change = [command("aws", "kms", word, *on_key(step)) for word in words]
    return Commands(apply=_lines(*change), verify=_lines(state))


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
