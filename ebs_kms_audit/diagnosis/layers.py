"""The policies beside the key policy that were given to an audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ebs_kms_audit.model import Denial


class Layers(NamedTuple):
    """The policies beside the key policy that were given to the audit. None: not given.

    iam_policies    IAM policies by the ARN of the principal; under None those for every caller
    boundary        the permissions boundary of the callers
    session_policy  the session policy of the callers
    scps            service control policies, one list for each level
    rcps            resource control policies, one list for each level
    """

    iam_policies: Mapping[str | None, tuple[Any, ...]] = {}
    boundary: tuple[Any, ...] | None = None
    session_policy: tuple[Any, ...] | None = None
    scps: tuple[Any, ...] | None = None
    rcps: tuple[Any, ...] | None = None

    def of(self, denial: Denial) -> dict[str, Any]:
        """Return the layers for one caller, as keyword arguments of `evaluate`."""
        named = self.iam_policies.get(denial.principal.arn, self.iam_policies.get(None))
        return {
            "identity_policies": named,
            "permissions_boundary": self.boundary,
            "session_policy": self.session_policy,
            "service_control_policies": self.scps,
            "resource_control_policies": self.rcps,
        }
