"""CloudTrail records in DuckDB, as Athena and CloudTrail Lake hold them."""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import sqlglot

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
STORE = "11112222-aaaa-bbbb-cccc-333344445555"
ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = KEY.replace("1234abcd", "ffffffff")
TOKEN = "IQoJb3JpZ2luX2VjE" * 20
KMS, EC2, EBS, STS, IAM = (f"{name}.amazonaws.com" for name in ("kms", "ec2", "ebs", "sts", "iam"))


def user(name):
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return {"type": "IAMUser", "arn": arn, "accountId": ACCOUNT, "userName": name,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}  # fmt: skip


def role(name, session="ci", access_key="ASIAIOSFODNN7EXAMPLE"):
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/ops/{name}", "userName": name}
    return {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
            "accountId": ACCOUNT, "accessKeyId": access_key,
            "sessionContext": {"sessionIssuer": issuer}}  # fmt: skip


ALICE, BOB, CAROL, DAVE = user("alice"), user("bob"), user("carol"), user("dave")
DEPLOY = role("deploy", access_key="ASIAIOSFODNN7DEPLOY1")
DEPLOY_LATER = role("deploy", session="ci-2", access_key="ASIAIOSFODNN7DEPLOY2")
DENIED = "AccessDenied"


def record(id, time, source, name, who, *, error=None, key=None, region="eu-west-1",
           account=ACCOUNT, request=None, response=None):  # fmt: skip
    """Return a CloudTrail record; the time is that of 18 May, or a whole one."""
    return {
        "eventVersion": "1.09",
        "userIdentity": who,
        "eventTime": time if "T" in time else f"2026-05-18T{time}Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": 'aws-cli "2"',
        "errorCode": error,
        "errorMessage": error and f"User: {who['arn']} is not authorized",
        "requestParameters": request,
        "responseElements": response,
        "requestID": f"request-{id}",
        "eventID": id,
        "readOnly": name == "Decrypt",
        "resources": key and [{"ARN": key, "accountId": ACCOUNT, "type": "AWS::KMS::Key"}],
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }


