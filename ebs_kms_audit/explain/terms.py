"""The terms that a report uses."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry, EntryKind


def _term(id: str, title: str, meaning: str, remedy: str) -> Entry:
    return Entry(kind=EntryKind.TERM, id=id, title=title, meaning=meaning, remedy=remedy)


ENTRIES = (
    _term(
        "safe",
        "A step that can be applied as it is",
        "Only a step that changes a key policy can be safe. The caller and the key are recorded, "
        "derived or given. The policy is the key's own. No evidence contradicts it. After the "
        "change every denied call, and every call that the EBS workflow needs next, is allowed by "
        "everything that was given. Exactly the documented actions are newly allowed, to exactly "
        "these callers, and nothing that was allowed before is denied.",
        "Apply the step: ebs-kms-audit FILES --plan DIR writes the scripts to apply, verify and "
        "undo it.",
    ),
    _term(
        "review",
        "A step that a person must read before it is applied",
        "Something that `safe` requires is missing. The step lists each reason.",
        "Read the reasons, then give the evidence that the report asks for and run it again.",
    ),
    _term(
        "usage",
        'The key usage statement ("Allow use of the key")',
        "It allows kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey* and "
        "kms:DescribeKey without a condition. Creating and reading an encrypted volume needs it. "
        "Source: AWS KMS Developer Guide, Default key policy.",
        "Add the caller under Key users in the KMS console, or paste the statement.",
    ),
    _term(
        "grants",
        'The grants statement ("Allow attachment of persistent resources")',
        "It allows kms:CreateGrant, kms:ListGrants and kms:RevokeGrant if an AWS service makes "
        "the call for the caller (kms:GrantIsForAWSResource is true). Attaching an encrypted "
        "volume needs it. Source: AWS KMS Developer Guide, Default key policy.",
        "Add the caller under Key users in the KMS console, or paste the statement.",
    ),
    _term(
        "administration",
        "Key administration",
        "The action manages the key (PutKeyPolicy, EnableKey, ScheduleKeyDeletion and others). "
        "Neither the key usage statement nor the grants statement allows it.",
        "Add the caller under Key administrators in the KMS console, if that is intended.",
    ),
    _term(
        "identity_only",
        "An action that only IAM policies can allow",
        "The action applies to no single key: CreateKey, ListKeys, ListAliases, GenerateRandom "
        "and the custom key store actions. No key policy can allow it.",
        "Allow the action in an IAM policy of the caller.",
    ),
    _term(
        "recorded",
        "Evidence: a record or row says so",
        "The value is in the CloudTrail record or in the row of the export.",
        "Nothing. This is the best evidence.",
    ),
    _term(
        "derived",
        "Evidence: another event proves it",
        "Another event of the input proves the value, for example the AssumeRole event that gave "
        "out the access key. The report names the event.",
        "Nothing. To check it, look up the event id in CloudTrail.",
    ),
    _term(
        "given",
        "Evidence: you gave it",
        "The value was given as an option or an argument, for example --principal or --key.",
        "Check that the value is right; the input does not prove it.",
    ),
    _term(
        "inferred",
        "Evidence: a rule of thumb",
        "The input does not prove the value. A rule suggests it, and the report names the rule.",
        "Get the records, which prove it: choose Download JSON in CloudTrail for the same search.",
    ),
    _term(
        "unknown",
        "Evidence: the input does not show it",
        "Nothing in the input shows the value.",
        "Get the records: choose Download JSON in CloudTrail for the same search.",
    ),
)
