"""What the inputs hold besides events, collected while they are read."""

from __future__ import annotations

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

    def __init__(self) -> None:
        self.policies: list[GivenPolicy] = []
        self.texts: list[PastedText] = []
        self.key_states: list[KeyState] = []
        self.grants: list[Grant] = []
        self.default_keys: list[DefaultKey] = []
        self.authorizations: list[DecodedAuthorization] = []
        self.evaluations: list[AuthorizationEvaluation] = []
        self.descriptions: list[Description] = []
