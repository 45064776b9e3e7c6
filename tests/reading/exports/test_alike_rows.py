"""Denied rows that differ in Source IP address, User agent and ids are of one kind.

A Source IP address that is the name of a service is part of the kind: the caller's permissions can
depend on the service (AWS KMS Developer Guide, "kms:ViaService"). Without sizes, the plain reader
reads the file; with them, the vectorised reader.
"""

from __future__ import annotations

import csv
import io
import json

import pytest

from ebs_kms_audit import audit
from tests.exports import ACCOUNT, denied, export, without
from tests.sample_incident import KEY_ID

EC2, BACKUP = "ec2-frontend-api.amazonaws.com", "backup.amazonaws.com"
LONG = "x" * 600  # too long for the hash of a cell
BOTH_READERS = pytest.mark.parametrize("sizes", [None, (700, 900)])

# The Source IP address and the User agent of each row. Denials with one number are of one kind.
SOURCES = [
    ("198.51.100.7", "aws-cli/2.27.1", 0),
    (EC2, EC2, 1),
    ("203.0.113.9", "Boto3/1.34", 0),
    ("2001:db8::7", "aws-cli/2.27.1", 0),
    (" 203.0.113.10 ", " padded ", 0),
    (EC2, "Boto3/1.34", 1),
    ("AWS Internal", "AWS Internal", 2),
    ("AWS Internal/3", "AWS Internal", 3),
    ("", "", 4),
    (f"{EC2}.example.com", 'a "quoted", agent', 5),
    ("198.51.100.7", 'a "quoted", agent', 0),
    ("198.51.100.256", "é \U0001f600", 6),
    ("198.51.100.7", LONG, 0),
    (LONG, LONG, 7),
    (EC2, "198.51.100.7", 1),
    ("198.51.100.7", EC2, 0),
]

POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    },
}


def rows(**cells: str):
    return [
        denied(source_ip_address=address, user_agent=agent, event_time=f"2026-05-18T07:00:{at:02}Z",
               event_id=f"event-{at}", **cells)
        for at, (address, agent, _) in enumerate(SOURCES)
    ]  # fmt: skip


def kinds_by_source(report):
    """Return the number of the kind of each denial, by Event ID, and its source."""
    found = {}
    for finding in report.findings:
        for denial, kind in zip(finding.denials, finding.denials.kind_at, strict=True):
            event = denial.event
            found[event.event_id] = (event.source_ip, event.user_agent), (finding.id, kind)
    return [found[f"event-{at}"] for at in range(len(found))]


@BOTH_READERS
@pytest.mark.parametrize("quoting", [0, 1], ids=["quotes where needed", "all cells quoted"])
def test_rows_of_one_kind_keep_their_sources(tiny, tmp_path, sizes, quoting):
    path = tmp_path / "export.csv"
    path.write_text(export(*rows(), quoting=quoting), encoding="utf-8")
    tiny(sizes)
    sources, kinds = zip(*kinds_by_source(audit(path)), strict=True)
    assert sources == tuple(
        (address.strip() or None, agent.strip() or None) for address, agent, _ in SOURCES
    )
    numbers = {kind: number for kind, (_, _, number) in zip(kinds, SOURCES, strict=True)}
    assert [numbers[kind] for kind in kinds] == [number for _, _, number in SOURCES]
    assert len(numbers) == len({number for _, _, number in SOURCES})


