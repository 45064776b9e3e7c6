"""SQL queries that select the events that an audit needs from a CloudTrail table.

For Athena: the table that AWS documents ("Query AWS CloudTrail logs" in the Athena User Guide), on
engine version 3, without partitions, with those of its partition projection (`timestamp`, and
`region` and `account` if they were added), or with manual partitions (`region`, `year`, `month`,
`day`, and `account` for an organization's trail). For CloudTrail Lake: an event data store
("Supported SQL schemas for event data stores" and "CloudTrail Lake SQL constraints" in the
CloudTrail User Guide). CloudTrail Lake takes no new customers since 2026-05-31 (document history of
the CloudTrail User Guide).

The query returns these rows:

- KMS events that failed, denied or otherwise;
- for each denied caller, the last success of each denied action, and of each action that EBS can
  need, on each key;
- changes to a key: CreateKey, ReplicateKey and PutKeyPolicy (with the key policy), DisableKey,
  EnableKey, ScheduleKeyDeletion, CancelKeyDeletion, DeleteKey, ImportKeyMaterial,
  DeleteImportedKeyMaterial, DeleteExpiredKeyMaterial, RevokeGrant, RetireGrant;
- successful and failed EC2 operations that use the KMS key of a volume, and failed calls of the
  EBS direct APIs;
- the AssumeRole* event that issued the access key of a denied call, or the last one that issued its
  session; CreateRole and DeleteRole events of a denied role.

With `around`, the first and the fourth kind are limited to `minutes` before and after this time.
The other kinds are searched from `days` before to `days` after it.

The result has the columns of RESULT_COLUMNS, in this order.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ebs_kms_audit.aws.arns import Arn, is_account_id, partition_of
from ebs_kms_audit.aws.ebs_operations import (
    EBS_DIRECT_OPERATIONS,
    EBS_EVENT_SOURCE,
    EBS_OPERATIONS,
    EC2_EVENT_SOURCE,
)
from ebs_kms_audit.aws.kms_actions import EBS_KINDS, KMS_EVENT_SOURCE, KeyUse, kms_actions
from ebs_kms_audit.aws.kms_errors import DENIAL_CODES
from ebs_kms_audit.aws.relevance import IAM_EVENT_SOURCE, KEY_CHANGES, ROLE_CHANGES
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.model import Window
from ebs_kms_audit.reading.window import window_around

RESULT_COLUMNS = {
    "eventtime": "ISO 8601 in UTC, with Z",
    "eventsource": "kms.amazonaws.com, …",
    "eventname": "Decrypt, …",
    "awsregion": "the Region of the call",
    "sourceipaddress": "an address, or the service that called",
    "useragent": "",
    "errorcode": "empty for a success",
    "errormessage": "empty for a success",
    "useridentity": "JSON object; out of Athena its members have small letters (`accesskeyid`)",
    "requestparameters": "JSON object",
    "responseelements": "JSON object; of EC2 and AssumeRole* events, without the session token",
    "resources": "JSON array of objects with ARN, accountId, type; out of Athena in small letters",
    "requestid": "",
    "eventid": "",
    "readonly": "true or false",
    "eventtype": "AwsApiCall, …",
    "recipientaccountid": "twelve digits",
    "sharedeventid": "the same in both accounts of a cross-account call",
    "vpcendpointid": "the endpoint through which the call was made",
}
"""The columns of the result, in order, and their contents."""

PARTITIONS = ("account", "region", "timestamp", "year", "month", "day")
"""The possible partition columns of a table in Athena."""

EVENT_DATA_STORE = "REPLACE_WITH_THE_EVENT_DATA_STORE_ID"
"""The placeholder in a query on CloudTrail Lake without an event data store."""

_STS = "sts.amazonaws.com"
_EBS_ACTIONS = tuple(
    action.event_name
    for action in kms_actions()
    if action.kind in EBS_KINDS and action.key_use is KeyUse.SYMMETRIC
)

# IAM and the global endpoint of STS serve a whole partition. Their events are recorded here.
_HOME_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-f": "us-isof-south-1",
}

# `caller` is the role of a session, or the user. `newest_of` is the same for rows of which only the
# newest is needed, and null for a row that is not needed. `denied` is one row of arrays, so that
# the table is read twice and not once for each condition.
_SQL = """\
WITH trail AS (
  SELECT
    {columns},
    COALESCE(
      useridentity.sessioncontext.sessionissuer.arn, useridentity.arn,
      useridentity.principalid, useridentity.invokedby
    ) AS caller,
    useridentity.arn AS session_arn,
    useridentity.accesskeyid AS access_key,
    element_at(resources, 1).arn AS key_arn
  FROM {table}
  WHERE {limits}
    AND (
      eventsource = {kms}
      OR (eventsource = {ec2} AND eventname IN ({ebs_operations}))
      OR (eventsource = {ebs} AND errorcode <> '' AND eventname IN ({direct_operations}))
      OR (eventsource = {sts} AND eventname LIKE 'AssumeRole%')
      OR (eventsource = {iam} AND eventname IN ({role_changes}))
    )
),
denied AS (
  SELECT
    array_agg(DISTINCT caller) AS callers,
    array_agg(DISTINCT concat(caller, ' ', eventname)) AS calls,
    array_agg(DISTINCT session_arn) AS session_arns,
    array_agg(DISTINCT access_key) AS access_keys,
    array_agg(DISTINCT regexp_extract(caller, '[^/]+$')) AS role_names
  FROM trail
  WHERE eventsource = {kms} AND errorcode IN ({denial_codes}){near}
),
wanted AS (
  SELECT
    trail.*,
    CASE
      WHEN eventsource IN ({ec2}, {ebs}){near} THEN eventid
      WHEN eventsource = {kms} AND errorcode <> ''{near} THEN eventid
      WHEN errorcode <> '' THEN NULL
      WHEN eventsource = {kms} AND eventname IN ({key_changes}) THEN eventid
      WHEN eventsource = {kms}
        AND (
          contains(calls, concat(caller, ' ', eventname))
          OR (contains(callers, caller) AND eventname IN ({ebs_actions}))
        )
        THEN concat_ws(' ', caller, eventname, awsregion, recipientaccountid, key_arn)
      WHEN eventsource = {sts} AND contains(access_keys, issued_key) THEN issued_key
      WHEN eventsource = {sts} AND contains(session_arns, issued_session) THEN issued_session
      WHEN eventsource = {iam} AND contains(role_names, role_name) THEN eventid
    END AS newest_of
  FROM trail CROSS JOIN denied
),
ranked AS (
  SELECT
    wanted.*,
    row_number() OVER (PARTITION BY newest_of ORDER BY eventtime DESC) AS place
  FROM wanted
  WHERE newest_of IS NOT NULL
)
SELECT
  {results}
