"""The options of an audit: what its caller gives beside the inputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from ebs_kms_audit.diagnosis.layers import Layers
from ebs_kms_audit.identify import Overrides, PastedMessage, PastedTexts
from ebs_kms_audit.reading.documents import Documents
from ebs_kms_audit.reading.window import window_around

if TYPE_CHECKING:
    import pandas as pd

    from ebs_kms_audit.diagnosis.unused import Unused
    from ebs_kms_audit.model import Denials, Window
    from ebs_kms_audit.policy import Policy
    from ebs_kms_audit.reading.key_policies import GivenPolicy


class ArrowStream(Protocol):
    """An object that gives an Arrow stream: a pyarrow Table, a Polars or a pandas DataFrame."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the stream as a PyCapsule."""


Input: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str] | pd.DataFrame | ArrowStream"
"""One input: a path, a folder, a pattern, an open file, or a table."""

Inputs: TypeAlias = "Input | Iterable[Input]"

PolicyInput: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Policy"
"""One policy: a path, a document as a mapping, or a parsed policy."""

PolicyInputs: TypeAlias = (
    "PolicyInput | Iterable[PolicyInput | Iterable[PolicyInput]] | Mapping[str, PolicyInput]"
)
"""One policy, several, levels of several, or a mapping of a key's or principal's ARN to one."""


class AuditOptions(NamedTuple):
    """What the caller of an audit gives beside the inputs, checked.

    policies         the key policies
    overrides        principals, key and messages that the input does not show
    window           the span of time that is audited; None for all of the input
    least_privilege  whether statements hold only the required actions
    redact           whether the report holds stand-ins
    layers           the policies beside the key policy
    """

    policies: Sequence[GivenPolicy]
    overrides: Overrides
    window: Window | None
    least_privilege: bool
    redact: bool
    layers: Layers = Layers()

    @classmethod
    def of(
        cls,
        key_policies: PolicyInputs | None,
        overrides: Overrides,
        around: str | date | None,
        minutes: float | None,
        least_privilege: bool,
        redact: bool,
        *,
        layers: Layers | None = None,
    ) -> AuditOptions:
        """Check the arguments of `audit()`.

        Raises UsageError for an argument, InputError for a policy that cannot be read.
        """
        return cls(
            overrides=overrides,
            policies=_key_policies(key_policies),
            window=window_around(around, minutes),
            least_privilege=least_privilege,
            redact=redact,
            layers=layers or Layers(),
        )

    def with_documents(self, documents: Documents) -> AuditOptions:
        """Add the key policies and error texts among the inputs."""
        pasted = self.overrides.pasted
        if documents.texts:
            from ebs_kms_audit.identify.pasted import read_texts  # an export has no text

            pasted += read_texts(documents.texts)
        if documents.descriptions:
            from ebs_kms_audit.context.descriptions import read_descriptions  # seldom needed

            pasted += read_descriptions(documents.descriptions)
        if documents.authorizations or documents.evaluations:
            from ebs_kms_audit.identify.authorizations import read_authorizations

            pasted += read_authorizations(documents.authorizations, documents.evaluations)
        return self._replace(
            policies=(*self.policies, *documents.policies),
            overrides=self.overrides._replace(pasted=pasted),
        )

    def with_messages(self, messages: Sequence[PastedMessage]) -> AuditOptions:
        """Add the access-denied messages that failed EC2 calls repeat."""
        if not messages:
            return self
        pasted = self.overrides.pasted + PastedTexts(messages)
        return self._replace(overrides=self.overrides._replace(pasted=pasted))

    def unused(self, denials: Denials, not_fitting: Sequence[PastedMessage]) -> tuple[Unused, ...]:
        """Return what was given and used by no denial, and the messages that fit no event."""
        given = self.overrides
        if not (
            self.policies or given.principals or given.key or self.layers.iam_policies
            or not_fitting
        ):  # fmt: skip
            return ()
        from ebs_kms_audit.diagnosis.unused import unused

        samples = denials.by_session().samples
        return unused(given, self.policies, self.layers, samples, not_fitting)


def _key_policies(given: Any) -> tuple[GivenPolicy, ...]:
    """Read the key policies. The judging of policies is imported only where there are any."""
    if given is None:
        return ()
    from ebs_kms_audit.reading.key_policies import read_policies

    return read_policies(given)


def layers_of(
    iam_policies: Any, boundary: Any, session_policy: Any, scps: Any, rcps: Any
) -> Layers:
    """Read the policies beside the key policy.

    Raises InputError for a policy that cannot be read, UsageError for an impossible principal.
    """
    if all(one is None for one in (iam_policies, boundary, session_policy, scps, rcps)):
        return Layers()
    from ebs_kms_audit.reading.policy_layers import read_iam_policies, read_policies_of

    return Layers(
        iam_policies=read_iam_policies(iam_policies),
        boundary=read_policies_of(boundary, "permissions boundary"),
        session_policy=read_policies_of(session_policy, "session policy"),
        scps=read_policies_of(scps, "service control policy"),
        rcps=read_policies_of(rcps, "resource control policy"),
    )
