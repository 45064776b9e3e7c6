"""The policies beside the key policy, and which of them apply to a caller.

Source: IAM User Guide, "Policy evaluation logic" and "Create a service-linked role".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ebs_kms_audit.checking.callers import CheckedCaller
from ebs_kms_audit.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherPolicies:
    """The policies beside the key policy, as `evaluate` takes them; None is not known.

    `identity` holds IAM policies by the ARN of their user or role; under None those of every
    caller.
    """

    identity: Mapping[str | None, Sequence[Any]] = field(default_factory=dict)
    permissions_boundary: Any = None
    session_policy: Any = None
    service_control_policies: Any = None
    resource_control_policies: Any = None

    @classmethod
    def of(cls, identity_policies: Any, **others: Any) -> OtherPolicies:
        """Return the policies as `check` takes them: `identity_policies` is one or several.

        It may also be a mapping of ARN to policies.
        """
        return cls(identity=_by_arn(identity_policies), **others)

    def for_caller(self, caller: CheckedCaller) -> dict[str, Any]:
        """Return the policies that apply to a caller, as keyword arguments of `evaluate`."""
        return {"identity_policies": self._identity(caller)} | self.of_callers

    def check_used(self, callers: Iterable[CheckedCaller]) -> None:
        """Check that each IAM policy is of one of the callers. Raises UsageError."""
        known = {caller.arn for caller in callers}
        for arn in self.identity:
            if arn is not None and arn not in known:
                nearest = get_close_matches(arn, known, n=1)
                hint = f" Did you mean {nearest[0]}?" if nearest else ""
                raise UsageError(
                    f"{arn} is not one of the principals.{hint}", source="--iam-policy"
                )

    @property
    def of_callers(self) -> dict[str, Any]:
        """The policies that apply to every caller, apart from IAM policies."""
        return {
            "permissions_boundary": self.permissions_boundary,
            "session_policy": self.session_policy,
        } | self.of_organization

    @property
    def of_organization(self) -> dict[str, Any]:
        """The policies of the organization, which apply to every caller."""
        return {
            "service_control_policies": self.service_control_policies,
            "resource_control_policies": self.resource_control_policies,
        }

    def _identity(self, caller: CheckedCaller) -> Sequence[Any] | None:
        if caller.service_linked:  # it takes no policy of a customer
            return None if caller.aws_policy else ()
        given = [*self.identity.get(None, ()), *self.identity.get(caller.arn, ())]
        return given or None


def _by_arn(given: Any) -> dict[str | None, Sequence[Any]]:
    if given is None:
        return {}
    if isinstance(given, Mapping) and "Statement" not in given:
        return {arn: _listed(policies) for arn, policies in given.items()}
    return {None: _listed(given)}


def _listed(policies: Any) -> Sequence[Any]:
    return list(policies) if isinstance(policies, list | tuple) else [policies]
