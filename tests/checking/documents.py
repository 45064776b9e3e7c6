"""Key policies and the files that hold them, for the tests of lint and check."""

import json

from tests import records

ACCOUNT, OTHER = records.ACCOUNT, "444455556666"
KEY = records.KEY_ARN
AUTO_SCALING = records.AUTO_SCALING
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
APP = f"arn:aws:iam::{ACCOUNT}:role/app"
USAGE_ACTIONS = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:DescribeKey",
]
GRANT_ACTIONS = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_SERVICE = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def allow(principal, actions, **more):
    """Return an Allow statement for AWS principals."""
    base = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"}
    return base | more


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


DELEGATES = allow(ROOT, "kms:*", Sid="Enable IAM User Permissions")


def usage(*principals, **more):
    return allow(list(principals), USAGE_ACTIONS, Sid="Allow use of the key") | more


def grants(*principals, **more):
    sid = "Allow attachment of persistent resources"
    return allow(list(principals), GRANT_ACTIONS, Sid=sid, Condition=FOR_SERVICE) | more


def terraform_plan(*resources, part="resource_changes"):
    """Return the output of `terraform show -json` for a plan or a state.

    A resource is (address, type, attributes, unknown attributes).
    """
    if part == "resource_changes":
        return {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "resource_changes": [
                {"address": address, "type": type_, "change": {
                    "actions": ["create"], "before": None, "after": after,
                    "after_unknown": unknown}}
                for address, type_, after, unknown in resources
            ],
        }  # fmt: skip
    listed = [
        {"address": address, "type": type_, "values": values}
        for address, type_, values, _ in resources
    ]
    module = {"child_modules": [{"address": "module.disks", "resources": listed}]}
    return {"format_version": "1.0", "terraform_version": "1.9.0", part: {"root_module": module}}


def write(folder, name, value):
    """Write a text, or a value as JSON with an indent of two; return the path as text."""
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    return str(path)
