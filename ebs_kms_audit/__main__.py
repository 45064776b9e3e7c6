"""`python -m ebs_kms_audit`."""

from ebs_kms_audit.cli import run

run()
