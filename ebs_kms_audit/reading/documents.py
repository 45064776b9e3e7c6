"""What the inputs hold besides events, collected while they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ebs_kms_audit.model.command_output import (
        AuthorizationEvaluation,
        DecodedAuthorization,
        DefaultKey,
        Description,
        KeyState,
        PastedText,
    )
    from ebs_kms_audit.model.grant import Grant
    from ebs_kms_audit.reading.key_policies import GivenPolicy


@dataclass(kw_only=True, slots=True)
class Documents:
    """The documents among the inputs of an audit, in the order in which they are read.

    policies        key policies
    texts           texts that may hold error messages
    key_states      output of `aws kms describe-key`
    grants          output of `aws kms list-grants`, one entry for each grant
    default_keys    output of `aws ec2 get-ebs-default-kms-key-id`
    authorizations  output of `aws sts decode-authorization-message`
    evaluations     output of `aws iam-toolbox get-request-authorization-details`
    descriptions    output of `describe-instances`, `describe-volumes`,
                    `describe-scaling-activities`, and EBS volume notifications
    """

    policies: list[GivenPolicy] = field(default_factory=list)
    texts: list[PastedText] = field(default_factory=list)
    key_states: list[KeyState] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    default_keys: list[DefaultKey] = field(default_factory=list)
    authorizations: list[DecodedAuthorization] = field(default_factory=list)
    evaluations: list[AuthorizationEvaluation] = field(default_factory=list)
    descriptions: list[Description] = field(default_factory=list)
