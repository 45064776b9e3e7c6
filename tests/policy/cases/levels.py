"""Several layers at once, each of which alone decides otherwise; and what only a few keys show."""

from . import (
    ACCOUNT,
    ACTION,
    ALL,
    ALLOWED,
    BLOCKED,
    BOUNDARIES,
    BY_ACCOUNT,
    CONDITION,
    DELEGATED,
    DENIED,
    FROM_INSIDE,
    GLOBAL_KEYS,
    IAM_ALLOWS,
    LOGIC,
    MAYBE,
    MISSING,
    NO_DECRYPT,
    NOT_PRINCIPAL,
    ONLY_S3,
    OTHER,
    PERMISSIONS,
    RESOURCE,
    ROLE,
    ROOT,
    SCPS,
    UNDECIDED,
    UNMET,
    USER,
    VARIABLES,
    Case,
    allow,
    conditioned,
    deny,
    policy,
)

_MAYBE_ANYONE = policy(allow("May", "*", Condition=FROM_INSIDE))
_MAYBE_DENY = policy(deny("MayNot", "*", Condition=FROM_INSIDE))
_SERVICE = "ec2.amazonaws.com"
_ALLOWING = {
    "identity_policies": IAM_ALLOWS["identity_policies"],
    "permissions_boundary": ALL,
    "session_policy": ALL,
    "service_control_policies": [[ALL], [ALL], [ALL]],
    "resource_control_policies": [policy(allow("R", "*", "*"))],
}


def _with(**layers):
    """Every layer allows, but for the given ones."""
    return _ALLOWING | layers


def _service(name, condition, verdict):
    return Case(
        name=name,
        source=GLOBAL_KEYS,
        policy=policy(allow("A", {"Service": _SERVICE}, Condition=condition)),
        principal=_SERVICE,
        verdict=verdict,
        decided=["A"],
    )


