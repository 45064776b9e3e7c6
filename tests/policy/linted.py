"""A key policy to lint: one statement beside the statement for the account."""

from ebs_kms_audit import KeyPolicy, lint

ACCOUNT = "111122223333"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEPT = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": ROOT,
        "Action": "kms:*", "Resource": "*"}  # fmt: skip


def statement(**elements):
    """Return an Allow of kms:Decrypt to alice, unless told otherwise; None takes one away."""
    base = {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "kms:Decrypt",
            "Resource": "*"}  # fmt: skip
    return {name: value for name, value in (base | elements).items() if value is not None}


def found(*statements, key=KEY, **elements):
    document = {"Version": "2012-10-17", "Statement": list(statements)} | elements
    return [
        (one.id, str(one.severity), one.json_path)
        for one in lint(KeyPolicy.from_dict(document), key=key)
    ]


FOR_SERVICE = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
