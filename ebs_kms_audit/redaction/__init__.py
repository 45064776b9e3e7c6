"""Stand-ins for what must not leave: account ids, Regions, names, ARNs, keys, addresses, ids.

Each field of each value that a report holds is declared in `fields`. A field without a
declaration is treated as free text, which is removed, and fails a test.
"""

from ebs_kms_audit.redaction.redactor import Redactor

__all__ = ["Redactor"]
