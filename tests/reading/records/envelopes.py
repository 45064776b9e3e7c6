"""One incident in every envelope and choice of columns: the same denials, whoever wrapped it.

The shapes of the envelopes are those of the services' API references and user guides: lookup-events
(CloudTrail), "Amazon EventBridge event structure", filter-log-events and subscription filters
(CloudWatch Logs), get-query-results (Logs Insights, Athena, CloudTrail Lake), "HTTP/HTTPS
notification JSON format" (SNS), receive-message (SQS), the search API of Elasticsearch, and the
search export of Splunk.
"""

import base64
import gzip
import json

from tests.records import ACCOUNT, KEY_ARN, ROLE, record

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
GRANT = record(eventID="grant-1")
DECRYPT = record(
    eventID="decrypt-1",
    eventName="Decrypt",
    eventTime="2026-05-18T07:01:00Z",
    userIdentity={
        "type": "IAMUser",
        "arn": ALICE,
        "accountId": ACCOUNT,
        "userName": "alice",
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
    },
    readOnly=True,
    errorMessage=f"User: {ALICE} is not authorized to perform: kms:Decrypt on resource: {KEY_ARN} "
    "because no resource-based policy allows the kms:Decrypt action",
)
RECORDS = [GRANT, DECRYPT]
EXPECTED = {("CreateGrant", ROLE, KEY_ARN), ("Decrypt", ALICE, KEY_ARN)}


def denials(report):
    return {
        (denial.event.name, denial.principal.arn, denial.key.arn)
        for finding in report.findings
        for denial in finding.denials
    }


def text(value):
    return json.dumps(value)


def event(one):
    """Return an event of EventBridge."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.kms",
        "account": ACCOUNT,
        "time": "2026-05-18T07:00:34Z",
        "region": "us-east-1",
        "resources": [],
        "detail": one,
    }


def subscription():
    """Return what a subscription filter sends, unpacked."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": "CloudTrail/logs",
        "logStream": "1",
        "subscriptionFilters": ["all"],
        "logEvents": [
            {"id": str(n), "timestamp": 1779087634000, "message": text(one)}
            for n, one in enumerate(RECORDS)
        ],
    }


def packed(value):
    return base64.b64encode(gzip.compress(text(value).encode())).decode()


def cells(one):
    """Return a record as a row of named columns."""
    return {
        "eventtime": one["eventTime"],
        "eventsource": one["eventSource"],
        "eventname": one["eventName"],
        "awsregion": one["awsRegion"],
        "errorcode": one["errorCode"],
        "errormessage": one["errorMessage"],
        "recipientaccountid": one["recipientAccountId"],
        "sourceipaddress": one["sourceIPAddress"],
    }


ROWS = [
    {**cells(GRANT), "useridentity": text(GRANT["userIdentity"])},
    {**cells(DECRYPT), "useridentity": text(DECRYPT["userIdentity"])},
]
HEADER = list(ROWS[0])

