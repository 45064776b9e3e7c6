"""The layouts of 2019 and 2020: no Event source, no account, local times."""

import json

import pytest

from tests.exports import (
    ACCOUNT,
    HEADER_2019,
    HEADER_2020,
    access_key,
    caveats,
    denied,
    denied_2019,
    export,
    only_finding,
    report_on,
    row,
)


def test_the_layout_of_2019():
    rows = [
        denied_2019("alice", aws_access_key=access_key("AKIA", ACCOUNT, "alice")),
        denied_2019("bob", resource_type="IAM Policy and 1 more", resources="p, q"),
        row(event_name="DescribeInstances", event_time="2020-05-13, 11:59:59 PM", resources=""),
    ]
    report = report_on(export(*rows, header=HEADER_2019, newline="\r\n"))
    assert report["coverage"]["denials"] == 2
    alice, bob = sorted(report["findings"], key=lambda one: one["principal"]["user_name"])
    assert alice["denials"][0]["event_time"] == "2020-05-13T16:52:01"  # local: without Z
    assert alice["principal"]["arn"] is None  # there is no account to put into it
    assert bob["principal"]["kind"] == "user_or_role_session"
    assert report["coverage"]["last_event"] == "2020-05-13T23:59:59"
    assert {"times_without_zone", "source_inferred", "columns_missing"} <= set(caveats(report))


@pytest.mark.parametrize(
    ("resource", "kms_rows"),
    [
        (f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders", 0),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab", 1),
        ("orders", 1),  # the name alone does not show the service
    ],
)
def test_a_row_with_the_arn_of_another_service_is_no_kms_row(resource, kms_rows):
    # TagResource is an event of KMS, DynamoDB and others; the layout has no Event source.
    named = json.dumps([{"resourceType": "AWS::DynamoDB::Table", "resourceName": resource}])
    tagged = denied_2019("alice", event_name="TagResource", resources=named)
    coverage = report_on(export(tagged, header=HEADER_2019))["coverage"]
    assert coverage["kms_rows"] == kms_rows


@pytest.mark.parametrize("form", ["csv", "query result"])
def test_an_account_id_that_lost_its_leading_zero_is_repaired_and_reported(form):
    text = export(denied("alice", recipient_account_id="12345678901", aws_access_key=""))
    if form == "query result":
        text = (
            "eventtime,eventsource,eventname,errorcode,arn,recipientaccountid\n"
            "2026-05-18T07:00:34Z,kms.amazonaws.com,CreateGrant,AccessDenied,"
            "arn:aws:iam::012345678901:user/alice,12345678901\n"
        )
    report = report_on(text)
    assert [one["account"] for one in report["findings"]] == ["012345678901"]
    assert "Repaired: 1 id. Unknown: 0 ids." in caveats(report)["account_id_damaged"]


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2020-05-13, 04:52:01 PM", "2020-05-13T16:52:01"),
        ("2020-05-13, 12:00:00 AM", "2020-05-13T00:00:00"),
        ("2020-05-13, 12:00:00 PM", "2020-05-13T12:00:00"),
        ("2020-05-13, 09:05:59 AM", "2020-05-13T09:05:59"),
    ],
)
def test_the_times_of_2019(cell, time):
    finding = only_finding(export(denied_2019(event_time=cell), header=HEADER_2019))
    assert finding["first_seen"] == time


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("May 19, 2020, 23:17 (UTC-07:00)", "2020-05-20T06:17:00Z"),
        ("May 19, 2020, 23:17 (UTC+05:30)", "2020-05-19T17:47:00Z"),
        ("December 1, 2020, 00:05 (UTC+00:00)", "2020-12-01T00:05:00Z"),
    ],
)
def test_the_nine_columns_of_2020(cell, time):
    report = report_on(export(denied_2019(event_time=cell), header=HEADER_2020))
    assert report["findings"][0]["first_seen"] == time
    assert "times_without_zone" not in caveats(report)


NAMES = {
    "Decrypt": "finding",
    "GenerateDataKeyWithoutPlaintext": "finding",
    "CreateGrant": "apart",  # License Manager has one as well
    "CreateAlias": "apart",  # Lambda has
    "Encrypt": "apart",  # Payment Cryptography has
    "TagResource": "apart",
    "RunInstances": "none",
    "SomethingElse": "none",
}


@pytest.mark.parametrize(("name", "where"), NAMES.items(), ids=NAMES)
def test_without_event_source_the_name_tells(name, where):
    # Called by a person, not by EC2, so that only the name speaks for KMS.
    one = denied_2019(event_name=name, source_ip_address="198.51.100.7")
    report = report_on(export(one, header=HEADER_2019))
    found = [denial["event_name"] for one in report["findings"] for denial in one["denials"]]
    apart = [denial["event_name"] for denial in report["shared_name_denials"]]
    assert found == ([name] if where == "finding" else [])
    assert apart == ([name] if where == "apart" else [])
    assert ("shared_event_names" in caveats(report)) == (where == "apart")


@pytest.mark.parametrize("name", ["CreateGrant", "Encrypt"])
def test_a_shared_name_is_of_kms_where_ec2_calls(name):
    one = denied_2019(event_name=name, source_ip_address="ec2-frontend-api.amazonaws.com")
    report = report_on(export(one, header=HEADER_2019))
    assert [one["count"] for one in report["findings"]] == [1]
    assert report["shared_name_denials"] == []


def test_with_event_source_the_name_does_not_tell():
    other = denied(event_name="CreateGrant", event_source="license-manager.amazonaws.com")
    report = report_on(export(other))
    assert (report["findings"], report["coverage"]["kms_rows"]) == ([], 0)
    assert "source_inferred" not in caveats(report)