@BOTH_READERS
def test_rows_from_many_addresses_are_identified_together(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    path.write_text(
        export(
            *(
                denied(source_ip_address=f"198.51.100.{number}", user_agent=f"agent/{number}")
                for number in range(20)
            )
        )
    )
    tiny(sizes)
    (finding,) = audit(path).findings
    assert len({id(denial.principal) for denial in finding.denials}) == 1
    assert len(set(finding.denials.kind_at)) == 1
    parts = {at for at, _ in finding.denials.places}
    assert len(parts) == (1 if sizes is None else 2)  # the first row is an event by itself


@BOTH_READERS
@pytest.mark.parametrize(
    "sources", [("198.51.100.7", BACKUP, "2001:db8::7"), (BACKUP, "198.51.100.7", "2001:db8::7")]
)
def test_a_call_from_an_address_has_its_own_cause(tiny, tmp_path, sizes, sources):
    """The grants statement is for AWS services only: it denies a CreateGrant of a client.

    Source: AWS KMS Developer Guide, "Default key policy" (kms:GrantIsForAWSResource).
    """
    path, policy = tmp_path / "export.csv", tmp_path / "policy.json"
    path.write_text(
        export(*(denied(source_ip_address=one, event_id=f"from {one}") for one in sources))
    )
    policy.write_text(json.dumps(POLICY))
    tiny(sizes)
    (finding,) = audit([path, policy]).findings
    assert finding.cause.id == "direct_grant_call"
    assert [(one.id, one.denials) for one in finding.cause.others] == [
        ("unknown", (f"from {BACKUP}",))
    ]


@BOTH_READERS
@pytest.mark.parametrize(
    ("column", "addresses", "agents", "kinds"),
    [("Source IP address", 1, 10, 1), ("User agent", 11, 1, 8)],
)
def test_a_column_that_the_export_lacks_is_unknown(
    tiny, tmp_path, sizes, column, addresses, agents, kinds
):
    path = tmp_path / "export.csv"
    path.write_text(export(*rows(), header=without(column)), encoding="utf-8")
    tiny(sizes)
    sources, of_kind = zip(*kinds_by_source(audit(path)), strict=True)
    assert [len(set(one)) for one in zip(*sources, strict=True)] == [addresses, agents]
    assert len(set(of_kind)) == kinds


@BOTH_READERS
def test_each_form_shows_each_source(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    path.write_text(export(*rows()), encoding="utf-8")
    tiny(sizes)
    report = audit(path)
    shown = {f"event-{at}": address.strip() for at, (address, _, _) in enumerate(SOURCES)}
    findings = json.loads(report.to_json())["findings"]
    in_json = [one for finding in findings for one in finding["denials"]]
    in_csv = [*csv.DictReader(io.StringIO(report.to_csv()))]
    for denials in (in_json, in_csv):
        assert {one["event_id"]: one["source_ip"] or "" for one in denials} == shown


@BOTH_READERS
def test_each_address_has_its_own_stand_in(tiny, tmp_path, sizes):
    path = tmp_path / "export.csv"
    sources = ["198.51.100.7", "203.0.113.9", "2001:db8::7", "198.51.100.7"]
    path.write_text(
        export(
            *(
                denied(source_ip_address=one, event_time=f"2026-05-18T07:00:{at:02}Z")
                for at, one in enumerate(sources)
            )
        )
    )
    tiny(sizes)
    text = audit(path, redact=True).to_json()
    (finding,) = json.loads(text)["findings"]
    assert [one["source_ip"] for one in finding["denials"]] == [
        "address-1", "address-2", "address-3", "address-1",
    ]  # fmt: skip
    assert not any(address in text for address in sources)


@BOTH_READERS
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_what_depends_on_the_address_is_open_for_each_address(tiny, tmp_path, sizes, effect):
    """An event does not say whether a condition on aws:SourceIp holds.

    Source: AWS KMS Developer Guide, "AWS global condition keys": for a call that a service makes
    for the caller, the address is not the one in the event.
    """
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
    resources = json.dumps([{"resourceType": "AWS::KMS::Key", "resourceName": key}])
    path, policy = tmp_path / "export.csv", tmp_path / "policy.json"
    path.write_text(
        export(
            *(
                denied(source_ip_address=one, event_name="Decrypt", resources=resources)
                for one in ("198.51.100.7", "203.0.113.9", "2001:db8::7")
            )
        )
    )
    statement = {
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"},
        "Action": "kms:*",
        "Resource": "*",
    }
    own = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "Effect": effect}
    statements = [statement | own, *([statement | {"Effect": "Allow"}] * (effect == "Deny"))]
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    tiny(sizes)
    (finding,) = audit([path, policy]).findings
    assert [str(one.verdict) for one in finding.denials] == ["undecided"] * 3
    assert {one.depends_on for one in finding.judgements[0].decisions} == {("aws:SourceIp",)}
