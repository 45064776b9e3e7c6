"""What an access-denied message says, in AWS's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MessageKind(StrEnum):
    """What the text is."""

    DENIAL = "denial"
    ENCODED = "encoded"
    """EC2's refusal with an encoded authorization failure message and nothing else."""
    NOT_RECOGNISED = "not_recognised"


class PolicyType(StrEnum):
    """The types of policy that a message can name.

    The resource-based policy of a key is its key policy.
    """

    IDENTITY_BASED = "identity-based policy"
    RESOURCE_BASED = "resource-based policy"
    PERMISSIONS_BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    VPC_ENDPOINT = "VPC endpoint policy"
    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"
    ROLE_TRUST = "role trust policy"


class Effect(StrEnum):
    """How a policy refused: nothing in it allows the call, or a Deny in it matches the call."""

    IMPLICIT = "implicit"
    EXPLICIT = "explicit"


class Helps(StrEnum):
    """Whether an edit of the key policy can cure this refusal."""

    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"


@dataclass(frozen=True, kw_only=True, slots=True)
class DenialMessage:
    """An access-denied message, taken apart. What the message does not say is None.

    `principal` is the ARN as it stands there: a user, the root user, or a session. Of a role,
    `role_name` is the name and `role_arn` the ARN that a policy would name; a session does not
    show the role's path, so `role_arn` is mostly None, and `role_why` says what is known.

    `policy_type` is the type of policy that refused; AWS names one, even if several refuse.
    `through` is the policy that passed the refusal on ("… transitively through …"). `policy_arn`
    is the policy that refused, where the message names it. `key_not_found` tells KMS's answer for
    a key that is not there, or that the caller may not learn about. `encoded` tells that the
    message goes on with an encoded authorization failure message of EC2's.

    `authorization_id` is the id at the end of newer messages, by which AWS's own evaluation can be
    fetched for at least 24 hours, in the Region `authorization_region`. `truncated` names the parts
    that are cut off in the text ("action", "resource", "principal"); such a part is None.

    `key_policy_edit` says whether an edit of the key policy can cure the refusal, `why` so, and
    `what_helps` what would. Only AWS's ARNs and names are taken over from the text; `why` and
    `what_helps` repeat nothing of it.
    """

    kind: MessageKind
    principal: str | None = None
    role_name: str | None = None
    role_arn: str | None = None
    role_why: str | None = None
    action: str | None = None
    resource: str | None = None
    policy_type: PolicyType | None = None
    effect: Effect | None = None
    through: PolicyType | None = None
    policy_arn: str | None = None
    key_not_found: bool = False
    encoded: bool = False
    authorization_id: str | None = None
    authorization_region: str | None = None
    truncated: tuple[str, ...] = ()
    key_policy_edit: Helps | None = None
    why: str | None = None
    what_helps: str | None = None
