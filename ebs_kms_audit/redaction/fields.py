"""The content of each field, for redaction: one table by name of class."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """The content of a text field. Numbers, times, booleans and enum members are not redacted."""

    PUBLIC = "public"
    """A text of this library or of AWS without text from an input. It is not redacted."""
    VALUES = "values"
    """Values of other classes in this table."""
    ACCOUNT = "account"
    """A 12-digit account id."""
    REGION = "region"
    """An AWS Region."""
    NAME = "name"
    """A user, role or session name, with or without an IAM path."""
    PRINCIPAL = "principal"
    """A user name, or the ARN of a principal."""
    ARN = "arn"
    """An ARN. Its partition, service and resource type are kept."""
    KEY = "key"
    """A KMS key id, or the ARN of a key."""
    ALIAS = "alias"
    """A KMS alias. Aliases of AWS managed keys are kept."""
    ADDRESS = "address"
    """An IP address or host name. Names of AWS services are kept."""
    ACCESS_KEY = "access-key"
    """An access key id."""
    EVENT_ID = "event"
    """An Event ID, or `file:line` for an event without one."""
    ID = "id"
    """Another id: of a request, a principal, a grant."""
    FILE = "file"
    """A path, a file name, or the name of a stream."""
    WORD = "word"
    """An AWS identifier: an action, event name, error code, service or condition key."""
    ANY = "any"
    """A text of an unknown kind. The kind is recognized by its form."""
    SENTENCE = "sentence"
    """A text of this library that can contain values of an input. Each value is replaced."""
    ERROR = "error"
    """A sentence that names files and can quote their content."""
    TEXT = "text"
    """Free text of an input. It is removed."""
    POLICY = "policy"
    """A policy document, or a part of one."""
    SID = "sid"
    """The Sid of a statement. The Sids that the console uses are kept."""
    SERVICE = "service"
    """The name of an AWS service. Any other text is removed."""


P, V, S, W = Kind.PUBLIC, Kind.VALUES, Kind.SENTENCE, Kind.WORD


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


FIELDS: Mapping[str, Mapping[str, Kind]] = {
    # model
    "Event": {
        "file": Kind.FILE,
        "event_id": Kind.EVENT_ID,
        "request_id": Kind.ID,
        "region": Kind.REGION,
        "source_ip": Kind.ADDRESS,
        "user_agent": Kind.SERVICE,
        "user_name": Kind.NAME,
        "access_key": Kind.ACCESS_KEY,
        "account": Kind.ACCOUNT,
        "account_cell": Kind.ACCOUNT,
        "error_message": Kind.TEXT,
        "source": Kind.ADDRESS,
        **_all(W, "name error_code"),
        **_all(V, "resources identity record policy grant"),
        **_all(P, "line time source_inferred read_only"),
    },
    "Resource": {"type": W, "name": Kind.ANY},
    "Identity": {
        "arn": Kind.ARN,
        "account": Kind.ACCOUNT,
        "user_name": Kind.NAME,
        "principal_id": Kind.ID,
        "issuer_arn": Kind.ARN,
        "service": Kind.ADDRESS,
        **_all(W, "type"),
    },
    "RecordRef": {"file": Kind.FILE, "number": P},
    "PolicyRecord": {"document": Kind.POLICY, "default": P, "key": Kind.KEY, "of_key": P},
    "Grant": {
        "id": Kind.ID,
        "key": Kind.KEY,
        "file": Kind.FILE,
        "operations": W,
        "created": P,
        **_all(Kind.ANY, "grantee retiring issuer context"),
    },
    "SetAside": {"file": Kind.FILE, "line": P, "reason": S},
    "Window": _all(P, "start end"),
    "DenialMessage": {
        "principal": Kind.ARN,
        "role_name": Kind.NAME,
        "role_arn": Kind.ARN,
        "resource": Kind.ARN,
        "policy_arn": Kind.ARN,
        "action": W,
        "authorization_id": Kind.ID,
        "authorization_region": Kind.REGION,
        "role_why": S,
        **_all(P, "kind policy_type effect through key_not_found encoded truncated"),
    },
    "Principal": {
        "arn": Kind.ARN,
        "user_name": Kind.NAME,
        "session_name": Kind.NAME,
        "role_name": Kind.NAME,
        "why": S,
        "event_ids": Kind.EVENT_ID,
        **_all(P, "kind evidence"),
    },
    "KeyRef": {"arn": Kind.ARN, "id": Kind.KEY, "alias": Kind.ALIAS, "why": S, "evidence": P},
    "Denial": {
        "via_service": Kind.ADDRESS,
        "credential_account": Kind.ACCOUNT,
        "iam_actions": W,
        **_all(V, "event principal key message"),
        **_all(P, "statement_kind via_known ebs_traffic verdict"),
    },
    "OtherError": {
        "account": Kind.ACCOUNT,
        "region": Kind.REGION,
        "keys": Kind.KEY,
        **_all(W, "error_code event_name"),
        **_all(P, "meaning count first_seen last_seen"),
    },
    "FileCoverage": {
        "name": Kind.FILE,
        "error": Kind.ERROR,
        **_all(P, "layout rows_read rows_set_aside recognized_as"),
    },
    "Coverage": {
        "files": V,
        "regions": Kind.REGION,
        "accounts": Kind.ACCOUNT,
        **_all(P, "rows_read events rows_set_aside kms_rows read_only_rows ec2_rows denials"),
        **_all(P, "duplicate_denials denials_outside_window first_event last_event window"),
        **_all(P, "shows_denials"),
    },
    # diagnosis and context
    "Facts": {
        **_all(V, "denials shared_name_denials coverage set_aside other_errors file_notes"),
        **_all(V, "disagreements symptoms"),
        **_all(P, "source_inferred repaired_accounts unknown_accounts surroundings_incomplete"),
        **_all(P, "has_exports has_events"),
    },
    "FileNote": {"kind": P, "file": Kind.FILE, "values": Kind.ERROR},
    "Disagreement": {"event_id": Kind.EVENT_ID, "columns": P},
    "Group": {"id": P, **_all(V, "denials history judgements causes near_misses")},
    "DenialCause": {
        **_all(V, "statements unmet"),
        **_all(P, "id evidence policy_type by_message by_policy variant missing contradicts"),
    },
    "UnmetCondition": {"actual": Kind.ANY, "evidence": P, **_all(V, "statement test")},
    "NearMiss": {
        "statement": V,
        **_all(Kind.ANY, "written meant"),
        **_all(P, "kind element alone"),
    },
    "History": {
        **_all(V, "attempts changes later_success next_calls policy_changes_after key_errors"),
        **_all(V, "grants unusable_since"),
        "allowed": W,
        **_all(P, "changes_count grants_listed grants_retired"),
    },
    "Attempts": {"listed": V, **_all(P, "count operations")},
    "GrantTrace": {**_all(V, "grant made ended"), **_all(P, "listed existed")},
    "Symptom": {
        "text": Kind.TEXT,
        "file": Kind.FILE,
        "event_id": Kind.EVENT_ID,
        "request_id": Kind.ID,
        "account": Kind.ACCOUNT,
        "region": Kind.REGION,
        "principal": Kind.PRINCIPAL,
        "resources": Kind.ANY,
        **_all(W, "code operation actions"),
        **_all(S, "meaning caller next_step command joined_by"),
        **_all(P, "id line count first_seen last_seen policy_type findings"),
    },
    "NextCall": _all(P, "action operation source"),
    "Judgement": {
        **_all(V, "policy decisions then change"),
        **_all(P, "binding compared superseded can_be_shown"),
    },
    "InForce": _all(V, "policy decision"),
    "PolicyChange": {
        **_all(Kind.EVENT_ID, "event_id restored_event_id"),
        "who": Kind.PRINCIPAL,
        "operation": W,
        "diff": Kind.TEXT,
        **_all(P, "time restored_time"),
    },
    "GivenPolicy": {
        "name": Kind.FILE,
        "key": Kind.KEY,
        "policy": Kind.POLICY,
        "event_id": Kind.EVENT_ID,
        "since": P,
    },
    "Cause": {
        **_all(S, "text pattern supported_by contradicted_by"),
        **_all(V, "next_evidence others statements unmet near_misses"),
        **_all(P, "id evidence actions policy_type missing"),
    },
    "NextEvidence": _all(S, "what why command"),
    "OtherCause": {"denials": Kind.EVENT_ID, **_all(S, "text pattern"), **_all(P, "id actions")},
    "Caveat": {"id": P, "text": S},
    # policy
    "Decision": {
        **_all(S, "why notes"),
        "depends_on": W,
        "key_account": Kind.ACCOUNT,
        **_all(V, "request decided_by statements"),
        **_all(P, "verdict allowed not_given key_policy_allows same_account key_account_inferred"),
    },
    "Request": {
        "principal": Kind.ANY,
        "action": W,
        "resource": Kind.ARN,
        "context": Kind.POLICY,
        "session_name": Kind.NAME,
        "account": Kind.ACCOUNT,
        "context_complete": P,
    },
    "StatementResult": {
        "sid": Kind.SID,
        **_all(V, "principal action resource condition"),
        **_all(P, "layer policy index effect matched reaches"),
    },
    "Check": {"matched": P, "why": S, "depends_on": W, "tests": V},
    "TestResult": {"holds": P, **_all(W, "operator key"), **_all(Kind.ANY, "required actual")},
    # plan
    "Step": {
        "account": Kind.ACCOUNT,
        "region": Kind.REGION,
        "target": Kind.ARN,
        "principals": Kind.ARN,
        **_all(Kind.POLICY, "statements before document patch"),
        **_all(S, "text reasons needs console_steps afterwards diff"),
        **_all(V, "left_out commands proof change exports"),
        **_all(P, "id kind disposition findings alternative_to"),
    },
    "ExportTexts": _all(S, "terraform cloudformation"),
    "LeftOut": {"name": Kind.NAME, "finding": P, **_all(S, "why how_to_find")},
    "Commands": _all(S, "apply verify undo"),
    "Proof": _all(V, "denials newly_allowed lost"),
    "CuredDenial": {"event_id": Kind.EVENT_ID, "action": W, **_all(P, "before after cured")},
    "Permission": {"principal": Kind.ANY, "action": W, "condition": S, "expected": P},
    "KeyPolicyChange": {
        "doubts": S,
        "redacted": P,
        "judged": Kind.POLICY,
        **_all(V, "wanted layers parts"),
    },
    "Part": {**_all(V, "finding cause denials"), **_all(P, "kinds alternative")},
    "WantedStatement": {
        "principals": Kind.ANY,
        "condition": Kind.POLICY,
        **_all(W, "needed actions"),
        **_all(P, "kind need sid"),
    },
    "Layers": _all(Kind.POLICY, "iam_policies boundary session_policy scps rcps"),
    # report
    "Finding": {
        "account": Kind.ACCOUNT,
        "region": Kind.REGION,
        **_all(V, "principal key denials history judgements cause"),
        **_all(P, "id ebs_traffic verdict steps"),
    },
    "Unused": {"option": P, "value": Kind.ANY, "why": S, "nearest": Kind.ANY},
    "Report": {
        **_all(V, "findings plan coverage caveats set_aside other_errors shared_name_denials"),
        **_all(V, "unused symptoms"),
    },
}
