"""What an access key id tells. The first ids are published examples of the encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebs_kms_audit.aws.access_keys import account_of, key_kind
from tests.sample_incident import access_key


@pytest.mark.parametrize(
    ("unique_id", "account"),
    [
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AROA2NCBAL3RPBAGXM7CZ", "715248393954"),
        ("AKIAIOSFODNN7EXAMPLE", None),  # the old format holds no account
        ("ASIAJEXAMPLEEXAMPLEX", None),
        ("ASIAY34F0189KMUTVV7A", None),  # not base32
        ("ASIA7777777777777777", None),  # decodes to more than twelve digits
        ("ASIAY34FZ", None),
        ("asiay34fzkbokmutvv7a", None),
        ("", None),
        (None, None),
    ],
)
def test_account_of_the_owner(unique_id, account):
    assert account_of(unique_id) == account


@given(
    st.integers(0, 10**12 - 1),
    st.sampled_from(["AKIA", "ASIA", "AROA", "AIDA"]),
    st.text(max_size=5),
)
def test_what_is_encoded_is_decoded(number, prefix, seed):
    account = f"{number:012d}"
    assert account_of(access_key(prefix, account, seed)) == account


@given(st.text())
def test_any_text_is_answered(text):
    assert account_of(text) is None or len(account_of(text)) == 12


@pytest.mark.parametrize(
    ("access_key_id", "kind"),
    [("AKIAIOSFODNN7EXAMPLE", "long_term"), ("ASIAIOSFODNN7EXAMPLE", "temporary"),
     ("AROAIOSFODNN7EXAMPLE", None), ("", None), (None, None)],
)  # fmt: skip
def test_kind_of_key(access_key_id, kind):
    assert key_kind(access_key_id) == kind