def handout(id, time, access_key, session, **more):
    return record(
        id, time, STS, "AssumeRole", BOB, region="us-east-1",
        request={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/ops/deploy", "roleSessionName": session},
        response={
            "credentials": {"sessionToken": TOKEN, "accessKeyId": access_key, "expiration": "…"},
            "assumedRoleUser": {
                "assumedRoleId": f"AROAIOSFODNN7EXAMPLE1:{session}",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/{session}",
            },
        },
        **more,
    )  # fmt: skip


WANTED = [
    # KMS events that failed; the first was delivered twice.
    record("grant-denied", "07:00:00", KMS, "CreateGrant", ALICE, error=DENIED),
    record("grant-denied", "07:00:00", KMS, "CreateGrant", ALICE, error=DENIED),
    record("decrypt-denied", "07:01:00", KMS, "Decrypt", DEPLOY, error="AccessDeniedException"),
    record("tag-denied", "07:02:00", KMS, "TagResource", ALICE, error=DENIED),
    record("key-disabled", "07:03:00", KMS, "Decrypt", CAROL, error="DisabledException"),
    # Successes of the denied callers: the newest of each action on each key.
    record("decrypt-cured", "09:00:00", KMS, "Decrypt", DEPLOY_LATER, key=KEY),
    record("decrypt-other-key", "06:00:00", KMS, "Decrypt", DEPLOY, key=OTHER_KEY),
    record("describe-allowed", "06:10:00", KMS, "DescribeKey", ALICE, key=KEY),
    record("tag-cured", "09:10:00", KMS, "TagResource", ALICE, key=KEY),
    # Changes.
    record("policy-put", "2026-05-15T10:00:00Z", KMS, "PutKeyPolicy", BOB, key=KEY),
    record("key-disabled-by", "05:00:00", KMS, "DisableKey", BOB, key=KEY),
    record("deletion", "05:01:00", KMS, "ScheduleKeyDeletion", BOB, key=OTHER_KEY),
    record("grant-revoked", "05:02:00", KMS, "RevokeGrant", BOB, key=KEY),
    record("grant-retired", "05:03:00", KMS, "RetireGrant", BOB, key=KEY),
    record("grant-retired-2", "05:04:00", KMS, "RetireGrant", BOB, key=KEY),
    record("key-enabled-by", "05:05:00", KMS, "EnableKey", BOB, key=KEY),
    record("deletion-cancelled", "05:06:00", KMS, "CancelKeyDeletion", BOB, key=OTHER_KEY),
    record("key-created", "03:00:00", KMS, "CreateKey", BOB, key=KEY),
    record("key-replicated", "03:01:00", KMS, "ReplicateKey", BOB, key=KEY),
    record("role-deleted", "04:00:00", IAM, "DeleteRole", BOB, region="us-east-1",
           request={"roleName": "deploy"}),
    record("role-created", "04:01:00", IAM, "CreateRole", BOB, region="us-east-1",
           request={"roleName": "deploy"}),
    # EC2 operations.
    record("volume", "06:59:00", EC2, "CreateVolume", ALICE, response={"volumeId": "vol-01"}),
    record("attach", "06:59:30", EC2, "AttachVolume", ALICE,
           error="Client.CustomerKeyHasBeenRevoked"),
    record("direct-denied", "07:04:00", EBS, "StartSnapshot", ALICE, error=DENIED),
    # Who handed out the session: that of the access key, and the newest of the session.
    handout("handout-of-key", "06:30:00", "ASIAIOSFODNN7DEPLOY1", "ci"),
    handout("handout-of-session", "06:50:00", "ASIAIOSFODNN7OTHER01", "ci"),
]  # fmt: skip
UNWANTED = [
    record("older-success", "08:00:00", KMS, "Decrypt", DEPLOY, key=KEY),
    record("much-older-success", "05:00:00", KMS, "Decrypt", DEPLOY, key=KEY),
    record("of-nobody-denied", "07:05:00", KMS, "Decrypt", BOB, key=KEY),
    record("of-another-error", "09:00:00", KMS, "Decrypt", CAROL, key=KEY),
    record("not-of-ebs", "09:00:00", KMS, "CreateAlias", ALICE, key=KEY),
    record("direct-allowed", "07:05:00", EBS, "StartSnapshot", ALICE),
    record("instances", "06:58:00", EC2, "DescribeInstances", ALICE),
    record("denied-elsewhere", "07:00:00", "s3.amazonaws.com", "GetObject", ALICE, error=DENIED),
    record("same-name", "07:00:00", "license-manager.amazonaws.com", "CreateGrant", ALICE,
           error=DENIED),
    handout("older-handout", "06:40:00", "ASIAIOSFODNN7OTHER02", "ci"),
    handout("other-session", "06:50:00", "ASIAIOSFODNN7OTHER03", "someone"),
    handout("failed-handout", "06:55:00", "ASIAIOSFODNN7OTHER04", "ci", error=DENIED),
    record("other-role", "04:00:00", IAM, "DeleteRole", BOB, region="us-east-1",
           request={"roleName": "deploy2"}),
    record("role-not-deleted", "04:00:00", IAM, "DeleteRole", BOB, region="us-east-1",
           request={"roleName": "deploy"}, error=DENIED),
    record("too-old", "2026-05-13T11:59:59Z", KMS, "CreateGrant", ALICE, error=DENIED),
    record("too-new", "2026-05-20T12:00:01Z", KMS, "CreateGrant", ALICE, error=DENIED),
]  # fmt: skip


def ids(records):
    return sorted({one["eventID"] for one in records})


# The tables as AWS documents them, as far as the query reads them.
IDENTITY = (
    "STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, invokedby VARCHAR, "
    "accesskeyid VARCHAR, username VARCHAR, sessioncontext STRUCT(attributes STRUCT("
    "mfaauthenticated VARCHAR, creationdate VARCHAR), sessionissuer STRUCT(type VARCHAR, "
    "principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR)))"
)
TEXTS = (
    "eventversion eventsource eventname awsregion sourceipaddress useragent errorcode errormessage "
    "requestid eventid eventtype recipientaccountid sharedeventid vpcendpointid"
).split()
ATHENA = dict.fromkeys([*TEXTS, "eventtime", "readonly"], "VARCHAR") | {
    "useridentity": IDENTITY,
    "requestparameters": "VARCHAR",
    "responseelements": "VARCHAR",
    "resources": "STRUCT(arn VARCHAR, accountid VARCHAR, type VARCHAR)[]",
}
LAKE = dict.fromkeys([*TEXTS, "eventjson"], "VARCHAR") | {
    "useridentity": IDENTITY,
    "eventtime": "TIMESTAMP",
    "readonly": "BOOLEAN",
    "requestparameters": "MAP(VARCHAR, VARCHAR)",
    "responseelements": "MAP(VARCHAR, VARCHAR)",
    "resources": "STRUCT(accountid VARCHAR, type VARCHAR, arn VARCHAR, arnprefix VARCHAR)[]",
}


def small(value):
    """Return the value with the names of members in small letters, as Athena has a struct's."""
    if isinstance(value, dict):
        return {name.lower(): small(member) for name, member in value.items()}
    return [small(member) for member in value] if isinstance(value, list) else value


def in_athena(one):
    day = datetime.fromisoformat(one["eventTime"]) + timedelta(minutes=5)  # of its delivery
    row = small(one)
    for name in ("requestParameters", "responseElements"):
        row[name.lower()] = one[name] and json.dumps(one[name])
    return row | {
        "readonly": str(one["readOnly"]).lower(),
        "account": one["recipientAccountId"], "region": one["awsRegion"],
        "timestamp": f"{day:%Y/%m/%d}", "year": f"{day:%Y}", "month": f"{day:%m}",
        "day": f"{day:%d}",
    }  # fmt: skip


def in_lake(one):
    row = small(one) | {"eventtime": one["eventTime"].rstrip("Z"), "eventjson": json.dumps(one)}
    for name in ("requestParameters", "responseElements"):
        row[name.lower()] = one[name] and {
            member: value if isinstance(value, str) else json.dumps(value)
            for member, value in one[name].items()
        }
    return row


def rows_of(sql, records, file, *, partitions=()):
    """Run a query over records and return its rows as dicts; the records are put into a file."""
    lake = STORE in sql
    types = LAKE if lake else ATHENA | dict.fromkeys(partitions, "VARCHAR")
    rows = [(in_lake if lake else in_athena)(one) for one in records]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    # An ID with hyphens is no name in SQL: in CloudTrail Lake it stands there bare.
    (query,) = sqlglot.transpile(
        sql.replace(STORE, "cloudtrail_logs"), read="trino", write="duckdb"
    )
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE cloudtrail_logs AS SELECT * FROM "
            f"read_json('{file}', format='newline_delimited', columns={types})"
        )
        result = database.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]
