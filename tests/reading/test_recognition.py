"""Each input is recognized by its content: policies, texts and output of commands, alone and mixed.

The shapes of the commands' output are those of the AWS CLI Command Reference; the key policy is the
one of the sample data.
"""

import gzip
import io
import json
import os
import zipfile
from pathlib import Path

import pytest

import ebs_kms_audit
from ebs_kms_audit import InputError
from ebs_kms_audit.reading import Reading
from tests.exports import denied, export
from tests.records import ACCOUNT, KEY_ARN, KEY_ID, ROLE, record

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)
MESSAGE = (
    f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: kms:CreateGrant on "
    f"resource: {KEY_ARN} because no resource-based policy allows the kms:CreateGrant action"
)
GRANT = {
    "KeyId": KEY_ARN,
    "GrantId": "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60",
    "Name": "8276b9a6-6cf0-46f1-b2f0-7993a7f8c89a",
    "CreationDate": 1779087634.0,
    "GranteePrincipal": f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123",
    "IssuingAccount": f"arn:aws:iam::{ACCOUNT}:root",
    "Operations": ["Decrypt", "CreateGrant"],
    "Constraints": {"EncryptionContextSubset": {"aws:ebs:id": "vol-0123456789abcdef0"}},
}
KEY_METADATA = {
    "AWSAccountId": ACCOUNT,
    "KeyId": KEY_ID,
    "Arn": KEY_ARN,
    "CreationDate": "2026-01-01T00:00:00+00:00",
    "Enabled": False,
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeyState": "PendingDeletion",
    "DeletionDate": "2026-06-01T00:00:00+02:00",
    "Origin": "AWS_KMS",
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
}
DECODED = {
    "allowed": False,
    "explicitDeny": True,
    "matchedStatements": {"items": [{"statementId": "DenyAll", "effect": "DENY"}]},
    "context": {
        "principal": {"id": "AIDA", "name": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"},
        "action": "ec2:CreateVolume",
        "resource": f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/*",
    },
}
DETAILS = {
    "requestContext": {"aws:PrincipalArn": ROLE},
    "evaluations": [
        {
            "action": "kms:Decrypt",
            "resource": KEY_ARN,
            "evaluatedEffect": "IMPLICIT_DENY",
            "checks": [{"checkType": "RESOURCE", "evaluatedEffect": "IMPLICIT_DENY",
                        "targetArn": KEY_ARN, "matchedPolicies": []}],
        }
    ],
    "policies": [],
}  # fmt: skip

DOCUMENTS = {
    "a key policy": (POLICY, "key policy"),
    "get-key-policy": (json.dumps({"Policy": POLICY, "PolicyName": "default"}), "key policy"),
    "a policy in Policy": (json.dumps({"Policy": json.loads(POLICY)}), "key policy"),
    "get-key-policy --output text": (f"{POLICY}\tdefault\n", "key policy"),
    "describe-key": (json.dumps({"KeyMetadata": KEY_METADATA}), "output of kms describe-key"),
    "list-grants": (
        json.dumps({"Grants": [GRANT], "Truncated": False}), "output of kms list-grants",
    ),
    "no grants": (json.dumps({"Grants": []}), "output of kms list-grants"),
    "the default key": (
        json.dumps({"KmsKeyId": KEY_ARN}), "output of ec2 get-ebs-default-kms-key-id",
    ),
    "decode-authorization-message": (
        json.dumps({"DecodedMessage": json.dumps(DECODED)}), "decoded authorization message",
    ),
    "the decoded message": (json.dumps(DECODED), "decoded authorization message"),
    "authorization details": (
        json.dumps(DETAILS), "output of iam-toolbox get-request-authorization-details",
    ),
    "describe-volumes": (
        json.dumps({"Volumes": [{"VolumeId": "vol-0123456789abcdef0", "State": "error"}]}),
        "output of describe-volumes",
    ),
    "a message in JSON": (
        json.dumps({"@level": "error", "@module": "terraform.ui", "diagnostic": {
            "severity": "error", "summary": f"creating EBS Volume: {MESSAGE}"}}),
        "text with an error message",
    ),
    "messages as JSON lines": (
        "".join(json.dumps({"level": "error", "error": MESSAGE}) + "\n" for _ in range(3)),
        "text with an error message",
    ),
    "a message": (f"Error: creating EBS volume: {MESSAGE}\n", "text with an error message"),
}  # fmt: skip


def read(*given, **options):
    reading = Reading(list(given), **options)
    events = list(reading)
    return events, reading.documents, reading


@pytest.mark.parametrize(("content", "recognized"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt", "a"])
def test_a_document_is_recognized_whatever_its_name(tmp_path, content, recognized, name):
    (tmp_path / name).write_text(content)
    _, _, reading = read(tmp_path / name)
    (file,) = reading.files
    assert (file.error, file.rows) == (None, 0)
    assert file.coverage.recognized_as == recognized


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_values_of_the_documents(indent, packed, encoding):
    contents = [
        json.dumps(json.loads(text), indent=indent) if text.startswith("{") else text
        for name, (text, _) in DOCUMENTS.items()
        if name in {"a key policy", "describe-key", "list-grants", "the default key",
                    "decode-authorization-message", "authorization details", "a message"}
    ]  # fmt: skip
    events, documents, _ = read(*(io.BytesIO(packed(one.encode(encoding))) for one in contents))
    assert events == []
    (policy,) = documents.policies
    assert [one.sid for one in policy.policy.statements] == ["Enable IAM User Permissions"]
    (key,) = documents.key_states
    assert (key.arn, key.state, key.manager, key.account) == (
        KEY_ARN, "PendingDeletion", "CUSTOMER", ACCOUNT,
    )  # fmt: skip
    assert f"{key.deletion_date:%FT%T}" == "2026-05-31T22:00:00"
    (grant,) = documents.grants
    assert (grant.key, grant.operations) == (KEY_ARN, ("Decrypt", "CreateGrant"))
    assert grant.context == (("aws:ebs:id", "vol-0123456789abcdef0"),)
    assert f"{grant.created:%FT%T}" == "2026-05-18T07:00:34"
    assert [one.key for one in documents.default_keys] == [KEY_ARN]
    (decoded,) = documents.authorizations
    assert (decoded.allowed, decoded.explicit_deny, decoded.action, decoded.statements) == (
        False, True, "ec2:CreateVolume", ("DenyAll",),
    )  # fmt: skip
    (evaluation,) = documents.evaluations
    assert (evaluation.action, evaluation.effect, evaluation.principal) == (
        "kms:Decrypt", "IMPLICIT_DENY", ROLE,
    )  # fmt: skip
    assert [(one.type, one.target) for one in evaluation.checks] == [("RESOURCE", KEY_ARN)]
    (text,) = documents.texts
    assert MESSAGE in text.text


@pytest.fixture
def everything(tmp_path):
    """A folder with an export, records, a policy, a message, and files of no use."""
    (tmp_path / "export").write_text(export(denied("alice")))
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "records.gz").write_bytes(gzip.compress(json.dumps([record()]).encode()))
    (tmp_path / "b" / "c" / "policy.txt").write_text(POLICY)
    (tmp_path / "message.csv").write_text(MESSAGE)
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    return tmp_path


def test_a_folder_of_everything(everything):
    report = ebs_kms_audit.audit(everything)
    assert {file.name: file.recognized_as for file in report.coverage.files} == {
        str(everything / "export"): "console CSV",
        str(everything / "message.csv"): "text with an error message",
        str(everything / "b" / "records.gz"): "CloudTrail records",
        str(everything / "b" / "c" / "policy.txt"): "key policy",
    }
    assert report.failed_inputs == ()
    assert [
        [
            (one.verdict, one.key_account)
            for judgement in finding.judgements
            for one in judgement.decisions
        ]
        for finding in report.findings
    ] == [[("delegated_to_iam", ACCOUNT)]] * 2


def test_a_zip_of_everything(everything, tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "all"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(everything.rglob("*")):
            archive.write(file, file.relative_to(everything))
    for given in (path, io.BytesIO(path.read_bytes())):
        report = ebs_kms_audit.audit(given)
        assert len(report.coverage.files) == 4
        assert report.failed_inputs == ()
        # findings with equally many denials are in the order of their ids
        assert sorted(str(one.principal.arn) for one in report.findings) == [
            ROLE,
            f"arn:aws:iam::{ACCOUNT}:user/alice",
        ]


def test_the_order_of_the_inputs_does_not_matter(tmp_path):
    row = denied("deploy-7f3a", event_id="same")
    (tmp_path / "a.csv").write_text(export(row))
    (tmp_path / "b.json").write_text(json.dumps([record(eventID="same")]))
    (tmp_path / "c.json").write_text(POLICY)
    paths = [tmp_path / name for name in ("a.csv", "b.json", "c.json")]
    first, *others = (
        ebs_kms_audit.audit(order).to_dict()["findings"]
        for order in (paths, paths[::-1], [paths[1], paths[2], paths[0]])
    )
    assert all(other == first for other in others)
    assert first[0]["principal"]["arn"] == ROLE


# --- each file once, and nothing in silence ----------------------------------------------------


def rows_read(*given):
    return ebs_kms_audit.audit(list(given)).coverage.rows_read


def test_a_file_is_read_once(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text(export(denied()))
    (folder / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "again").symlink_to(folder / "x.csv")
    os.link(folder / "x.csv", tmp_path / "linked")
    assert rows_read(tmp_path) == 1
    assert rows_read(f"{tmp_path}/**") == 1
    assert rows_read(tmp_path, folder / "x.csv", tmp_path / "again") == 1


def test_a_folder_behind_a_link_is_read(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "x.csv").write_text(export(denied()))
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "link").symlink_to(tmp_path / "far")
    assert rows_read(tmp_path / "near") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_a_folder_is_skipped_and_reported(tmp_path):
    (tmp_path / "x.csv").write_text(export(denied()))
    os.mkfifo(tmp_path / "pipe")
    report = ebs_kms_audit.audit(tmp_path)
    assert report.coverage.rows_read == 1
    (caveat,) = (one.text for one in report.caveats if one.id == "files_skipped")
    assert f"{tmp_path / 'pipe'} (it is a pipe, a socket or a device)" in caveat


def test_a_broken_link_and_an_unreadable_folder_are_inputs_that_failed(tmp_path, monkeypatch):
    (tmp_path / "x.csv").write_text(export(denied()))
    (tmp_path / "gone").symlink_to(tmp_path / "missing")
    (tmp_path / "locked").mkdir()
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):  # the superuser can read any folder
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", scandir)
    report = ebs_kms_audit.audit(tmp_path)
    assert report.coverage.denials == 1
    gone, locked = sorted(report.failed_inputs)
    assert gone.startswith(f"{tmp_path / 'gone'}: it cannot be opened")
    assert locked.startswith(f"{tmp_path / 'locked'}: this folder cannot be read: Permission")


def test_a_file_that_grows_while_it_is_read_is_reported(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(export(denied(), denied(), final_newline=True))
    reading = Reading(path)
    events = iter(reading)
    next(events)
    with path.open("a") as file:
        file.write("x" * 10)
    list(events)
    assert reading.files[0].size_changed is True
    assert not next(iter(Reading(path).files), None)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_first_line_without_end_is_rejected():
    with pytest.raises(InputError, match="this is a binary file"):
        ebs_kms_audit.audit("/dev/zero")


class Endless:
    """A stream that repeats a text for ever."""

    def __init__(self, text):
        self._text = text
        self.read_so_far = 0

    def read(self, size=-1):
        self.read_so_far += size
        return (self._text * (size // len(self._text) + 1))[:size]


@pytest.mark.parametrize("text", ["x", " ", '{"a":"', "[", '{"eventVersion":"', "a,b,"])
def test_a_stream_without_end_that_holds_nothing_ends(text):
    stream = Endless(text)
    with pytest.raises(InputError):
        ebs_kms_audit.audit(stream)
    assert stream.read_so_far < 200 << 20


class Failing:
    """A stream whose read returns or raises anything."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def read(self, size=-1):
        answer = self._answers.pop(0) if self._answers else b""
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([7], "returned an object of type int"),
        ([[b"x"]], "returned an object of type list"),
        ([KeyError("x")], "reading it failed"),
        ([RuntimeError("boom")], "reading it failed: boom"),
        ([b"User name,", "text"], "returned an object of type str; expected bytes, as before"),
        ([OSError(5, "Input/output error")], "reading it failed"),
    ],
)
def test_a_stream_that_fails(answers, words):
    with pytest.raises(InputError, match=words):
        ebs_kms_audit.audit(Failing(*answers))


def test_a_bytearray_is_bytes():
    data = export(denied()).encode()
    assert rows_read(Failing(bytearray(data[:50]), memoryview(data[50:]))) == 1


def zipped(name, compression=zipfile.ZIP_DEFLATED):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as file:
        file.writestr(name, export(*(denied() for _ in range(50))))
    return archive.getvalue()


def test_a_member_without_a_name_and_one_with_damaged_lzma():
    nameless = zipped("x").replace(b"x", b"\0")  # zipfile ends a name at NUL
    report = ebs_kms_audit.audit([io.BytesIO(nameless), io.StringIO(export(denied()))])
    # Whether zipfile reads such a member depends on the version of Python.
    assert report.coverage.denials == 1 + 50 * (not report.failed_inputs)
    data = bytearray(zipped("x.csv", zipfile.ZIP_LZMA))
    for place in range(45, 400, 7):
        data[place] ^= 0x55
    report = ebs_kms_audit.audit([io.BytesIO(bytes(data)), io.StringIO(export(denied()))])
    assert report.coverage.denials == 1
    assert report.failed_inputs == (
        "<BytesIO>/x.csv: this zip archive is damaged or cut short; download it again",
    )


def test_what_a_document_alone_cannot_show():
    def caveats(*texts):
        report = ebs_kms_audit.audit([io.StringIO(text) for text in texts])
        return {one.id for one in report.caveats} & {"no_kms_rows", "read_only_hidden"}

    assert caveats(POLICY) == {"no_kms_rows"}
    assert caveats(POLICY, MESSAGE) == set()
    assert caveats(POLICY, export(denied())) == {"read_only_hidden"}
