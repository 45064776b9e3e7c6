"""Whom a Principal element covers."""

from . import (
    ACCOUNT,
    ALLOWED,
    DEFAULT_POLICY,
    DELEGATED,
    DENIED,
    FEDERATED,
    IDENTIFIERS,
    KEY_POLICY_ELEMENTS,
    LINKED,
    LOGIC,
    MISSING,
    OTHER,
    PATH_ROLE,
    PRINCIPAL,
    ROLE,
    ROOT,
    SESSION,
    UNDECIDED,
    USER,
    Case,
    allow,
    deny,
    policy,
)

_GOV_ROOT, _GOV_ROLE = (arn.replace("arn:aws:", "arn:aws-us-gov:") for arn in (ROOT, ROLE))
_OTHER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Builder/friday"


def _named(name, source, principal, caller, verdict, decided=None, **more):
    """One Allow for the principal, one caller."""
    if decided is None:
        decided = [] if verdict is MISSING else ["A"]
    return Case(
        name=name,
        source=source,
        policy=policy(allow("A", principal)),
        principal=caller,
        verdict=verdict,
        decided=decided,
        **more,
    )


CASES = [
    # --- users
    _named("a user by ARN", PRINCIPAL, USER, USER, ALLOWED),
    _named("another user", PRINCIPAL, f"arn:aws:iam::{ACCOUNT}:user/dee", USER, MISSING),
    _named("user names are case-sensitive", PRINCIPAL, USER.replace("ana", "Ana"), USER, MISSING),
    _named("one of a list", PRINCIPAL, [ROLE, USER], USER, ALLOWED),
    _named("none of a list", PRINCIPAL, [ROLE, FEDERATED], USER, MISSING),
    _named(
        "a user with a path, spelt without it",
        IDENTIFIERS,
        f"arn:aws:iam::{ACCOUNT}:user/ana",
        f"arn:aws:iam::{ACCOUNT}:user/team/ana",
        MISSING,
    ),
    _named(
        "a role is not a user of its name",
        PRINCIPAL,
        f"arn:aws:iam::{ACCOUNT}:role/ana",
        USER,
        MISSING,
    ),
    # --- roles and sessions
    _named("a role by ARN, the role calls", PRINCIPAL, ROLE, ROLE, ALLOWED),
    _named("a role by ARN, a session calls", PRINCIPAL, ROLE, SESSION, ALLOWED),
    _named(
        "a session ARN has no path: the role's path does not matter",
        IDENTIFIERS,
        PATH_ROLE,
        SESSION,
        ALLOWED,
    ),
    _named("a role with its path, spelt without it", IDENTIFIERS, ROLE, PATH_ROLE, MISSING),
    _named(
        "another role's session",
        PRINCIPAL,
        ROLE,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Buyer/monday",
        MISSING,
    ),
    _named("a session by ARN, the same session", PRINCIPAL, SESSION, SESSION, ALLOWED),
    _named("a session by ARN, another session", PRINCIPAL, SESSION, _OTHER_SESSION, MISSING),
    _named(
        "a session by ARN, some session of the role",
        PRINCIPAL,
        SESSION,
        ROLE,
        UNDECIDED,
        depends=["principal"],
    ),
    _named(
        "a session by ARN, the role's session known beside its ARN",
        PRINCIPAL,
        SESSION,
        PATH_ROLE,
        ALLOWED,
        request={"session_name": "monday"},
    ),
    _named(
        "a session by ARN, another session known beside the role's ARN",
        PRINCIPAL,
        SESSION,
        PATH_ROLE,
        MISSING,
        request={"session_name": "friday"},
    ),
    _named(
        "no wildcard as session name", PRINCIPAL, SESSION.replace("monday", "*"), SESSION, MISSING
    ),
    _named(
        "no wildcard in a role's name", PRINCIPAL, f"arn:aws:iam::{ACCOUNT}:role/*", ROLE, MISSING
    ),
    _named(
        "a session ARN without a session",
        PRINCIPAL,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Builder",
        SESSION,
        MISSING,
    ),
    _named("a service-linked role with its path", DEFAULT_POLICY, LINKED, LINKED, ALLOWED),
    _named(
        "a service-linked role without its path",
        IDENTIFIERS,
        f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForAutoScaling",
        LINKED,
        MISSING,
    ),
    _named(
        "a session of a service-linked role",
        PRINCIPAL,
        LINKED,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
        ALLOWED,
    ),
    # --- federated users
    _named("a federated user by ARN", PRINCIPAL, FEDERATED, FEDERATED, ALLOWED),
    _named(
        "another federated user", PRINCIPAL, FEDERATED.replace("/bo", "/al"), FEDERATED, MISSING
    ),
    _named("which user federated is not known", LOGIC, USER, FEDERATED, UNDECIDED),
    _named("a role did not federate", LOGIC, ROLE, FEDERATED, MISSING),
    # --- accounts
    _named("the account by :root", DEFAULT_POLICY, ROOT, ROLE, DELEGATED),
    _named("the account by its id", PRINCIPAL, ACCOUNT, ROLE, DELEGATED),
    _named("the account, a user", DEFAULT_POLICY, ROOT, USER, DELEGATED),
    _named("the account, a session", DEFAULT_POLICY, ROOT, SESSION, DELEGATED),
    _named("the account, a federated user", DEFAULT_POLICY, ROOT, FEDERATED, DELEGATED),
    _named("another account", PRINCIPAL, OTHER, ROLE, MISSING),
    _named("an account id with a digit too few", PRINCIPAL, "11112222333", ROLE, MISSING),
    _named("the root user needs no IAM policy", DEFAULT_POLICY, ROOT, ROOT, ALLOWED),
    _named("the root user, the account by its id", DEFAULT_POLICY, ACCOUNT, ROOT, ALLOWED),
    _named("the root user is not a role", DEFAULT_POLICY, ROLE, ROOT, MISSING),
    # --- anyone
    _named("anyone, plain", PRINCIPAL, "*", ROLE, ALLOWED),
    _named("anyone needs no IAM policy in the account", PRINCIPAL, "*", SESSION, ALLOWED),
    _named("anyone includes the root user", PRINCIPAL, "*", ROOT, ALLOWED),
    _named("anyone includes services", PRINCIPAL, "*", "ec2.amazonaws.com", ALLOWED),
    Case(
        name="anyone, as a bare string",
        source=PRINCIPAL,
        policy=policy(allow("A") | {"Principal": "*"}),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="an ARN as a bare string is no principal",
        source=PRINCIPAL,
        policy=policy(allow("A") | {"Principal": ROLE}),
        verdict=MISSING,
        decided=[],
    ),
    # --- services and identity providers
    _named(
        "a service",
        PRINCIPAL,
        {"Service": "logs.us-east-1.amazonaws.com"},
        "logs.us-east-1.amazonaws.com",
        ALLOWED,
    ),
    _named(
        "another service",
        PRINCIPAL,
        {"Service": "logs.amazonaws.com"},
        "sns.amazonaws.com",
        MISSING,
    ),
    _named(
        "a role is not the service that uses it",
        PRINCIPAL,
        {"Service": "ec2.amazonaws.com"},
        ROLE,
        MISSING,
    ),
    _named("a service is of no account", PRINCIPAL, ROOT, "ec2.amazonaws.com", MISSING),
    _named(
        "services in a list",
        PRINCIPAL,
        {"Service": ["sns.amazonaws.com", "ec2.amazonaws.com"]},
        "ec2.amazonaws.com",
        ALLOWED,
    ),
    _named(
        "several types", PRINCIPAL, {"Service": "ec2.amazonaws.com", "AWS": ROLE}, ROLE, ALLOWED
    ),
    _named(
        "through which provider a session came is not known",
        PRINCIPAL,
        {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"},
        SESSION,
        UNDECIDED,
    ),
    _named(
        "a service-linked role came through no provider",
        PRINCIPAL,
        {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"},
        LINKED,
        MISSING,
    ),
    _named(
        "a user came through no provider",
        PRINCIPAL,
        {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"},
        USER,
        MISSING,
    ),
    _named(
        "whose canonical id it is is not known",
        PRINCIPAL,
        {"CanonicalUser": "79a59df900b949e5"},
        USER,
        UNDECIDED,
    ),
    # --- what is no principal
    _named("a deleted role's unique id", IDENTIFIERS, "AROAEXAMPLEEXAMPLE123", ROLE, MISSING),
    _named("a deleted user's unique id", IDENTIFIERS, "AIDAEXAMPLEEXAMPLE123", USER, MISSING),
    _named(
        "a deleted one beside a living one",
        IDENTIFIERS,
        ["AROAEXAMPLEEXAMPLE123", ROLE],
        ROLE,
        ALLOWED,
    ),
    _named(
        "a group can't be a principal",
        PRINCIPAL,
        f"arn:aws:iam::{ACCOUNT}:group/admins",
        USER,
        MISSING,
    ),
    _named(
        "another partition", IDENTIFIERS, ROLE.replace("arn:aws:", "arn:aws-us-gov:"), ROLE, MISSING
    ),
    _named("a type that does not exist", PRINCIPAL, {"Aws": ROLE}, ROLE, MISSING),
    Case(
        name="a statement without Principal",
        source=KEY_POLICY_ELEMENTS,
        policy=policy(allow("A")),
        verdict=MISSING,
        decided=[],
    ),
    # --- Deny
    Case(
        name="a Deny of the account hits each of its principals",
        source=PRINCIPAL,
        policy=policy(allow("A", ROLE), deny("D", ROOT)),
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="a Deny of the account hits the root user",
        source=PRINCIPAL,
        policy=policy(allow("A", ROOT), deny("D", ACCOUNT)),
        principal=ROOT,
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="a Deny of another account does not",
        source=PRINCIPAL,
        policy=policy(allow("A", ROLE), deny("D", OTHER)),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="a Deny of the role hits its session",
        source=PRINCIPAL,
        policy=policy(allow("A", SESSION), deny("D", ROLE)),
        principal=SESSION,
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="a Deny of a session hits that one",
        source=PRINCIPAL,
        policy=policy(allow("A", ROLE), deny("D", SESSION)),
        principal=SESSION,
        verdict=DENIED,
        decided=["D"],
    ),
    Case(
        name="a Deny of a session spares another",
        source=PRINCIPAL,
        policy=policy(allow("A", ROLE), deny("D", SESSION)),
        principal=_OTHER_SESSION,
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="a Deny of a session, some session of the role",
        source=PRINCIPAL,
        policy=policy(allow("A", ROLE), deny("D", SESSION)),
        verdict=UNDECIDED,
        decided=["D"],
        depends=["principal"],
    ),
    Case(
        name="a Deny of a deleted role's unique id hits nobody",
        source=IDENTIFIERS,
        policy=policy(allow("A", ROLE), deny("D", "AROAEXAMPLEEXAMPLE123")),
        verdict=ALLOWED,
        decided=["A"],
    ),
    # --- several statements
    Case(
        name="the account and the role: the role decides",
        source=DEFAULT_POLICY,
        policy=policy(allow("Root", ROOT), allow("A", ROLE)),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="the account and the role in one statement",
        source=DEFAULT_POLICY,
        policy=policy(allow("A", [ROOT, ROLE])),
        verdict=ALLOWED,
        decided=["A"],
    ),
    Case(
        name="the account, and a session that may be the caller's",
        source=DEFAULT_POLICY,
        policy=policy(allow("A", [ROOT, SESSION])),
        verdict=UNDECIDED,
        decided=["A"],
        depends=["principal", "identity_policies"],
    ),
    Case(
        name="the role of the instances is never named; a Deny may hit it",
        source=LOGIC,
        policy=policy(allow("Root", ROOT), deny("D", "*")),
        principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
        verdict=DENIED,
        decided=["D"],
    ),
    # --- partitions
    _named("the account of another partition", IDENTIFIERS, _GOV_ROOT, ROLE, MISSING),
    _named("a caller of another partition", IDENTIFIERS, ROOT, _GOV_ROLE, MISSING),
    _named("a role of the caller's partition", IDENTIFIERS, _GOV_ROLE, _GOV_ROLE, ALLOWED),
    Case(
        name="a Deny of the account of another partition does not",
        source=IDENTIFIERS,
        policy=policy(allow("A", ROLE), deny("D", _GOV_ROOT)),
        verdict=ALLOWED,
        decided=["A"],
    ),
    _named("an account of AWS", PRINCIPAL, "arn:aws:iam::aws:role/X", ROLE, MISSING),
    # --- entries of which one may be the caller
    _named(
        "a session that may be the caller's, and another role's",
        PRINCIPAL,
        [SESSION, f"arn:aws:sts::{ACCOUNT}:assumed-role/Buyer/monday"],
        ROLE,
        UNDECIDED,
        depends=["principal"],
    ),
]
