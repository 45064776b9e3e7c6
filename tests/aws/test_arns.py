"""ARNs, partitions and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit.aws.arns import Arn, is_account_id, is_iam_name, owner_of, partition_of


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"), ("eu-central-2", "aws"), ("mx-central-1", "aws"),
        ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"), ("eusc-de-east-1", "aws-eusc"),
        ("atlantis-1", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_partition(region, partition):
    assert partition_of(region) == partition


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::111122223333:role/service-role/Worker",
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef",
        "arn:aws:kms:us-east-1:111122223333:alias/team/ebs",
        "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ],
)
def test_an_arn_is_printed_as_it_was_read(text):
    assert str(Arn.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", None, "arn", "arn:aws:iam::1111:role/x", "arn:aws:iam::111122223333:",
     "arn:aws:iam::111122223333:role/a b", "alias/aws/ebs", "xarn:aws:iam::111122223333:root"],
)  # fmt: skip
def test_what_is_no_arn(text):
    assert Arn.parse(text) is None


@given(st.text())
def test_any_text_is_none_or_printed_as_it_was_read(text):
    arn = Arn.parse(text)
    assert arn is None or str(arn) == text


@pytest.mark.parametrize(
    ("name", "valid"),
    [("alice", True), ("a+b=c,d.e@f-g_h", True), ("x" * 64, True), ("x" * 65, False),
     ("", False), ("two words", False), ("path/name", False), ("naïve", False), ("a\n", False)],
)  # fmt: skip
def test_iam_names(name, valid):
    assert is_iam_name(name) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [("012345678901", True), ("12345678901", False), ("١١١١٢٢٢٢٣٣٣٣", False), (None, False)],
)
def test_account_ids(text, valid):
    assert is_account_id(text) is valid


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("arn:aws:iam::111122223333:user/ops/alice", "111122223333"),
        ("arn:aws-cn:sts::444455556666:assumed-role/a/b", "444455556666"),
        ("arn:aws:kms:us-east-1:111122223333:alias/team/ebs", "111122223333"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", None), ("arn:aws:s3:::bucket", None),
        ("arn:aws:iam::11112222333:user/a", None), ("arn:aws:iam::111122223333:user/a b", None),
        ("arn:aws:iam::111122223333:", None), ("alice", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_account_in_an_arn(text, owner):
    assert owner_of(text) == owner


@given(st.from_regex(r"arn:aws[a-z-]*:[a-z]*:[a-z]*:([0-9]{11,13}|aws|):.{0,9}", fullmatch=True))
def test_the_account_in_any_arn_is_that_of_the_parsed_one(text):
    arn = Arn.parse(text)
    assert owner_of(text) == (arn.account if arn and is_account_id(arn.account) else None)
