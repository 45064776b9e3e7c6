"""Caveats: what an input cannot show, and what to do about it."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry, EntryKind


def _caveat(id: str, title: str, sentence: str, meaning: str, remedy: str) -> Entry:
    return Entry(
        kind=EntryKind.CAVEAT,
        id=id,
        title=title,
        sentence=sentence,
        meaning=meaning,
        remedy=remedy,
    )


ENTRIES = (
    _caveat(
        "read_only_hidden",
        "The input has no read-only KMS event",
        "The input has no read-only KMS event. The default view of Event history hides Decrypt, "
        "GenerateDataKey* and DescribeKey, denied or not. Export again with the filter Event "
        "source = kms.amazonaws.com.",
        "Event history opens with the filter Read-only = false, and a download holds what the "
        "view shows. Decrypt, Encrypt, ReEncrypt, GenerateDataKey*, DescribeKey and ListGrants "
        "are read-only events. A download of the default view never shows that they were denied. "
        "It does show CreateGrant, RevokeGrant and RetireGrant.",
        "In CloudTrail, Event history, choose the filter Event source = kms.amazonaws.com, which "
        "replaces the default filter, and choose Download CSV again. Keep the first download: "
        "the second one has no EC2 events.",
    ),
    _caveat(
        "no_kms_rows",
        "The input has no KMS event",
        "The input has no KMS event, so it shows nothing about KMS. Export again with the filter "
        "Event source = kms.amazonaws.com, in the Region of the volume.",
        "The search may have been limited to another event source, Region or time. The default "
        "view hides read-only KMS events. A trail can exclude KMS events.",
        "In the Region of the volume, search Event history 15 minutes around the failed call "
        "with the filter Event source = kms.amazonaws.com, and choose Download CSV.",
    ),
    _caveat(
        "limited_view",
        "One Region, 90 days, and the time span of the search",
        "Event history shows one Region and the last 90 days. An export holds only the time span "
        "of the search.",
        "Event history holds the management events of the last 90 days in one Region. A failed "
        "call in another Region, or outside the time span of the search, is not in the export.",
        "Check that the Region is the volume's and that the time span holds the failed call. "
        "Several exports can be audited together: ebs-kms-audit FILE FILE",
    ),
    _caveat(
        "delivery_delay",
        "An event can appear up to 15 minutes after the call",
        "An event can appear up to 15 minutes after the call.",
        "CloudTrail delivers events with a delay. An export made right after the failure may not "
        "hold the denial yet.",
        "Wait 15 minutes after the failed call and choose Download CSV again.",
    ),
    _caveat(
        "not_recorded",
        "Not every denial is recorded",
        "Not every denial is recorded here. A call of another account is recorded in that "
        "account. A denial by a VPC endpoint policy is recorded only as a network activity "
        "event. A volume can fail after the call succeeded.",
        "A denied call of a principal from another account is recorded in that account only. A "
        "denial by a VPC endpoint policy is not recorded as a management event; a trail with "
        "network activity events records it as VpceAccessDenied. EC2 checks the key "
        "asynchronously: CreateVolume can succeed and the volume can vanish afterwards.",
        "Export Event history in the account of the caller too. Look at the volume's state "
        "reason: aws ec2 describe-instances --instance-ids ID --query "
        "Reservations[].Instances[].StateReason",
    ),
    _caveat(
        "message_truncated",
        "A message is cut off or masked",
        "Cut off or masked: {count:message}. The action, ARN or policy that is not whole is not "
        "used. Give the whole text.",
        "A terminal, a log or a person shortened the text. The start of an action or of an ARN can "
        "be that of another one.",
        "Copy the whole text, from User: arn:aws:… to its end, and give it with --message.",
    ),
    _caveat(
        "cause_not_shown",
        "The input does not show which policy denied the calls",
        "The input does not show which type of policy denied the calls. The error message "
        "usually does: choose Download JSON for the same search, or give the message with "
        "--message.",
        "The console's CSV has no error message. The denial may come from the key policy, from a "
        "missing IAM policy, a permissions boundary, a session policy, an SCP, an RCP or an "
        "explicit Deny in any of them. The plan shows the statements that the key policy must "
        "have if nothing else denies the call.",
        "In CloudTrail choose Download JSON for the same search and add the file: ebs-kms-audit "
        "event_history.csv event_history.json. Or give the message that the caller saw with "
        "--message TEXT.",
    ),
    _caveat(
        "key_not_in_csv",
        "The input does not name the key",
        "The input does not name the key: one finding can hold denials of several keys. Choose "
        "Download JSON for the same search, or name the key with --key ARN.",
        "The console's CSV usually does not name the key of a KMS call. The record does. Denials "
        "in one finding may be about several keys.",
        "In CloudTrail choose Download JSON for the same search and add the file. Or look up the "
        "key of the snapshot (aws ec2 describe-snapshots --snapshot-ids ID --query "
        "Snapshots[].KmsKeyId) and name it with --key ARN.",
    ),
    _caveat(
        "session_name_only",
        "The input names a session, not the role",
        "The input names a session where a key policy needs the role. Choose Download JSON for "
        "the same search, or name the role with --principal NAME=ARN.",
        "For a role the User name column holds the name of the session, never of the role. A "
        "temporary access key does not show whether the caller is a role or a user. A key policy "
        "names roles and users, so the plan has a placeholder where the ARN is unknown.",
        "In CloudTrail choose Download JSON for the same search and add the file. Or open one of "
        "the events: userIdentity.sessionContext.sessionIssuer.arn is the role, path included. "
        "Give it with --principal NAME=ARN.",
    ),
    _caveat(
        "times_without_zone",
        "The times have no time zone",
        "{file}: its times have no time zone. They may be UTC or the local time of the person "
        "who exported them.",
        "Exports of 2019 and 2020, and exports that a spreadsheet saved again, hold times "
        "without a time zone. They may be UTC or local time.",
        "Compare the time of one event with its record in Event history before you rely on it.",
    ),
    _caveat(
        "outside_window_unknown",
        "Denials without a time zone are kept in the window",
        "Denials that have a time without a time zone are kept. They may lie outside the window.",
        "Without a time zone it is unknown whether the event lies in the window around the "
        "failed call. The row is kept.",
        "Compare the time of the event with its record in Event history.",
    ),
    _caveat(
        "date_order_guessed",
        "The order of day and month is inferred",
        "{file}: its dates do not show which number is the day and which is the month. The order "
        "is inferred.",
        "A spreadsheet rewrote the dates (5/6/2026), and no date of the file has a day above 12. "
        "The first number is read as the month; in a file with semicolons, as the day.",
        "Choose Download CSV again, and use the file without saving it in a spreadsheet.",
    ),
    _caveat(
        "account_id_damaged",
        "A spreadsheet damaged the account ids",
        "A spreadsheet damaged account ids. Repaired: {repaired:id}. "
        "Unknown: {unknown:id}. Choose Download CSV again to get them all.",
        "An id that lost its leading zero (12345678901) is filled up to 12 digits. "
        "A cell such as 1.11122E+11 has lost digits of the account id. It is repaired where an "
        "access key or an ARN of the same file has an id that rounds to the cell. AWS does not "
        "document how an access key shows its account, so the repair is inferred. Otherwise the "
        "account is unknown. A damaged id never enters an ARN.",
        "Choose Download CSV again, and use the file without saving it in a spreadsheet. Or "
        "check the account id before you paste a statement.",
    ),
    _caveat(
        "columns_missing",
        "Columns of the export are missing",
        "{file}: the columns {columns} are missing. What they show is unknown. Choose Download "
        "CSV again and keep all columns.",
        "Columns were removed, or the export is of 2019 or 2020. Without User name or AWS access "
        "key the caller is unknown; without Recipient Account Id, the account; without Source "
        "IP address, whether an AWS service made the call.",
        "Choose Download CSV again and keep all columns.",
    ),
    _caveat(
        "source_inferred",
        "KMS rows are recognized by event name",
        "KMS rows were recognized by event name, because the export has no Event source column.",
        "The export has no Event source column. A row counts as a KMS row if KMS has an event of "
        "this name and no other service does.",
        "Choose Download CSV again: the current layout has an Event source column.",
    ),
    _caveat(
        "shared_event_names",
        "Denied rows that may belong to another service",
        "{count:denied row} may belong to another service: the export has no Event source "
        "column, and other services have events of these names.",
        "Without an Event source column, names such as TagResource, CreateAlias and Encrypt do "
        "not show whether the event is a KMS event. These denials are listed separately and are "
        "in no finding, unless EC2 or Auto Scaling made a key usage or grants call.",
        "Choose Download CSV again: the current layout has an Event source column.",
    ),
    _caveat(
        "rows_set_aside",
        "Rows could not be read",
        "{count:row} could not be read and may hide a denial. --details lists them.",
        "A row is set aside with its file, line and reason if it has too few or too many fields, "
        "no Event name or Event time, or broken quotes. A denial may be among these rows. After "
        "a quote that is not closed, reading continues at the next line that begins like a row.",
        "Look at the lines that --details lists, or choose Download CSV again.",
    ),
    _caveat(
        "cells_unreadable",
        "A cell could not be read",
        "{file}: {column} cannot be read {where}.",
        "A cell that must hold JSON (Resources; in a query result useridentity and others) does "
        "not. The row still counts. The key, role or caller that the cell names is unknown. Only "
        "cells of rows that can bear on a denial are checked.",
        "Look at the line that the report names, or choose Download CSV again.",
    ),
    _caveat(
        "input_cut_short",
        "A file ends too early",
        "{file}: {problem}. Everything after its first {rows:row} is missing.",
        "A compressed file is damaged or was not downloaded completely. The rows before the "
        "damage were read.",
        "Download or compress the file again.",
    ),
    _caveat(
        "input_altered",
        "A file does not match its checksum",
        "{file}: {problem}. Its {rows:row} can be altered, and rows after them can be missing.",
        "A compressed file was unpacked, and its content is not what was compressed. No row of it "
        "is certain.",
        "Download or compress the file again.",
    ),
    _caveat(
        "input_not_read",
        "An input could not be read",
        "{problem}",
        "The other inputs were read. The exit status is 2.",
        "Do what the sentence about the input says, then run the audit again.",
    ),
    _caveat(
        "files_skipped",
        "Files in a folder or archive were not read",
        "A folder or archive has {count:file} that cannot hold events. Not read: {names}. Name a "
        "file on the command line to learn why.",
        "In a folder and in a zip archive, files that hold no data are left out: pictures, text "
        "without an error message, notebooks, digest files and Insights events of a trail, and "
        "pipes and devices.",
        "If one of these files holds events, name it on the command line: ebs-kms-audit FILE",
    ),
    _caveat(
        "input_changed",
        "A file changed while it was read",
        "{file}: the size of the file changed while it was read. Events may be missing. Run the "
        "audit again when nothing writes to the file.",
        "The file was still being downloaded or written. What was added after it was opened may "
        "not have been read.",
        "Wait until the file is complete, and run the audit again.",
    ),
    _caveat(
        "columns_unknown",
        "Columns of a query result are not used",
        "{file}: these columns are not recognized and were not used: {columns}. Rename a column to "
        "its name in CloudTrail if it shows the caller, the key or the error.",
        "A query result may have any columns. Those with the names of CloudTrail's fields, and "
        "usual other names of them, are used.",
        "Name the columns as CloudTrail does (eventname, errorcode, errormessage, useridentity), "
        "or get the query with: ebs-kms-audit query athena",
    ),
    _caveat(
        "unknown_envelope",
        "Records were found in an unknown envelope",
        "{file}: {count:record} was found inside JSON of an unknown kind. Check that these are "
        "CloudTrail events of your account.",
        "An object with eventName and eventSource one level down is read as a CloudTrail record, "
        "also if the JSON around it is not a known envelope.",
        "If records are missing, say where they are: --record-path '$.my[*].place'",
    ),
    _caveat(
        "record_disagrees",
        "A row and its record differ",
        "The export and the record of the same event differ in {count:row}. The record counts. "
        "For example event {event_id}: {columns}.",
        "The export and the records hold the same event, by its Event ID, with different values. "
        "The record counts: a CSV can be edited or damaged.",
        "Look up the event in Event history.",
    ),
    _caveat(
        "surroundings_incomplete",
        "Not all events around the denials could be kept",
        "The input has too many events to keep all that happened around the denials. A part of "
        "the evidence may be missing.",
        "A fixed number of EC2 calls, AssumeRole events, successful KMS calls, key changes and "
        "grants is kept. An input with more is read a second time for those that belong to the "
        "denials. A stream cannot be read twice.",
        "Give file names, not standard input or an open file. If they were given, export a shorter "
        "time range.",
    ),
    _caveat(
        "duplicate_denials",
        "A denial is in the input more than once",
        "Denials that are in the input more than once, with the same Event ID: {count}. Each "
        "counts once.",
        "Exports that overlap hold the same event, with the same Event ID.",
        "Nothing. The numbers are right.",
    ),
)