FROM ranked
WHERE place = 1
ORDER BY eventtime DESC
"""

# Columns and expressions that are read in addition to a column, or instead of it.
_READ_IN_ATHENA = {
    "issued_key": "json_extract_scalar(responseelements, '$.credentials.accessKeyId')",
    "issued_session": "json_extract_scalar(responseelements, '$.assumedRoleUser.arn')",
    "role_name": "json_extract_scalar(requestparameters, '$.roleName')",
}
_READ_IN_LAKE = {
    "eventtime": "date_format(eventtime, '%Y-%m-%dT%H:%i:%sZ')",
    "eventjson": "eventjson",  # the whole record
    # In these maps a nested value is JSON text.
    "issued_key": (
        "json_extract_scalar(element_at(responseelements, 'credentials'), '$.accessKeyId')"
    ),
    "issued_session": (
        "json_extract_scalar(element_at(responseelements, 'assumedRoleUser'), '$.arn')"
    ),
    "role_name": "element_at(requestparameters, 'roleName')",
}
# The expressions for results that are not text. A session token (100 Base64 characters or more) is
# removed, because the audit does not need it.
_RESPONSE_ELEMENTS = f"""\
CASE WHEN eventsource IN ('{EC2_EVENT_SOURCE}', '{_STS}')
    THEN regexp_replace({{text}}, '[A-Za-z0-9+/=]{{{{100,}}}}', 'removed')
  END"""
_SHOWN_IN_ATHENA = {
    "useridentity": "json_format(CAST(useridentity AS JSON))",
    "responseelements": _RESPONSE_ELEMENTS.format(text="responseelements"),
    "resources": "json_format(CAST(resources AS JSON))",
}
_SHOWN_IN_LAKE = {
    "useridentity": "json_format(json_extract(eventjson, '$.userIdentity'))",
    "requestparameters": "json_format(json_extract(eventjson, '$.requestParameters'))",
    "responseelements": _RESPONSE_ELEMENTS.format(
        text="json_format(json_extract(eventjson, '$.responseElements'))"
    ),
    "resources": "json_format(json_extract(eventjson, '$.resources'))",
    "readonly": "CAST(readonly AS VARCHAR)",
}


def athena_query(
    *,
    table: str = "cloudtrail_logs",
    partitions: Collection[str] = ("timestamp",),
    days: int = 7,
    region: str | None = None,
    account: str | None = None,
    around: str | date | None = None,
    minutes: float | None = None,
    now: datetime | None = None,
) -> str:
    """Return the query on a CloudTrail table in Athena; `table` may be `database.table`.

    `partitions` are the partition columns of the table, a subset of PARTITIONS; empty for a table
    without partitions. The query covers the `days` days before `now` (default: the present time),
    or `days` days before and after the time `around`. `region` and `account` limit the query to one
    Region and one account. Failures are selected within `minutes` (15) before and after `around`,
    which can also be a whole day.

    Raises UsageError for an argument that is not valid.
    """
    scope = _Scope.of(days, region, account, around, minutes, now)
    begin, end = scope.span
    filters = [
        *_partition_filters(partitions, scope),
        f"eventtime BETWEEN '{_iso(begin)}' AND '{_iso(end)}'",
    ]
    return _query(_table(table), filters, _READ_IN_ATHENA, _SHOWN_IN_ATHENA, scope)


def lake_query(
    *,
    event_data_store: str = EVENT_DATA_STORE,
    days: int = 7,
    region: str | None = None,
    account: str | None = None,
    around: str | date | None = None,
    minutes: float | None = None,
    now: datetime | None = None,
) -> str:
    """Return the query on an event data store of CloudTrail Lake, by ID or ARN.

    Without `event_data_store`, the query has a placeholder, which CloudTrail rejects. The other
    arguments are those of `athena_query`. The query has at most 10,000 characters, which is the
    limit of CloudTrail (CloudTrail API Reference, StartQuery).
    """
    scope = _Scope.of(days, region, account, around, minutes, now)
    begin, end = (f"TIMESTAMP '{time:%Y-%m-%d %H:%M:%S}'" for time in scope.span)
    filters = [f"eventtime BETWEEN {begin} AND {end}"]
    store = _event_data_store(event_data_store)
    return _query(store, filters, _READ_IN_LAKE, _SHOWN_IN_LAKE, scope)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scope:
    """The scope of a query: `span` is searched; failures are selected in `window`, or in all."""

    region: str | None
    account: str | None
    span: tuple[datetime, datetime]
    window: Window | None

    @classmethod
    def of(
        cls,
        days: int,
        region: str | None,
        account: str | None,
        around: str | date | None,
        minutes: float | None,
        now: datetime | None,
    ) -> _Scope:
        if not 1 <= days <= 3660:
            raise UsageError(f"days: {days} is out of range. Give whole days, for example 7")
        if region is not None and partition_of(region) is None:
            raise UsageError(f"region: {region} is not an AWS Region. Give one such as us-east-1")
        if account is not None and not is_account_id(account):
            raise UsageError(f"account: {account} is not an account id. Give its 12 digits")
        window = window_around(around, minutes)
        reach = timedelta(days=days)
        try:
            if window:
                span = (window.start - reach, window.end + reach)
            else:
                end = (now or datetime.now(UTC)).astimezone(UTC)
                span = (end - reach, end)
            # The partitions of the day after the end are also read.
            span[1] + timedelta(days=1)
        except OverflowError as error:
            raise UsageError(f"around: {around} is out of range") from error
        return cls(region=region, account=account, span=span, window=window)


def _table(text: str) -> str:
    parts = text.split(".")
    if len(parts) > 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", part) for part in parts):
        raise UsageError(
            f"table: {text} is not the name of a table. Give cloudtrail_logs or "
            "database.cloudtrail_logs"
        )
    return ".".join(f'"{part}"' for part in parts)


def _event_data_store(text: str) -> str:
    if text == EVENT_DATA_STORE:
        return text
    arn = Arn.parse(text)
    named = arn.name if arn and arn.resource_type == "eventdatastore" else text
    if not re.fullmatch(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", named):
        raise UsageError(
            f"event data store: {text} is not the ID of an event data store. Get it with aws "
            "cloudtrail list-event-data-stores: it follows eventdatastore/ in the ARN"
        )
    return named


def _partition_filters(partitions: Collection[str], scope: _Scope) -> Iterator[str]:
    names = set(partitions)
    by_date = names & {"year", "month", "day"}
    if names - set(PARTITIONS) or (by_date and (len(by_date) < 3 or "timestamp" in names)):
        raise UsageError(
            f"partitions: {', '.join(partitions)} is not a set of partition columns. Give some of "
            "account, region and timestamp, or account, region and all of year, month and day"
        )
    begin, end = scope.span
    # The partition of a file is the day of delivery, which can be the day after the event.
    days = f"BETWEEN '{begin:%Y/%m/%d}' AND '{end + timedelta(days=1):%Y/%m/%d}'"
    if "account" in names and scope.account:
        yield f"account = '{scope.account}'"
    if "region" in names and scope.region:
        home = _HOME_REGIONS.get(partition_of(scope.region) or "")
        regions = dict.fromkeys(one for one in (scope.region, home) if one)
        yield f"region IN ({_list(regions)})"
    if "timestamp" in names:
        yield f'"timestamp" {days}'
    if by_date:
        yield f"concat(year, '/', month, '/', day) {days}"


def _query(
    table: str, filters: list[str], read: dict[str, str], shown: dict[str, str], scope: _Scope
) -> str:
    limits = list(filters)
    if scope.account:
        limits.append(f"recipientaccountid = '{scope.account}'")
    if scope.region:
        limits.append(
            f"(awsregion = '{scope.region}' OR eventsource IN ({_list((_STS, IAM_EVENT_SOURCE))}))"
        )
    near = ""
    if scope.window:
        begin, end = _iso(scope.window.start), _iso(scope.window.end)
        near = f"\n        AND eventtime BETWEEN '{begin}' AND '{end}'"
    columns = {name: name for name in RESULT_COLUMNS}
    return _SQL.format(
        columns=",\n    ".join(_selected(columns | read)),
        results=",\n  ".join(_selected(columns | shown)),
        table=table,
        limits="\n    AND ".join(limits),
        near=near,
        kms=f"'{KMS_EVENT_SOURCE}'",
        ec2=f"'{EC2_EVENT_SOURCE}'",
        ebs=f"'{EBS_EVENT_SOURCE}'",
        sts=f"'{_STS}'",
        iam=f"'{IAM_EVENT_SOURCE}'",
        denial_codes=_list(sorted(DENIAL_CODES)),
        ebs_operations=_list(sorted(EBS_OPERATIONS)),
        direct_operations=_list(sorted(EBS_DIRECT_OPERATIONS)),
        ebs_actions=_list(_EBS_ACTIONS),
        key_changes=_list(("CreateKey", "ReplicateKey", *sorted(KEY_CHANGES))),
        role_changes=_list(sorted(ROLE_CHANGES)),
    )


def _selected(columns: dict[str, str]) -> Iterator[str]:
    for name, expression in columns.items():
        yield name if name == expression else f"{expression} AS {name}"


def _list(texts: Iterable[str]) -> str:
    """Return the list for `IN (…)`. The texts are constants or validated arguments."""
    listed = ", ".join(f"'{text}'" for text in texts)
    if len(listed) <= 70:
        return listed
    indent = " " * 10
    lines = textwrap.fill(listed, 90, initial_indent=indent, subsequent_indent=indent)
    return f"\n{lines}\n        "


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
