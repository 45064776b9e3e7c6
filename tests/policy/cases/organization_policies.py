"""Service and resource control policies: whom they bind, and what they must allow."""

from . import (
    ACCOUNT,
    ALL,
    ALLOWED,
    BLOCKED,
    BY_ACCOUNT,
    BY_ROLE,
    BY_USER,
    DENIED,
    IAM_ALLOWS,
    LINKED,
    MAYBE_NOT,
    MISSING,
    NO_DECRYPT,
    ONLY_S3,
    OTHER_ROLE,
    RCPS,
    ROOT,
    SCPS,
    UNDECIDED,
    USER,
    Case,
    allow,
    deny,
    layered,
    policy,
)

_SCP_PAGE = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"
)
# Names and paths that resemble those of a service-linked role.
_LIKE_LINKED = {
    "a role of such a name without the path": f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForMine",
    "a role with the path inside another": (
        f"arn:aws:iam::{ACCOUNT}:role/x/aws-service-role/ec2.amazonaws.com/Mine"
    ),
    "a user of such a name": f"arn:aws:iam::{ACCOUNT}:user/AWSServiceRoleForMine",
}

CASES = [
    # --- service control policies
    layered("SCP allows", SCPS, BY_ROLE, ALLOWED, ["A"], service_control_policies=[ALL]),
    layered(
        "SCP does not allow",
        SCPS,
        BY_ROLE,
        BLOCKED,
        ["A"],
        service_control_policies=[ONLY_S3],
        depends=["service_control_policies"],
    ),
    layered(
        "SCP does not allow, user named",
        SCPS,
        BY_USER,
        BLOCKED,
        ["A"],
        principal=USER,
        service_control_policies=[ONLY_S3],
    ),
    layered(
        "SCP denies",
        SCPS,
        BY_ROLE,
        DENIED,
        ["service_control_policies:No"],
        service_control_policies=[NO_DECRYPT],
    ),
    layered("no SCP", SCPS, BY_ROLE, ALLOWED, ["A"], service_control_policies=()),
    layered(
        "each level allows",
        SCPS,
        BY_ROLE,
        ALLOWED,
        ["A"],
        service_control_policies=[[ALL], [ONLY_S3, ALL]],
    ),
    layered(
        "one level does not allow",
        SCPS,
        BY_ROLE,
        BLOCKED,
        ["A"],
        service_control_policies=[[ALL], [ONLY_S3], [ALL]],
    ),
    layered(
        "a level without policies allows nothing",
        SCPS,
        BY_ROLE,
        BLOCKED,
        ["A"],
        service_control_policies=[[ALL], []],
    ),
    layered(
        "a flat list is one level",
        SCPS,
        BY_ROLE,
        ALLOWED,
        ["A"],
        service_control_policies=[ONLY_S3, ALL],
    ),
    layered(
        "a Deny on any level",
        SCPS,
        BY_ROLE,
        DENIED,
        ["service_control_policies:No"],
        service_control_policies=[[ALL], [NO_DECRYPT]],
    ),
    layered(
        "an SCP gives nothing",
        SCPS,
        policy(allow("A", USER)),
        MISSING,
        [],
        service_control_policies=[ALL],
    ),
    layered(
        "SCP does not allow, root statement, IAM not known",
        SCPS,
        BY_ACCOUNT,
        BLOCKED,
        ["Root"],
        service_control_policies=[ONLY_S3],
    ),
    layered(
        "whether the SCP denies is not known",
        SCPS,
        BY_ROLE,
        UNDECIDED,
        ["service_control_policies:May"],
        service_control_policies=[MAYBE_NOT],
        depends=["aws:SourceIp"],
    ),
    layered(
        "whether the SCP denies does not matter",
        SCPS,
        policy(allow("A", USER)),
        MISSING,
        [],
        service_control_policies=[MAYBE_NOT],
        depends=["aws:SourceIp"],
    ),
    layered(
        "an SCP does not bind a service",
        SCPS,
        policy(allow("A", {"Service": "ec2.amazonaws.com"})),
        ALLOWED,
        ["A"],
        principal="ec2.amazonaws.com",
        service_control_policies=[ONLY_S3],
    ),
    # --- resource control policies
    layered(
        "RCP without a Deny that fits",
        RCPS,
        BY_ROLE,
        ALLOWED,
        ["A"],
        resource_control_policies=[policy(deny("R", "*", "s3:*"))],
    ),
    layered(
        "RCP denies",
        RCPS,
        BY_ROLE,
        DENIED,
        ["resource_control_policies:R"],
        resource_control_policies=[policy(deny("R", "*"))],
    ),
    layered(
        "RCP denies the root user",
        RCPS,
        BY_ACCOUNT,
        DENIED,
        ["resource_control_policies:R"],
        principal=ROOT,
        resource_control_policies=[policy(deny("R", "*"))],
    ),
    layered(
        "RCP denies a caller of another account",
        RCPS,
        policy(allow("A", OTHER_ROLE)),
        DENIED,
        ["resource_control_policies:R"],
        principal=OTHER_ROLE,
        identity_policies=IAM_ALLOWS["identity_policies"],
        resource_control_policies=[policy(deny("R", "*"))],
    ),
    layered(
        "whether the RCP denies is not known",
        RCPS,
        BY_ROLE,
        UNDECIDED,
        ["resource_control_policies:R"],
        resource_control_policies=[
            policy(
                deny(
                    "R",
                    "*",
                    Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
                )
            )
        ],
        depends=["aws:PrincipalOrgID"],
    ),
    layered("no RCP", RCPS, BY_ROLE, ALLOWED, ["A"], resource_control_policies=()),
    # --- whom they bind
    Case(
        name="an SCP does not bind a service-linked role",
        source=_SCP_PAGE,
        policy=policy(allow("A", LINKED)),
        principal=LINKED,
        layers={"service_control_policies": [policy(deny("S"))]},
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="an SCP binds the root user",
        source=_SCP_PAGE,
        policy=policy(allow("A", ROOT)),
        principal=ROOT,
        layers={"service_control_policies": [policy(allow("S", actions="ec2:*"))]},
        verdict=BLOCKED,
        decided=["A"],
        depends=["service_control_policies"],
    ),
    *(
        Case(
            name=f"an SCP binds {name}",
            source=_SCP_PAGE,
            policy=policy(allow("A", arn)),
            principal=arn,
            layers={"service_control_policies": [policy(deny("S"))]},
            verdict=DENIED,
            decided=["service_control_policies:S"],
        )
        for name, arn in _LIKE_LINKED.items()
    ),
    *(
        Case(
            name=f"an RCP binds {name}",
            source=RCPS,
            policy=policy(allow("A", arn)),
            principal=arn,
            layers={"resource_control_policies": [policy(deny("R", "*"))]},
            verdict=DENIED,
            decided=["resource_control_policies:R"],
        )
        for name, arn in _LIKE_LINKED.items()
    ),
]
