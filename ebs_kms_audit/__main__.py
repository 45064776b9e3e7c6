"""`python -m ebs_kms_audit`."""

from ebs_kms_audit.cli.main import run

run()
