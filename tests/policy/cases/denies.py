"""Explicit Deny: certain, not certain, and NotPrincipal."""

from . import (
    ACCOUNT,
    ALLOWED,
    DELEGATED,
    DENIED,
    FEDERATED,
    LOGIC,
    MISSING,
    NOT_PRINCIPAL,
    OTHER_ROOT,
    ROLE,
    ROOT,
    SESSION,
    UNDECIDED,
    UNMET,
    USER,
    Case,
    allow,
    deny,
    policy,
)

_OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
_MAYBE = deny("D", "*", Condition=_OFFICE)
_ANOTHER_USER = f"arn:aws:iam::{ACCOUNT}:user/dee"
_ANOTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Buyer"
_ANOTHER_SESSION = SESSION.replace("monday", "friday")


def _case(name, source, statements, verdict, decided, **more):
    return Case(
        name=name,
        source=source,
        policy=policy(*statements),
        verdict=verdict,
        decided=decided,
        **more,
    )


def _spare(name, spared, caller, verdict, decided, **more):
    """A Deny for all but those listed, beside an Allow for anyone."""
    denied: dict[str, object] = {"Sid": "D", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}
    denied["NotPrincipal"] = spared if isinstance(spared, dict) else {"AWS": spared}
    return Case(
        name=name,
        source=NOT_PRINCIPAL,
        policy=policy(allow("A", "*"), denied),
        principal=caller,
        verdict=verdict,
        decided=decided,
        **more,
    )