JSON = {
    "a log file": text({"Records": RECORDS}),
    "a list": text(RECORDS),
    "indented": json.dumps(RECORDS, indent=2),
    "JSON lines": "\n".join(map(text, RECORDS)),
    "lines that end in commas": "".join(f"{text(one)},\n" for one in RECORDS),
    "a trailing comma": f"[{text(GRANT)},{text(DECRYPT)},]",
    "nothing between records": "".join(map(text, RECORDS)),
    "tabs between records": "\t".join(map(text, RECORDS)),
    "two log files in one": "".join(text({"Records": [one]}) for one in RECORDS),
    "a list of log files": text([{"Records": [one]} for one in RECORDS]),
    "lookup-events": text(
        {
            "Events": [
                {"EventId": one["eventID"], "EventName": one["eventName"],
                 "CloudTrailEvent": text(one)}
                for one in RECORDS
            ],
            "NextToken": "abc",
        }
    ),
    "lookup-events --query": text([text(one) for one in RECORDS]),
    "one record as a JSON string each": "\n".join(text(text(one)) for one in RECORDS),
    "EventBridge, in a list": text([event(one) for one in RECORDS]),
    "EventBridge, JSON lines": "\n".join(text(event(one)) for one in RECORDS),
    "filter-log-events": text(
        {"events": [{"logStreamName": "1", "timestamp": 1, "message": text(one), "eventId": "9"}
                    for one in RECORDS], "searchedLogStreams": []}
    ),
    "a subscription of CloudWatch Logs": text(subscription()),
    "the same as Lambda gets it": text({"awslogs": {"data": packed(subscription())}}),
    "the same in Kinesis": text(
        {"Records": [{"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record",
                      "kinesis": {"data": packed(subscription())}}]}
    ),
    "an S3 export of CloudWatch Logs": "".join(
        f"2026-05-18T07:00:34.000Z {text(one)}\n" for one in RECORDS
    ),
    "Logs Insights": text(
        {
            "results": [
                [{"field": "@timestamp", "value": "2026-05-18 07:00:34.000"},
                 {"field": "@message", "value": text(one)}, {"field": "@ptr", "value": "x"}]
                for one in RECORDS
            ],
            "statistics": {"recordsMatched": 2.0},
            "status": "Complete",
        }
    ),
    "Logs Insights, chosen fields": text(
        {
            "results": [
                [{"field": name, "value": value} for name, value in {
                    "@timestamp": "2026-05-18 07:00:34.000",
                    "eventSource": one["eventSource"],
                    "eventName": one["eventName"],
                    "errorCode": one["errorCode"],
                    "errorMessage": one["errorMessage"],
                    "userIdentity.arn": one["userIdentity"]["arn"],
                    "userIdentity.sessionContext.sessionIssuer.arn":
                        one["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {})
                        .get("arn", ""),
                }.items()]
                for one in RECORDS
            ]
        }
    ),
    "Athena": text(
        {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [
                    {"Data": [{"VarCharValue": name} for name in HEADER]},
                    *({"Data": [{"VarCharValue": row[name]} for name in HEADER]} for row in ROWS),
                ],
                "ResultSetMetadata": {"ColumnInfo": []},
            },
        }
    ),
    "CloudTrail Lake": text(
        {
            "QueryStatus": "FINISHED",
            "QueryResultRows": [[{name: value} for name, value in row.items()] for row in ROWS],
        }
    ),
    "rows as JSON lines": "\n".join(map(text, ROWS)),
    "SNS": "\n".join(
        text({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
              "Message": text(event(one))})
        for one in RECORDS
    ),
    "SNS as Lambda gets it": text(
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text(event(one))}}
                     for one in RECORDS]}
    ),
    "SQS": text({"Messages": [{"MessageId": "1", "Body": text(event(one))} for one in RECORDS]}),
    "SQS as Lambda gets it": text(
        {"Records": [{"messageId": "1", "body": text(one), "eventSource": "aws:sqs",
                      "awsRegion": "us-east-1"} for one in RECORDS]}
    ),
    "SNS in SQS": text(
        {"Messages": [{"Body": text({"Type": "Notification", "Message": text(event(one))})}
                      for one in RECORDS]}
    ),
    "Elastic, the original": text(
        {"took": 1, "hits": {"total": {"value": 2}, "hits": [
            {"_index": "i", "_source": {"event": {"original": text(one)}}} for one in RECORDS]}}
    ),
    "Elastic, its own fields": text(
        {"hits": {"hits": [
            {"_index": "i", "_source": {
                "@timestamp": one["eventTime"],
                "event": {"action": one["eventName"], "provider": one["eventSource"],
                          "outcome": "failure", "id": one["eventID"]},
                "cloud": {"region": "us-east-1", "account": {"id": ACCOUNT}},
                "aws": {"cloudtrail": {
                    "error_code": one["errorCode"], "error_message": one["errorMessage"],
                    "user_identity": {
                        "type": one["userIdentity"]["type"], "arn": one["userIdentity"]["arn"],
                        "session_context": {"session_issuer": one["userIdentity"].get(
                            "sessionContext", {}).get("sessionIssuer", {})}}}},
                "user": {"name": "x"},
            }} for one in RECORDS]}}
    ),
    "Splunk, raw": "\n".join(
        text({"preview": False, "result": {"_raw": text(one), "_time": "x"}}) for one in RECORDS
    ),
    "Splunk, results": text({"results": [{"_raw": text(one)} for one in RECORDS]}),
    "an unknown envelope": text({"payload": GRANT}) + text({"payload": DECRYPT}),
    "a list in an unknown envelope": text({"things": RECORDS}),
    "an integer of 5,000 digits": text(RECORDS).replace(
        '"requestParameters": null', f'"requestParameters": {{"n": {"9" * 5000}}}'
    ),
}  # fmt: skip
