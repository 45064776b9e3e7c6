"""Replaces account ids, Regions, names, ARNs, keys, addresses and other ids with stand-ins.

`fields` declares the content of each field of each class in a report. A field without a
declaration is treated as free text, which is removed, and fails a test.
"""

from ebs_kms_audit.redaction.redactor import Redactor

__all__ = ["Redactor"]