def _all_but(name, excluded, caller, verdict, decided):
    """An Allow for all but those listed."""
    given = {"Sid": "A", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    return Case(
        name=name,
        source=NOT_PRINCIPAL,
        policy=policy(given | {"NotPrincipal": {"AWS": excluded}}),
        principal=caller,
        verdict=verdict,
        decided=decided,
    )


CASES = [
    _case("a Deny goes before an Allow", LOGIC, [allow("A", ROLE), deny("D", ROLE)], DENIED, ["D"]),
    _case("whichever comes first", LOGIC, [deny("D", ROLE), allow("A", ROLE)], DENIED, ["D"]),
    _case("a Deny without any Allow", LOGIC, [deny("D", ROLE)], DENIED, ["D"]),
    _case(
        "a Deny beside the root statement", LOGIC, [allow("R", ROOT), deny("D", "*")], DENIED, ["D"]
    ),
    _case(
        "a Deny of another action",
        LOGIC,
        [allow("A", ROLE), deny("D", "*", "kms:Encrypt")],
        ALLOWED,
        ["A"],
    ),
    _case("two that deny", LOGIC, [deny("D", ROLE), deny("E", "*", "kms:De*")], DENIED, ["D", "E"]),
    _case(
        "a Deny that is not known, something allows",
        LOGIC,
        [allow("A", ROLE), _MAYBE],
        UNDECIDED,
        ["D"],
        depends=["aws:SourceIp"],
    ),
    _case(
        "a Deny that is not known, nothing allows",
        LOGIC,
        [_MAYBE],
        MISSING,
        [],
        depends=["aws:SourceIp"],
    ),
    _case(
        "a Deny that is not known, another is certain",
        LOGIC,
        [_MAYBE, deny("E", ROLE)],
        DENIED,
        ["E"],
    ),
    _case(
        "a Deny that is not known, the account named",
        LOGIC,
        [allow("R", ROOT), _MAYBE],
        UNDECIDED,
        ["D"],
        depends=["aws:SourceIp", "identity_policies"],
    ),
    _case(
        "a Deny that is not known, the account named, no IAM policy",
        LOGIC,
        [allow("R", ROOT), _MAYBE],
        DELEGATED,
        ["R"],
        layers={"identity_policies": ()},
    ),
    _case(
        "a Deny that is not known, an Allow whose condition is not met",
        LOGIC,
        [allow("A", ROLE, Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}}), _MAYBE],
        UNMET,
        ["A"],
        depends=["aws:SourceIp"],
    ),
    _case(
        "a Deny whose condition fails",
        LOGIC,
        [allow("A", ROLE), _MAYBE],
        ALLOWED,
        ["A"],
        context={"aws:SourceIp": "203.0.113.7"},
    ),
    _case(
        "a Deny whose condition holds",
        LOGIC,
        [allow("A", ROLE), _MAYBE],
        DENIED,
        ["D"],
        context={"aws:SourceIp": "10.1.2.3"},
    ),
    _case(
        "a Deny by address, the call has none",
        LOGIC,
        [allow("A", ROLE), _MAYBE],
        DENIED,
        ["D"],
        complete=True,
    ),
    _case(
        "a Deny and an Allow that are not known",
        LOGIC,
        [allow("A", ROLE, Condition={"Bool": {"aws:ViaAWSService": "true"}}), _MAYBE],
        UNDECIDED,
        ["A", "D"],
        depends=["aws:ViaAWSService", "aws:SourceIp"],
    ),
    # --- NotPrincipal in a Deny
    _spare("nobody of the caller's is listed", [USER, ROOT], ROLE, DENIED, ["D"]),
    _spare("a user and the account are listed", [USER, ROOT], USER, ALLOWED, ["A"]),
    _spare("a user and the account's id are listed", [USER, ACCOUNT], USER, ALLOWED, ["A"]),
    _spare("a user without the account", [USER], USER, DENIED, ["D"]),
    _spare("account, role and session are listed", [ROOT, ROLE, SESSION], SESSION, ALLOWED, ["A"]),
    _spare("the session is not listed", [ROOT, ROLE], SESSION, DENIED, ["D"]),
    _spare("the role is not listed", [ROOT, SESSION], SESSION, DENIED, ["D"]),
    _spare("the account is not listed", [ROLE, SESSION], SESSION, DENIED, ["D"]),
    _spare(
        "another session is listed",
        [ROOT, ROLE, _ANOTHER_SESSION],
        SESSION,
        DENIED,
        ["D"],
    ),
    _spare(
        "a session that may be the caller's is listed",
        [ROOT, ROLE, SESSION],
        ROLE,
        UNDECIDED,
        ["D"],
        depends=["principal"],
    ),
    _spare(
        "a federated user and the account are listed", [FEDERATED, ROOT], FEDERATED, ALLOWED, ["A"]
    ),
    _spare("the account is listed: its root user", [ROOT], ROOT, ALLOWED, ["A"]),
    _spare("the account is listed, its role is not", [ROOT], ROLE, DENIED, ["D"]),
    _spare("anyone is listed", "*", ROLE, ALLOWED, ["A"]),
    # Each entry is exempt: what another entry names does not matter, nor does the order.
    *(
        _spare(f"{caller} is listed {place} others", listed, caller, ALLOWED, ["A"])
        for caller, own, others in (
            (USER, [USER, ROOT], [_ANOTHER_USER, OTHER_ROOT]),
            (SESSION, [SESSION, ROLE, ROOT], [_ANOTHER_SESSION, _ANOTHER_ROLE, OTHER_ROOT]),
            (FEDERATED, [FEDERATED, ROOT], [FEDERATED.replace("/bo", "/al"), OTHER_ROOT]),
            (ROOT, [ROOT], [OTHER_ROOT, USER]),
        )
        for place, listed in (("before", own + others), ("after", others + own))
    ),
    _spare("a user, before another, without the account", [USER, _ANOTHER_USER, OTHER_ROOT], USER,
           DENIED, ["D"]),
    _spare("another user of the account", [_ANOTHER_USER, ROOT], USER, DENIED, ["D"]),
    *(
        _spare(f"a session that may be the caller's, {place} one that can not be",
               [ROOT, ROLE, *listed], ROLE, UNDECIDED, ["D"], depends=["principal"])
        for place, listed in (
            ("before", [SESSION, f"arn:aws:sts::{ACCOUNT}:assumed-role/Buyer/monday"]),
            ("after", [f"arn:aws:sts::{ACCOUNT}:assumed-role/Buyer/monday", SESSION]),
        )
    ),
    *(
        _spare(f"a service is listed {place} another", {"Service": listed}, "ec2.amazonaws.com",
               ALLOWED, ["A"])
        for place, listed in (
            ("before", ["ec2.amazonaws.com", "sns.amazonaws.com"]),
            ("after", ["sns.amazonaws.com", "ec2.amazonaws.com"]),
        )
    ),
    _spare("another service is listed", {"Service": "sns.amazonaws.com"}, "ec2.amazonaws.com",
           DENIED, ["D"]),
    _spare(
        "a service is listed", {"Service": "ec2.amazonaws.com"}, "ec2.amazonaws.com", ALLOWED, ["A"]
    ),
    _spare("a service is not listed", [ROOT], "ec2.amazonaws.com", DENIED, ["D"]),
    _spare(
        "a deleted role's unique id spares nobody",
        [ROOT, "AROAEXAMPLEEXAMPLE123"],
        ROLE,
        DENIED,
        ["D"],
    ),
    _spare(
        "nobody with a permissions boundary is spared",
        [USER, ROOT],
        USER,
        DENIED,
        ["D"],
        layers={"permissions_boundary": policy(allow("B", actions="*"))},
    ),
    # --- NotPrincipal in an Allow
    _all_but("Allow all but a user: a role", USER, ROLE, ALLOWED, ["A"]),
    _all_but("Allow all but a user and their account: that user", [USER, ROOT], USER, MISSING, []),
    _all_but(
        "Allow all but a user: that user, whose account is not listed", USER, USER, UNDECIDED, ["A"]
    ),
    _all_but("Allow all but anyone", "*", ROLE, MISSING, []),
    _all_but("Allow all but another user", _ANOTHER_USER, USER, ALLOWED, ["A"]),
    _all_but("Allow all but another account", OTHER_ROOT, USER, ALLOWED, ["A"]),
    _all_but("Allow all but two users and their account: the first of them",
             [USER, _ANOTHER_USER, ROOT], USER, MISSING, []),
    _all_but("Allow all but two users and their account: the second of them",
             [_ANOTHER_USER, USER, ROOT], USER, MISSING, []),
    _all_but("Allow all but the account: a user that is not listed", ROOT, USER, UNDECIDED, ["A"]),
    _all_but("Allow all but a role: a session that is not listed", ROLE, SESSION, UNDECIDED, ["A"]),
    _all_but("Allow all but a session that may be the caller's", SESSION, ROLE, UNDECIDED, ["A"]),
    _all_but("Allow all but a role, a session of it and their account: that session",
             [ROOT, ROLE, SESSION], SESSION, MISSING, []),
]  # fmt: skip
