"""The pages on caveats: what an input can't show, and what to do about it."""

from __future__ import annotations

from ebs_kms_audit.explain.page import Page

CAVEATS = (
    Page(
        "read_only_hidden",
        "No read-only KMS row: the default view hides them",
        "Event history opens with the filter Read-only = false, and a download holds what the "
        "view shows. Decrypt, Encrypt, ReEncrypt, GenerateDataKey*, DescribeKey and ListGrants "
        "are read-only events, so a download of the default view can never show that they were "
        "denied; CreateGrant, RevokeGrant and RetireGrant it can.",
        "choose the filter Event source = kms.amazonaws.com, which replaces the default one, and "
        "download again. Keep the first download as well: the second has no EC2 rows.",
    ),
    Page(
        "no_kms_rows",
        "The input has no KMS row at all",
        "Nothing can be said about KMS from it: the search may have been narrowed to another "
        "event source, Region or time, or the KMS rows may be hidden as read-only.",
        "in the Region of the volume, search 15 minutes around the failed call with the filter "
        "Event source = kms.amazonaws.com, and download again.",
    ),
    Page(
        "limited_view",
        "One Region, 90 days, and the span that was searched",
        "Event history holds the management events of the last 90 days in one Region. A failed "
        "call in another Region, or before the span that was searched, is not in the export.",
        "check that the Region is the volume's and that the span holds the failed call. Several "
        "exports can be audited together.",
    ),
    Page(
        "delivery_delay",
        "An event may appear up to 15 minutes after the call",
        "CloudTrail delivers events with a delay. An export made right after the failure may "
        "lack the denial.",
        "wait a quarter of an hour after the failed call and export again.",
    ),
    Page(
        "not_recorded",
        "Not every refusal is recorded",
        "A denied call of a principal from another account is recorded in that account only. "
        "Refusals by a VPC endpoint policy are not recorded. EC2 checks the key asynchronously: "
        "CreateVolume can succeed and the volume vanish afterwards, and not every such failure "
        "reaches KMS.",
        "export in the account of the caller too; look at the volume's state reason and at the "
        "EventBridge events of EBS.",
    ),
    Page(
        "cause_not_shown",
        "The input does not show which policy refused",
        "The console's CSV has no error message. The refusal may come from the key policy, from "
        "a missing IAM policy, a permissions boundary, a session policy, an organization's "
        "policy (SCP, RCP) or an explicit Deny in any of them. The statements offered are those "
        "that the key policy must hold for the call to work when nothing else forbids it.",
        "choose Download JSON for the same search and give it with --records: the record's "
        "errorMessage mostly names the type of policy that refused. So does the message that the "
        "user got: give it with --message.",
    ),
    Page(
        "key_not_in_csv",
        "The key is not in the CSV",
        "The console's CSV does not list the key of a KMS call, even where the record does. "
        "Denials that are shown as one finding may concern several keys.",
        "give the JSON of the same search with --records; or look up the key of the snapshot or "
        "volume, and name it with --key ARN if all denials are about it.",
    ),
    Page(
        "session_name_only",
        "The principal is a session name",
        "For a role the User name column holds the session's name, never the role's, and a "
        "temporary access key does not tell a role's session from a user's. A key policy names "
        "roles and users, so a placeholder stands where the ARN is not known.",
        "choose Download JSON for the same search and give it with --records; or open one of the "
        "events: userIdentity.sessionContext.sessionIssuer.arn is the role, with its path. Then "
        "say so with --principal NAME=ARN.",
    ),
    Page(
        "times_without_zone",
        "The times have no zone",
        "Exports of 2019-2020, and those that a spreadsheet re-saved, hold times without a zone. "
        "They may be UTC or the local time of whoever exported them.",
        "compare one event with its record in Event history before you rely on a time.",
    ),
    Page(
        "outside_window_unknown",
        "Denials without a time zone were kept in the window",
        "Where a time has no zone it can't be told whether it lies in the window around the "
        "failed call, so the row is kept rather than lost.",
        "compare the event with its record in Event history.",
    ),
    Page(
        "date_order_guessed",
        "Day and month could not be told apart",
        "A spreadsheet rewrote the dates (5/6/2026), and no date of the file tells the day from "
        "the month. The month was taken first, in a file with semicolons the day.",
        "use the download as CloudTrail made it, without saving it in a spreadsheet.",
    ),
    Page(
        "account_id_damaged",
        "A spreadsheet damaged the account ids",
        "A cell such as 1.11122E+11 has lost digits of the account id. It is repaired where an "
        "access key or an ARN of the same file holds an id that rounds to the cell; access keys "
        "tell the account in a way that AWS does not document, so this is an inference. "
        "Otherwise the account is unknown; a damaged id never enters an ARN.",
        "use the download as CloudTrail made it, or check the account id before you paste.",
    ),
    Page(
        "columns_missing",
        "Columns of the export are missing",
        "Someone removed columns, or the export is of 2019-2020. What stood there is unknown: "
        "without User name or access key the principal, without Recipient Account Id the "
        "account, without Source IP address whether a service made the call.",
        "download again and keep all columns.",
    ),
    Page(
        "source_inferred",
        "Rows were told to be KMS rows by their event name",
        "The export has no Event source. A row counts as a KMS row if its event name is one of "
        "KMS's and no other service has an event of that name.",
        "download again: the current layout has an Event source.",
    ),
    Page(
        "shared_event_names",
        "Denied rows that may be another service's",
        "Without an Event source, names such as TagResource, CreateAlias or Encrypt do not tell "
        "KMS from another service. Such denials are listed apart and are in no finding, unless "
        "EC2 or Auto Scaling made a call of key usage or grants.",
        "download again: the current layout has an Event source.",
    ),
    Page(
        "rows_set_aside",
        "Rows could not be read",
        "A row with too few or too many fields, without Event name or Event time, or with broken "
        "quotes is set aside with its file, line and reason. A denial may be among them. Where a "
        "quote was not closed, the rows after it are read again from the next line that begins "
        "like a row.",
        "look at the lines named, or download again.",
    ),
    Page(
        "cells_unreadable",
        "A cell could not be read",
        "A cell that should hold JSON (Resources; in a query's result useridentity and others) "
        "holds none. The row still counts; what the cell names, a key, a role or the caller, is "
        "unknown.",
        "look at the line named, or download again.",
    ),
    Page(
        "input_cut_short",
        "A file ends before its end",
        "A compressed file is damaged or was not downloaded whole. The rows before the break "
        "were read.",
        "download or compress it again.",
    ),
    Page(
        "input_not_read",
        "An input could not be read at all",
        "The other inputs were. The exit status is 2, so that a script notices.",
        "follow the sentence that names the input.",
    ),
    Page(
        "record_disagrees",
        "A row and its record differ",
        "The export and the records hold the same event, by its Event ID, and say different "
        "things of it. The record counts: a CSV may have been edited or damaged on its way.",
        "look at the event in Event history.",
    ),
    Page(
        "surroundings_incomplete",
        "What happened around the denials was too much to keep",
        "Of EC2 calls, sessions handed out and successful KMS calls a fixed number is kept. Where "
        "there are more, the input is read a second time for those that belong to the denials, "
        "which a stream does not allow. Principals and timelines may lack evidence.",
        "give files, not standard input or an open file.",
    ),
    Page(
        "duplicate_denials",
        "A denial stood in the input more than once",
        "Exports that overlap hold the same event, under the same Event ID. It counts once.",
        "nothing.",
    ),
)