CASES = [
    Case(
        name="every layer allows",
        source=LOGIC,
        policy=BY_ACCOUNT,
        layers=_ALLOWING,
        verdict=ALLOWED,
        decided=["Root", "identity_policies:I"],
    ),
    # --- one of all layers denies, or one does not allow
    *(
        Case(
            name=f"every layer allows, and {place} denies",
            source=LOGIC,
            policy=BY_ACCOUNT,
            layers=_with(**{layer: denying}),
            verdict=DENIED,
            decided=[f"{layer}:No"],
        )
        for layer, place, denying in (
            ("identity_policies", "an IAM policy", [*IAM_ALLOWS["identity_policies"], NO_DECRYPT]),
            ("permissions_boundary", "the boundary", NO_DECRYPT),
            ("session_policy", "the session policy", NO_DECRYPT),
            ("service_control_policies", "the SCP of the root", [[NO_DECRYPT], [ALL], [ALL]]),
            ("service_control_policies", "the SCP of a unit", [[ALL], [NO_DECRYPT], [ALL]]),
            ("service_control_policies", "the SCP of the account", [[ALL], [ALL], [NO_DECRYPT]]),
            ("resource_control_policies", "an RCP", [policy(deny("No", "*", "kms:Decrypt"))]),
        )
    ),
    *(
        Case(
            name=f"every layer allows, but for {layer} ({place})",
            source=SCPS if layer.startswith("service") else LOGIC,
            policy=BY_ACCOUNT,
            layers=_with(**{layer: given}),
            verdict=BLOCKED,
            decided=["Root"],
            depends=[layer],
        )
        for layer, place, given in (
            ("permissions_boundary", "its only policy", ONLY_S3),
            ("session_policy", "its only policy", ONLY_S3),
            ("service_control_policies", "the first level", [[ONLY_S3], [ALL], [ALL]]),
            ("service_control_policies", "an inner level", [[ALL], [ONLY_S3], [ALL]]),
            ("service_control_policies", "the last level", [[ALL], [ALL], [ONLY_S3]]),
        )
    ),
    Case(
        name="whether the boundary allows is not known, the account named, IAM not known",
        source=BOUNDARIES,
        policy=BY_ACCOUNT,
        layers={"permissions_boundary": MAYBE},
        verdict=UNDECIDED,
        decided=["permissions_boundary:May"],
        depends=["aws:SourceIp", "identity_policies"],
    ),
    *(
        Case(
            name=f"whether the {name} is not known",
            source=LOGIC,
            policy=BY_ACCOUNT,
            layers=_with(**{layer: document}),
            verdict=verdict,
            decided=decided,
            depends=depends,
        )
        for name, layer, document, verdict, decided, depends in (
            ("SCP allows", "service_control_policies", [[ALL], [MAYBE]], UNDECIDED,
             ["service_control_policies:May"], ["aws:SourceIp"]),
            # RCPs deny by Deny alone: what an Allow of theirs covers does not matter.
            ("RCP allows", "resource_control_policies", [_MAYBE_ANYONE], ALLOWED,
             ["Root", "identity_policies:I"], []),
            ("RCP allows, nor whether it denies,", "resource_control_policies",
             [_MAYBE_ANYONE, _MAYBE_DENY], UNDECIDED, ["resource_control_policies:MayNot"],
             ["aws:SourceIp"]),
        )
    ),
    # --- a permissions boundary makes a Deny with NotPrincipal apply, not an Allow
    Case(
        name="NotPrincipal of an Allow spares a listed user, also one with a boundary",
        source=NOT_PRINCIPAL,
        policy=policy(allow("A", None, NotPrincipal={"AWS": [USER, ROOT]})),
        principal=USER,
        layers={"permissions_boundary": ALL},
        verdict=MISSING,
        decided=[],
    ),
    Case(
        name="NotPrincipal of a Deny does not spare a listed user with a boundary",
        source=NOT_PRINCIPAL,
        policy=policy(allow("A", USER), deny("D", None, NotPrincipal={"AWS": [USER, ROOT]})),
        principal=USER,
        layers={"permissions_boundary": ALL},
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="NotPrincipal of a Deny spares a listed user without a boundary",
        source=NOT_PRINCIPAL,
        policy=policy(allow("A", USER), deny("D", None, NotPrincipal={"AWS": [USER, ROOT]})),
        principal=USER,
        layers={"permissions_boundary": ()},
        verdict=ALLOWED,
        decided=["A"],
    ),
    # --- the key's account is not known
    Case(
        name="nothing allows an operation of the key's account, wherever the key is",
        source=PERMISSIONS,
        policy=policy(allow("A", ROLE, "kms:Decrypt")),
        action="kms:DisableKey",
        resource=None,
        verdict=MISSING,
        decided=[],
    ),
    Case(
        name="an Allow with NotPrincipal does not show the key's account",
        source=NOT_PRINCIPAL,
        policy=policy(
            allow("N", None, NotPrincipal={"AWS": f"arn:aws:iam::{OTHER}:root"}),
            allow("A", ROLE, "kms:Decrypt"),
        ),
        resource=None,
        verdict=UNDECIDED,
        decided=["N", "A"],
    ),
    # --- resources
    Case(
        name="a wildcard over several parts of the key's ARN",
        source=RESOURCE,
        policy=policy(allow("A", ROLE) | {"Resource": "arn:aws:kms*"}),
        verdict=UNDECIDED,
        decided=["A"],
    ),
    Case(
        name="a wildcard for all that follows the service",
        source=RESOURCE,
        policy=policy(allow("A", ROLE) | {"Resource": "arn:aws:kms:*"}),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="a variable without a value in the resource",
        source=VARIABLES,
        policy=policy(allow("A", ROLE) | {"Resource": "arn:*:kms:*:*:key/${aws:PrincipalTag/x}"}),
        complete=True,
        verdict=MISSING,
        decided=[],
    ),
    # --- actions
    Case(
        name="an action without a service covers nothing",
        source=ACTION,
        policy=policy(allow("A", ROLE, ["Decrypt", "*crypt"])),
        verdict=MISSING,
        decided=[],
    ),
    Case(
        name="a condition value that is null makes the statement cover nothing",
        source=CONDITION,
        policy=policy(allow("A", ROLE, Condition={"StringEquals": {"aws:PrincipalTag/x": None}})),
        context={"aws:PrincipalTag/x": "None"},
        verdict=MISSING,
        decided=[],
    ),
    # --- the keys of a service principal, which others do not carry
    _service("a service by its name", {"StringEquals": {"aws:PrincipalServiceName": _SERVICE}},
             ALLOWED),
    _service("another service by its name",
             {"StringEquals": {"aws:PrincipalServiceName": "rds.amazonaws.com"}}, UNMET),
    _service("a service principal", {"Bool": {"aws:PrincipalIsAWSService": "true"}}, ALLOWED),
    *conditioned("a role is not a service principal",
                 {"Bool": {"aws:PrincipalIsAWSService": "true"}}, False, GLOBAL_KEYS),
    *conditioned("a role has no name of a service principal",
                 {"Null": {"aws:PrincipalServiceName": "true"}}, True, GLOBAL_KEYS),
    *conditioned("a role has no names of a service principal",
                 {"Null": {"aws:PrincipalServiceNamesList": "true"}}, True, GLOBAL_KEYS),
    *conditioned("the type of a user", {"StringEquals": {"aws:PrincipalType": "User"}}, True,
                 GLOBAL_KEYS, principal=USER),
    *conditioned("a role has no user name", {"Null": {"aws:username": "true"}}, True, GLOBAL_KEYS),
    *conditioned("of two variables, the one without a known value",
                 {"StringEquals": {"aws:PrincipalTag/x": "${aws:username}-${aws:PrincipalTag/y}"}},
                 None, VARIABLES, principal=USER, context={"aws:PrincipalTag/x": "ana-1"},
                 depends=["aws:PrincipalTag/y"]),
    Case(
        name="the account named, and a Deny of another account",
        source=LOGIC,
        policy=policy(allow("Root", ROOT), deny("D", OTHER)),
        principal=f"arn:aws:iam::{ACCOUNT}:role/team/Builder",
        verdict=DELEGATED,
        decided=["Root"],
        depends=["identity_policies"],
    ),
]  # fmt: skip
