"""The one policy that was given is a key's only if the input names no other key.

Rows of other services name keys too, under Resources. Source: CloudTrail User Guide, "CloudTrail
record contents" (resources). Without sizes, the plain reader reads an export.
"""

from __future__ import annotations

import json
import shutil
from itertools import permutations
from typing import Any

import pytest

from ebs_kms_audit import audit
from tests.exports import ACCOUNT, denied, export, row
from tests.incidents import ADMINS, key_policy
from tests.sample_incident import KEY_ID

KEY, OTHER = (
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{key_id}"
    for key_id in (KEY_ID, KEY_ID.replace("1234abcd", "5678abcd"))
)
POLICY = key_policy(ADMINS)
VOLUME = ("AWS::EC2::Volume", "vol-1")
BOTH_READERS = pytest.mark.parametrize("sizes", [None, (700, 900), (1 << 20, 1 << 20)])


def resources(*named):
    return json.dumps([{"resourceType": kind, "resourceName": name} for kind, name in named])


def key(name):
    return ("AWS::KMS::Key", name)


def call(*named, service="ec2", name="CreateVolume", **cells):
    source = f"{service}.amazonaws.com"
    return row(event_source=source, event_name=name, resources=resources(*named), **cells)


DENIED = denied(resources=resources(key(KEY)))


def is_safe(report):
    (step,) = report.plan
    return not any(reason.startswith("It is not known that ") for reason in step.reasons)


@BOTH_READERS
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], True),
        ([call(VOLUME)], True),
        ([call(key(KEY))], True),
        ([call(key(KEY_ID))], True),
        ([call(key(OTHER))], False),
        ([call(key(OTHER.rpartition("/")[2]))], False),
        ([call(key("alias/other"))], False),
        # Such rows differ only in what they name.
        ([*[call(VOLUME)] * 9, call(key(KEY)), call(VOLUME, key(OTHER))], False),
        ([call(key(OTHER), error_code="Client.UnauthorizedOperation")], False),
        ([call(key(OTHER), name="AttachVolume")], False),
        ([call(key(OTHER), service="s3", name="GetObject")], False),
        ([call(key(OTHER), service="iam", name="CreateRole")], False),
        ([call(key(OTHER), service="kms", name="CreateKey")], False),
        ([call(key(OTHER), event_time="2026-05-18 07:00:00")], False),  # not regular
        ([call(key(OTHER), event_time="noon")], True),  # set aside
        ([call(("AWS::KMS::Alias", "alias/other"))], True),
        ([call(user_agent=resources(key(OTHER)))], True),
        ([call(*(key(f"{KEY}/{at}") for at in range(200))), call(key(OTHER))], False),
    ],
)
def test_a_key_that_another_row_names(tiny, tmp_path, sizes, rows, expected):
    path = tmp_path / "export.csv"
    path.write_text(export(*rows, DENIED))
    tiny(sizes)
    assert is_safe(audit(path, key_policies=POLICY)) == expected
    assert is_safe(audit([path], key_policies={KEY: POLICY}))


@BOTH_READERS
@pytest.mark.parametrize("other", [KEY, OTHER])
@pytest.mark.parametrize("pack", [None, "zip"])
def test_the_policy_can_be_among_the_inputs(tiny, tmp_path, sizes, other, pack):
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "export.csv").write_text(export(call(key(other)), DENIED))
    (folder / "policy.json").write_text(json.dumps(POLICY))
    tiny(sizes)
    given: list[Any] = [folder, *permutations(folder.iterdir())]
    if pack:
        given = [shutil.make_archive(str(tmp_path / "inputs"), pack, folder)]
    assert [is_safe(audit(one)) for one in given] == [other == KEY] * len(given)
