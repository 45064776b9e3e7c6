"""Step: one change to one document, or one action in one account, that cures named findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model.display import Displayed

if TYPE_CHECKING:
    from ebs_kms_audit.plan.change import Proof
    from ebs_kms_audit.plan.export import ExportsOf
    from ebs_kms_audit.plan.key_policy import KeyPolicyChange
    from ebs_kms_audit.policy import KeyPolicy


class StepKind(StrEnum):
    """What a step changes."""

    KEY_POLICY = "key_policy"
    IAM_POLICY = "iam_policy"
    GRANT = "grant"
    SERVICE_LINKED_ROLE = "service_linked_role"
    KEY_STATE = "key_state"
    INVESTIGATE = "investigate"


class Disposition(StrEnum):
    """Whether a step can be applied as it is. Only a key_policy step can be `safe`."""

    SAFE = "safe"
    REVIEW = "review"


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """Shell text, each command quoted word by word; empty text where there is none."""

    apply: str = ""
    verify: str = ""
    undo: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A principal that a step cannot name yet.

    name         the name in the log
    finding      the id of its finding
    why          why its ARN is unknown
    how_to_find  the command or the clicks that show the ARN
    """

    name: str
    finding: str
    why: str
    how_to_find: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportTexts:
    """The statements of a step in the formats of other tools, as texts.

    terraform       the statements as HCL; None where there are none
    cloudformation  the statements as JSON for a template; None where there are none
    """

    terraform: str | None
    cloudformation: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Displayed):
    """One change to one document, with everything to do it, check it and undo it.

    id              stable id, unique in the plan
    kind            what is changed
    text            one sentence: what to do
    account         the account in which the step is done, 12 digits; None where unknown
    region          the AWS Region of the key; None where unknown
    target          the full ARN of the key (of an iam_policy step: the key in its Resource)
    disposition     safe or review
    reasons         why it is `review`, each one sentence; empty where it is safe
    findings        the ids of the findings whose principals are in the statements
    principals      the ARNs that the step is for
    left_out        principals that cannot be named yet: name, why, and how to find the ARN
    alternative_to  the id of the step that this one can replace; None
    statements      the statements to add, as policy JSON
    needs           why each statement is there, one sentence each, in their order
    before          the document that was judged; None where it is not known
    document        the whole new document; None where the present one is not known
    diff            the change as a unified diff; None
    patch           the change as RFC 6902 operations; empty where there is none
    proof           what the change allows and what it takes away; None where nothing was judged
    console_steps   the way through the AWS console
    commands        how to apply, verify and undo it in a shell
    exports         the statements in other formats, made when they are asked for; None where there
                    are none
    afterwards      what to do when the step is done
    change          what `apply` needs; None where the step does not change a key policy
    """

    _view: ClassVar[str] = "step"

    id: str
    kind: StepKind
    text: str
    account: str | None = None
    region: str | None = None
    target: str | None = None
    disposition: Disposition = Disposition.REVIEW
    reasons: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    alternative_to: str | None = None
    statements: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    needs: tuple[str, ...] = ()
    before: Mapping[str, Any] | None = field(default=None, hash=False)
    document: dict[str, Any] | None = field(default=None, hash=False)
    diff: str | None = None
    patch: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    proof: Proof | None = None
    console_steps: tuple[str, ...] = ()
    commands: Commands = Commands()
    exports: ExportsOf | ExportTexts | None = field(default=None, repr=False, compare=False)
    afterwards: tuple[str, ...] = ()
    change: KeyPolicyChange | None = field(default=None, repr=False, compare=False)

    @property
    def terraform(self) -> str | None:
        """The statements as HCL; None where there are none."""
        return self.exports.terraform if self.exports else None

    @property
    def cloudformation(self) -> str | None:
        """The statements as JSON for a CloudFormation template; None where there are none."""
        return self.exports.cloudformation if self.exports else None

    @property
    def changed(self) -> bool:
        """Whether the new document differs from the present one."""
        return bool(self.patch)

    def apply(self, policy: KeyPolicy | Mapping[str, Any] | str) -> Step:
        """Return this step for the given present policy of the key.

        `policy` is a KeyPolicy, a document, or its JSON text, and is not changed. The result has
        the new document, its diff, patch, proof and commands.

        Raises PolicyError if it is not a policy, and UsageError if this is not a key_policy step.
        """
        if self.change is None:
            raise UsageError(f"{self.id} does not change a key policy. Apply a key_policy step.")
        return self.change.applied(self, policy)
