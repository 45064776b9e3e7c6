"""Callers without an ARN: why they are left out of a step, and the command that shows the ARN.

Sources: AWS CLI Command Reference, "iam get-role", "iam get-user", "ec2 describe-instances",
"cloudtrail lookup-events".
"""

import json

import pytest

from tests.records import ACCOUNT, KEY_ARN, audit, record, session
from tests.rows import SESSION, row
from tests.rows import audit as audit_rows

KEY = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": KEY_ARN}])
NAMED = {"resources": KEY}
NO_SESSION = "The input shows the name of a session, but not the user or role."
NO_PATH = "The input shows the name of the role, but not its path."
NO_ACCOUNT = "The input does not show the account of the caller."
IN_TEXT = " --output text"
GET_ROLE = f"aws iam get-role --role-name deploy --query Role.Arn{IN_TEXT}"


def lookup(event, region=" --region us-east-1"):
    return (
        f"aws cloudtrail lookup-events{region} --lookup-attributes "
        f"AttributeKey=EventId,AttributeValue={event} --query 'Events[].CloudTrailEvent'{IN_TEXT}"
    )


@pytest.mark.parametrize(
    ("cells", "name", "why", "command"),
    [
        ({"user_name": "deploy-7f3a", "aws_access_key": SESSION}, "deploy-7f3a", NO_SESSION,
         lookup("event-1")),
        ({"user_name": "x", "aws_access_key": SESSION, "aws_region": ""}, "x", NO_SESSION,
         lookup("event-1", region="")),
        ({"user_name": "two words"}, "two words",
         "The input does not show a name that an IAM user can have.", lookup("event-1")),
        ({"user_name": "bob", "recipient_account_id": ""}, "bob", NO_ACCOUNT,
         f"aws iam get-user --user-name bob --query User.Arn{IN_TEXT}"),
        ({"user_name": "root", "recipient_account_id": ""}, "root", NO_ACCOUNT,
         lookup("event-1")),
        ({"user_name": "i-0123456789abcdef0", "aws_access_key": SESSION}, "i-0123456789abcdef0",
         "The input shows the instance, but not the role of its instance profile.",
         "aws ec2 describe-instances --region us-east-1 --instance-ids i-0123456789abcdef0 --query "
         f"'Reservations[].Instances[].IamInstanceProfile.Arn'{IN_TEXT}"),
        ({"user_name": "x", "aws_access_key": SESSION, "event_id": "$(id) ;"}, "x", NO_SESSION,
         lookup("event-1").replace("AttributeKey=EventId,AttributeValue=event-1",
                                   "'AttributeKey=EventId,AttributeValue=$(id) ;'")),
    ],
)  # fmt: skip
def test_a_caller_of_a_row(cells, name, why, command):
    report = audit_rows(row(**NAMED), row(**NAMED | cells))
    (left_out,) = report.plan[0].left_out
    (other,) = [one for one in report.findings if one.principal.arn is None]
    assert (left_out.name, left_out.finding) == (name, other.id)
    assert (left_out.why, left_out.how_to_find) == (why, command)
    assert report.plan[0].principals == (f"arn:aws:iam::{ACCOUNT}:user/alice",)
    assert [one.steps for one in report.findings] == [(report.plan[0].id,)] * 2


SSO = "AWSReservedSSO_Dev_0123456789abcdef"


@pytest.mark.parametrize(
    ("identity", "event", "name", "why", "command"),
    [
        (session(issuer=False), "e2", "deploy-7f3a", NO_PATH, GET_ROLE),
        (session(f"arn:aws:iam::{ACCOUNT}:role/{SSO}", "me", issuer=False), "e2", "me", NO_PATH,
         GET_ROLE.replace("deploy", SSO)),
        ({"type": "WebIdentityUser", "userName": "x"}, "e2", "x", NO_SESSION, lookup("e2")),
        ({"type": "WebIdentityUser"}, "absent", "(no name)", NO_SESSION,
         "Open the event in CloudTrail, Event history, View event record. "
         "userIdentity.sessionContext.sessionIssuer.arn is the role, userIdentity.arn is a user."),
    ],
)  # fmt: skip
def test_a_caller_of_a_record(identity, event, name, why, command):
    plan = audit(record(), record(userIdentity=identity, eventID=event)).plan
    (left_out,) = plan[0].left_out
    assert (left_out.name, left_out.why, left_out.how_to_find) == (name, why, command)


def test_the_same_callers_are_left_out_of_the_iam_policy():
    plan = audit(record(), record(userIdentity=session(issuer=False), eventID="e2")).plan
    assert [(step.kind, len(step.principals), len(step.left_out)) for step in plan] == [
        ("key_policy", 1, 1),
        ("iam_policy", 1, 1),
    ]
