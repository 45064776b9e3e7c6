"""What to get next, by cause: why it settles the matter, and the command, least effort first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from ebs_kms_audit.aws.arns import Arn, is_iam_name
from ebs_kms_audit.aws.commands import command
from ebs_kms_audit.diagnosis.case import DenialCause
from ebs_kms_audit.diagnosis.cause import CauseId, Half, NextEvidence
from ebs_kms_audit.model import Denial, PolicyType, PrincipalKind

_POLICY_ID = re.compile(r"p-[a-z0-9]{8,128}")
_KEY = "KEY_ARN"
"""Stands in a command for the ARN of a key that is not known."""

_AROUND = timedelta(minutes=15)

Evidence = Iterator[NextEvidence]


def next_evidence(
    cause: DenialCause, denial: Denial, *, iam_given: bool = False
) -> tuple[NextEvidence, ...]:
    """Return what to get next for a cause, the least effort first.

    `iam_given` says that the IAM policies of the caller were given.
    """
    found = list(_by_authorization_id(denial))
    builder = _BY_CAUSE.get(cause.id)
    if builder is not None:
        found += builder(cause, denial)
    if iam_given:
        known = list(_iam_policies(denial))
        found = [one for one in found if one not in known]
    return tuple(dict.fromkeys(found))


# --- single pieces of evidence


def _records(denial: Denial) -> Evidence:
    """Yield the records of the KMS events within 15 minutes of the denial."""
    if denial.message is not None and denial.message.policy_type is not None:
        return
    span = _around(denial.event.time)
    yield NextEvidence(
        what="the records of the same events, as JSON",
        why="The error message of a record names the type of policy that denied the call.",
        command=f"{_LOOKUP} {span}{_region_option(denial.event.region)}"
        if span
        else "CloudTrail console > Event history > Event source = kms.amazonaws.com > "
        "Download events > Download JSON",
    )


_LOOKUP = (
    "aws cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=EventSource,AttributeValue=kms.amazonaws.com"
)


def _key_policy(denial: Denial) -> Evidence:
    yield _policy_of(_key(denial), denial.event.region)


def _default_key(denial: Denial) -> Evidence:
    yield NextEvidence(
        what="the default key for EBS encryption in this account and Region",
        why="A volume without a named key uses it, and it may be another key than the edited one.",
        command=command("aws", "ec2", "get-ebs-default-kms-key-id", *_region(denial)),
    )


def _key_state(denial: Denial) -> Evidence:
    yield _state_of(_key(denial), denial.event.region)


def _grants(denial: Denial) -> Evidence:
    yield NextEvidence(
        what="the grants on the key",
        why="They show whether the caller has a grant, and for which volume.",
        command=command("aws", "kms", "list-grants", "--key-id", _key(denial), *_region(denial)),
    )


def _iam_policies(denial: Denial) -> Evidence:
    if denial.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE:
        return
    kind, name = _iam_name(denial)
    if name is None:
        return
    yield NextEvidence(
        what=f"the IAM policies of the {kind}",
        why="They show whether IAM allows the action; give them as --iam-policy ARN=FILE.",
        command=command("aws", "iam", f"list-attached-{kind}-policies", f"--{kind}-name", name)
        + " && "
        + command("aws", "iam", f"list-{kind}-policies", f"--{kind}-name", name),
    )


def _boundary(denial: Denial) -> Evidence:
    kind, name = _iam_name(denial)
    if name is None:
        return
    field = "Role" if kind == "role" else "User"
    yield NextEvidence(
        what=f"the permissions boundary of the {kind}",
        why="It must allow the action beside the other policies.",
        command=command(
            "aws", "iam", f"get-{kind}", f"--{kind}-name", name,
            "--query", f"{field}.PermissionsBoundary",
        ),
    )  # fmt: skip


def _session_policy(denial: Denial) -> Evidence:
    yield NextEvidence(
        what="the AssumeRole event of the session",
        why="Its request parameters hold the session policy.",
        command=command(
            "aws", "cloudtrail", "lookup-events", "--lookup-attributes",
            "AttributeKey=EventName,AttributeValue=AssumeRole", *_region(denial),
        ),
    )  # fmt: skip


def _organization_policy(policy_type: PolicyType) -> Callable[[Denial], Evidence]:
    service = policy_type is PolicyType.SERVICE_CONTROL
    kind = "SERVICE_CONTROL_POLICY" if service else "RESOURCE_CONTROL_POLICY"

    def evidence(denial: Denial) -> Evidence:
        named = _policy_id(denial)
        target = (denial.caller_account if service else denial.key_account) or "ACCOUNT_ID"
        yield NextEvidence(
            what=f"the {policy_type}",
            why="Its statements show which one denies the call, and for whom.",
            command=command("aws", "organizations", "describe-policy", "--policy-id", named)
            if named
            else command(
                "aws", "organizations", "list-policies-for-target",
                "--target-id", target, "--filter", kind,
            ),
        )  # fmt: skip

    return evidence


def _endpoint_policy(denial: Denial) -> Evidence:
    service = f"com.amazonaws.{denial.event.region or 'REGION'}.kms"
    yield NextEvidence(
        what="the policies of the VPC endpoints for KMS",
        why="A call through an endpoint needs the permission of the endpoint's policy.",
        command=command(
            "aws", "ec2", "describe-vpc-endpoints",
            "--filters", f"Name=service-name,Values={service}", *_region(denial),
        ),
    )  # fmt: skip


def _by_authorization_id(denial: Denial) -> Evidence:
    message = denial.message
    if message is None or message.authorization_id is None:
        return
    region = message.authorization_region
    yield NextEvidence(
        what="AWS's own evaluation of the request",
        why="It names the statement that decided. AWS keeps it for at least 24 hours.",
        command=command(
            "aws", "iam-toolbox", "get-request-authorization-details",
            "--authorization-id", message.authorization_id,
            *(("--region", region) if region else ()),
        ),
    )  # fmt: skip


# --- of a key: the same for all callers


@lru_cache(maxsize=100)
def _policy_of(key: str, region: str | None) -> NextEvidence:
    words = "aws", "kms", "get-key-policy", "--key-id", key, "--policy-name", "default"
    return NextEvidence(
        what="the present policy of the denied key",
        why="It shows whether a statement allows the call.",
        command=f"{command(*words)}{_region_option(region)} --query Policy --output text",
    )


@lru_cache(maxsize=100)
def _state_of(key: str, region: str | None) -> NextEvidence:
    words = "aws", "kms", "describe-key", "--key-id", key
    return NextEvidence(
        what="the state of the key",
        why="A key that is disabled, pending deletion or pending import cannot be used.",
        command=f"{command(*words)}{_region_option(region)}",
    )


# --- by cause


def _for_other_policy(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _LIMITS.get(cause.policy_type, _records)(denial)


def _for_explicit_deny(cause: DenialCause, denial: Denial) -> Evidence:
    if cause.policy_type is PolicyType.IDENTITY_BASED:
        yield from _iam_policies(denial)
    elif not cause.by_policy:
        yield from _key_policy(denial)
    if cause.policy_type is None:
        yield from _iam_policies(denial)


def _for_missing_half(cause: DenialCause, denial: Denial) -> Evidence:
    if not cause.by_policy:
        yield from _key_policy(denial)
    if Half.GRANT in cause.missing:
        yield from _grants(denial)
    if Half.IAM_POLICY in cause.missing or Half.KEY_POLICY in cause.missing:
        yield from _iam_policies(denial)


def _for_other_key(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _key_policy(denial)
    yield from _default_key(denial)


def _for_conflict(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _key_policy(denial)
    yield from _records(denial)
    if denial.ebs_traffic:
        yield from _default_key(denial)
    yield from _iam_policies(denial)


def _for_no_statement(cause: DenialCause, denial: Denial) -> Evidence:
    if not cause.by_policy:
        yield from _key_policy(denial)
    if not cause.by_message:
        yield from _records(denial)


def _for_unknown(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _records(denial)
    yield from _key_policy(denial)
    yield from _key_state(denial)


def _for_managed_key(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _default_key(denial)


def _for_infrastructure(cause: DenialCause, denial: Denial) -> Evidence:
    if cause.variant == "limited":
        yield from _LIMITS.get(cause.policy_type, _key_policy)(denial)
        return
    yield from _records(denial)
    yield from _grants(denial)
    yield from _key_policy(denial)


def _for_iam_policy(cause: DenialCause, denial: Denial) -> Evidence:
    if not cause.by_policy:
        yield from _key_policy(denial)
    yield from _iam_policies(denial)


def _for_key_state(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _key_state(denial)
    yield from _records(denial)


def _for_not_grantable(cause: DenialCause, denial: Denial) -> Evidence:
    if cause.variant == "identity_only":
        yield from _iam_policies(denial)
    elif cause.variant == "grant":
        yield from _grants(denial)


def _for_condition(cause: DenialCause, denial: Denial) -> Evidence:
    yield from _records(denial)


def _for_direct_call(cause: DenialCause, denial: Denial) -> Evidence:
    if not cause.by_message:
        yield from _records(denial)


_LIMITS: dict[PolicyType | None, Callable[[Denial], Evidence]] = {
    PolicyType.SERVICE_CONTROL: _organization_policy(PolicyType.SERVICE_CONTROL),
    PolicyType.RESOURCE_CONTROL: _organization_policy(PolicyType.RESOURCE_CONTROL),
    PolicyType.PERMISSIONS_BOUNDARY: _boundary,
    PolicyType.SESSION: _session_policy,
    PolicyType.VPC_ENDPOINT: _endpoint_policy,
}

_BY_CAUSE: dict[CauseId, Callable[[DenialCause, Denial], Evidence]] = {
    CauseId.INFRASTRUCTURE: _for_infrastructure,
    CauseId.NOT_GRANTABLE: _for_not_grantable,
    CauseId.AWS_MANAGED_KEY: _for_managed_key,
    CauseId.OTHER_POLICY: _for_other_policy,
    CauseId.OTHER_KEY: _for_other_key,
    CauseId.EXPLICIT_DENY: _for_explicit_deny,
    CauseId.DIRECT_GRANT_CALL: _for_direct_call,
    CauseId.CONDITION_NOT_MET: _for_condition,
    CauseId.CONFLICTING_EVIDENCE: _for_conflict,
    CauseId.CROSS_ACCOUNT_HALF_MISSING: _for_missing_half,
    CauseId.NO_STATEMENT: _for_no_statement,
    CauseId.IAM_POLICY_MISSING: _for_iam_policy,
    CauseId.KEY_UNUSABLE: _for_key_state,
    CauseId.UNKNOWN: _for_unknown,
}


# --- words of commands


def _around(time: datetime | None) -> str | None:
    """Return the options for 15 minutes before and after a time; None without a time zone."""
    if time is None or time.tzinfo is None:
        return None
    try:
        begin, end = _utc_text(time - _AROUND), _utc_text(time + _AROUND)
    except OverflowError:
        return None
    return f"--start-time {begin} --end-time {end}"


def _utc_text(time: datetime) -> str:
    return f"{time.isoformat()[:19]}Z"


def _key(denial: Denial) -> str:
    return denial.key.arn or denial.key.id or denial.key.alias or _KEY


def _region(denial: Denial) -> tuple[str, ...]:
    region = denial.event.region
    return ("--region", region) if region else ()


def _region_option(region: str | None) -> str:
    """Return the option for a Region, after a space; empty where the Region is not known."""
    return f" {command('--region', region)}" if region else ""


def _iam_name(denial: Denial) -> tuple[str, str | None]:
    """Return `user` or `role`, and the name of it; None where the name is not known."""
    principal = denial.principal
    arn = Arn.parse(principal.arn)
    name = arn.name if arn and arn.resource_type in ("user", "role") else principal.role_name
    kind = "user" if principal.kind is PrincipalKind.USER else "role"
    return kind, name if is_iam_name(name) else None


def _policy_id(denial: Denial) -> str | None:
    """Return the id of the SCP or RCP that the message names."""
    arn = Arn.parse(denial.message.policy_arn) if denial.message else None
    return arn.name if arn and _POLICY_ID.fullmatch(arn.name) else None
