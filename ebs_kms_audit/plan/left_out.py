"""Callers that a step cannot name yet, and how to find their ARNs.

Sources: AWS CLI Command Reference, "iam get-role", "iam get-user", "ec2 describe-instances",
"cloudtrail lookup-events".
"""

from __future__ import annotations

from ebs_kms_audit.aws.arns import is_iam_name
from ebs_kms_audit.aws.callers import is_instance_id
from ebs_kms_audit.aws.commands import command
from ebs_kms_audit.model import Denials, Principal, PrincipalKind
from ebs_kms_audit.plan.routing import Part
from ebs_kms_audit.plan.step import LeftOut


def left_out(part: Part) -> LeftOut:
    """Return why the caller of a part has no ARN, and the command that shows it."""
    principal = part.finding.principal
    return LeftOut(
        name=principal.user_name or principal.role_name or "(no name)",
        finding=part.finding.id,
        why=_why(principal),
        how_to_find=how_to_find(part.denials),
    )


def _why(principal: Principal) -> str:
    if principal.role_name:
        return "The input shows the name of the role, but not its path."
    match principal.kind:
        case PrincipalKind.USER if not is_iam_name(principal.user_name):
            return "The input does not show a name that an IAM user can have."
        case PrincipalKind.USER | PrincipalKind.ROOT | PrincipalKind.SERVICE_LINKED_ROLE:
            return "The input does not show the account of the caller."
        case PrincipalKind.INSTANCE_ROLE:
            return "The input shows the instance, but not the role of its instance profile."
    return "The input shows the name of a session, but not the user or role."


def how_to_find(denials: Denials) -> str:
    """Return the command that shows the ARN of the caller of denials."""
    principal, region = denials.kinds[0].principal, denials.kinds[0].event.region
    in_region = ("--region", region) if region else ()
    if is_iam_name(principal.role_name):
        words = ("iam", "get-role", "--role-name", str(principal.role_name))
        return command("aws", *words, "--query", "Role.Arn", "--output", "text")
    if principal.kind is PrincipalKind.USER and is_iam_name(principal.user_name):
        words = ("iam", "get-user", "--user-name", str(principal.user_name))
        return command("aws", *words, "--query", "User.Arn", "--output", "text")
    if is_instance_id(principal.user_name):
        name = str(principal.user_name)
        words = ("ec2", "describe-instances", *in_region, "--instance-ids", name)
        query = "Reservations[].Instances[].IamInstanceProfile.Arn"
        return command("aws", *words, "--query", query, "--output", "text")
    if event_id := denials[0].event.event_id:
        attribute = f"AttributeKey=EventId,AttributeValue={event_id}"
        words = ("cloudtrail", "lookup-events", *in_region, "--lookup-attributes", attribute)
        query = "Events[].CloudTrailEvent"
        return command("aws", *words, "--query", query, "--output", "text")
    return (
        "Open the event in CloudTrail, Event history, View event record. "
        "userIdentity.sessionContext.sessionIssuer.arn is the role, userIdentity.arn is a user."
    )
