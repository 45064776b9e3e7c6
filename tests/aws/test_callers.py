"""Whether the Source IP address of an event is an address.

Source: CloudTrail User Guide, "CloudTrail record contents" (sourceIPAddress can be the name of a
service). The judge is the ipaddress module of Python.
"""

import ipaddress

import pytest

from ebs_kms_audit.aws.callers import is_address


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
