"""Whether the Source IP address of an event is an address, and which of them are of one kind.

Source: CloudTrail User Guide, "CloudTrail record contents" (sourceIPAddress can be the name of a
service). The judge is the ipaddress module of Python.
"""

import ipaddress

import pytest

from ebs_kms_audit.aws.callers import is_address, source_kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("198.51.100.7", True),
        ("0.0.0.0", True),  # noqa: S104
        ("255.255.255.255", True),
        ("2001:db8::7", True),
        ("::ffff:198.51.100.7", True),
        ("256.0.0.1", False),
        ("198.51.100", False),
        ("198.51.100.7.1", False),
        ("198.51.100.07", False),
        ("198.51.100.7\n", False),
        ("198.51.100.٧", False),
        ("2001:db8::g", False),
        ("ec2.amazonaws.com", False),
        ("AWS Internal", False),
        ("", False),
    ],
)
def test_an_address(text, expected):
    assert is_address(text) is expected
    try:
        assert bool(ipaddress.ip_address(text)) is expected
    except ValueError:
        assert not expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "203.0.113.9", True),
        ("198.51.100.7", "2001:db8::7", True),
        ("198.51.100.7", None, False),
        ("198.51.100.7", "ec2.amazonaws.com", False),
        ("198.51.100.7", "AWS Internal", False),
        ("198.51.100.7", "198.51.100", False),
        ("198.51.100.7", "", False),
        ("ec2.amazonaws.com", "ec2.amazonaws.com", True),
        ("ec2.amazonaws.com", "autoscaling.amazonaws.com", False),
        ("AWS Internal", "AWS Internal/3", False),
        ("198.51.100", "198.51.101", False),
        (None, None, True),
        (None, "", False),
    ],
)
def test_all_addresses_are_of_one_kind(one, other, same):
    """Each other text is a kind by itself: it can be a service that called for the principal."""
    assert (source_kind(one) == source_kind(other)) is same
