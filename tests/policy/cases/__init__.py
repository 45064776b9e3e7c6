"""The words in which the tables of cases are written: one module a topic, each with CASES.

Every expectation is thought out from the AWS text that the case names as its source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ebs_kms_audit.model import Verdict
from ebs_kms_audit.policy import Request

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT, OTHER_ROOT = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Builder"
PATH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Builder"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Builder/monday"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bo"
OTHER_ROLE = f"arn:aws:iam::{OTHER}:role/Visitor"
OTHER_USER = f"arn:aws:iam::{OTHER}:user/cy"
LINKED = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling"
)

ALLOWED = Verdict.ALLOWED_NOW
DENIED = Verdict.EXPLICIT_DENY
UNDECIDED = Verdict.UNDECIDED
BLOCKED = Verdict.BLOCKED_ELSEWHERE
UNMET = Verdict.CONDITION_UNMET
DELEGATED = Verdict.DELEGATED_TO_IAM
MISSING = Verdict.MISSING_ALLOW
NOT_GRANTABLE = Verdict.NOT_GRANTABLE

# Where AWS says it.
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/"
_ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/"
PRINCIPAL = _IAM + "reference_policies_elements_principal.html"
NOT_PRINCIPAL = _IAM + "reference_policies_elements_notprincipal.html"
ACTION = _IAM + "reference_policies_elements_action.html"
NOT_ACTION = _IAM + "reference_policies_elements_notaction.html"
RESOURCE = _IAM + "reference_policies_elements_resource.html"
EFFECT = _IAM + "reference_policies_elements_effect.html"
VERSION = _IAM + "reference_policies_elements_version.html"
VARIABLES = _IAM + "reference_policies_variables.html"
OPERATORS = _IAM + "reference_policies_elements_condition_operators.html"
SET_OPERATORS = _IAM + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
CONDITION = _IAM + "reference_policies_elements_condition.html"
GLOBAL_KEYS = _IAM + "reference_policies_condition-keys.html"
LOGIC = _IAM + "reference_policies_evaluation-logic.html"
CROSS_LOGIC = _IAM + "reference_policies_evaluation-logic-cross-account.html"
IDENTIFIERS = _IAM + "reference_identifiers.html"
BOUNDARIES = _IAM + "access_policies_boundaries.html"
GRAMMAR = _IAM + "reference_policies_grammar.html"
DEFAULT_POLICY = _KMS + "key-policy-default.html"
KEY_POLICIES = _KMS + "key-policies.html"
KEY_POLICY_ELEMENTS = _KMS + "key-policy-overview.html"
EXTERNAL = _KMS + "key-policy-modifying-external-accounts.html"
KMS_KEYS = _KMS + "conditions-kms.html"
PERMISSIONS = _KMS + "kms-api-permissions-reference.html"
GRANTS = _KMS + "grants.html"
SCPS = _ORGANIZATIONS + "orgs_manage_policies_scps_evaluation.html"
RCPS = _ORGANIZATIONS + "orgs_manage_policies_rcps.html"
EBS = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
GRANT = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request, the policies, and what AWS's rules make of them.

    `decided` lists the statements that decided, by Sid; those of another layer as `layer:Sid`.
    `depends` is what the decision must name as open, None where that is not the point.
    """

    name: str
    source: str
    policy: Any
    verdict: Verdict
    decided: list[str]
    principal: str | None = ROLE
    action: str = "kms:Decrypt"
    resource: str | None = KEY
    context: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    request: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, Any] = field(default_factory=dict)
    depends: list[str] | None = None

    def asked(self) -> Request:
        return Request(
            principal=self.principal,
            action=self.action,
            resource=self.resource,
            context=self.context,
            context_complete=self.complete,
            **self.request,
        )


def statement(effect: str, sid: str, principal: Any, actions: Any, more: Any) -> dict[str, Any]:
    written: dict[str, Any] = {"Sid": sid, "Effect": effect}
    if principal is not None:
        written["Principal"] = (
            {"AWS": principal} if isinstance(principal, str | list) else principal
        )
    if actions is not None:
        written["Action"] = actions
    written |= {"Resource": "*"}
    return written | dict(more)


def allow(sid: str, principal: Any = None, actions: Any = "kms:*", **more: Any) -> dict[str, Any]:
    """An Allow; without a principal, as identity policies have it."""
    return statement("Allow", sid, principal, actions, more)


def deny(sid: str, principal: Any = None, actions: Any = "kms:*", **more: Any) -> dict[str, Any]:
    return statement("Deny", sid, principal, actions, more)


def policy(*statements: Any, version: str | None = "2012-10-17") -> dict[str, Any]:
    head = {"Version": version} if version else {}
    return head | {"Statement": list(statements)}


# Policies of the other layers.
ALL = policy(allow("All", actions="*"))
ONLY_S3 = policy(allow("S3", actions="s3:*"))
NO_DECRYPT = policy(allow("All", actions="*"), deny("No", actions="kms:Decrypt"))
FROM_INSIDE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
MAYBE = policy(allow("May", Condition=FROM_INSIDE))
MAYBE_NOT = policy(allow("All", actions="*"), deny("May", Condition=FROM_INSIDE))
BY_ACCOUNT, BY_ROLE, BY_USER = (
    policy(allow("Root", ROOT)),
    policy(allow("A", ROLE)),
    policy(allow("A", USER)),
)
BY_SESSION, BY_ANYONE = policy(allow("A", SESSION)), policy(allow("A", "*"))
IAM_ALLOWS = {"identity_policies": [policy(allow("I"))]}
IAM_DENIES = {"identity_policies": [policy(allow("I"), deny("J", actions="kms:Decrypt"))]}
NO_IAM = {"identity_policies": ()}


def layered(
    name: str,
    source: str,
    document: Any,
    verdict: Verdict,
    decided: list[str],
    *,
    principal: str = ROLE,
    depends: list[str] | None = None,
    **layers: Any,
) -> Case:
    """Return the case of a request with policies beside the key policy."""
    return Case(
        name=name,
        source=source,
        policy=document,
        verdict=verdict,
        decided=decided,
        principal=principal,
        depends=depends,
        layers=layers,
    )


def conditioned(
    name: str,
    condition: dict[str, Any],
    holds: bool | None,
    source: str,
    *,
    context: dict[str, Any] | None = None,
    version: str | None = "2012-10-17",
    action: str = "kms:CreateGrant",
    principal: str = ROLE,
    complete: bool = False,
    depends: list[str] | None = None,
) -> list[Case]:
    """Two cases of one condition, which holds, fails, or is not known: on an Allow and a Deny."""
    common: dict[str, Any] = {
        "source": source,
        "context": context or {},
        "action": action,
        "principal": principal,
        "complete": complete,
        "depends": depends,
    }
    on_allow, on_deny = {
        True: ((ALLOWED, ["A"]), (DENIED, ["D"])),
        False: ((UNMET, ["A"]), (ALLOWED, ["Base"])),
        None: ((UNDECIDED, ["A"]), (UNDECIDED, ["D"])),
    }[holds]
    named = allow("A", principal, Condition=condition)
    denied = deny("D", "*", Condition=condition)
    return [
        Case(
            name=f"{name} (Allow)",
            policy=policy(named, version=version),
            verdict=on_allow[0],
            decided=on_allow[1],
            **common,
        ),
        Case(
            name=f"{name} (Deny)",
            policy=policy(allow("Base", principal), denied, version=version),
            verdict=on_deny[0],
            decided=on_deny[1],
            **common,
        ),
    ]
