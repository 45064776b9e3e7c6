"""Error texts that a person pastes: cut, wrapped, escaped and forged."""

from __future__ import annotations

import random

import ebs_kms_audit
from ebs_kms_audit.messages import parse_denial_message
from tests.fuzz.checks import report_or_error
from tests.fuzz.generator import Generator
from tests.fuzz.values import INJECTIONS, text

_PARTS = (
    "User: ", "arn:aws:sts::111122223333:assumed-role/deploy/run",
    " is not authorized to perform: ",
    "kms:CreateGrant", "kms:Decrypt", " on resource: ",
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    " because no resource-based policy allows the kms:CreateGrant action",
    " because no identity-based policy allows the kms:Decrypt action",
    " with an explicit deny in a service control policy",
    " because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access",
    "Encoded authorization failure message: ", "Client.InternalError: Client error on launch",
    "Client.CustomerKeyHasBeenRevoked", "The ciphertext refers to a customer master key that does "
    "not exist", "An error occurred (AccessDeniedException) when calling the Decrypt operation: ",
    "\\n", '\\\\"', "&quot;", "<br/>", "│ ", "\n", " ",
)  # fmt: skip


def _message(rng: random.Random) -> str:
    start = rng.randrange(8)
    parts = list(_PARTS[: rng.randint(start, 10)]) if rng.random() < 0.7 else []
    for _ in range(rng.randint(0, 6)):
        piece = rng.choice((rng.choice(_PARTS), rng.choice(INJECTIONS), text(rng)))
        parts.insert(rng.randint(0, len(parts)), piece * rng.choice((1, 1, 1, 2, 40)))
    made = "".join(parts)
    return made[: rng.randrange(len(made) + 1)] if rng.random() < 0.2 else made


def _check(made: str) -> None:
    message = parse_denial_message(made)
    assert message.kind in ebs_kms_audit.MessageKind
    report_or_error(lambda: ebs_kms_audit.audit(messages=[made], progress=False))


GENERATORS = [Generator(name="messages", make=_message, check=_check, count=80)]
