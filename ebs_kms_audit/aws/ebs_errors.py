"""The error codes of EC2 and EBS calls that point to a KMS key or to a missing permission.

Sources: EC2 User Guide, "Error codes for the Amazon EC2 API" and "Instance terminates immediately";
EBS direct APIs Reference, AccessDeniedException. The symptoms are in `explain.symptoms`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ebs_kms_audit.aws.ebs_operations import is_ebs_operation

CODES = {
    "kms_key_incorrect_state": r"(?:Client\.)?InvalidKMSKey\.InvalidState",
    "kms_key_revoked": r"(?:Client\.)?CustomerKeyHasBeenRevoked",
    "key_id_not_accessible": r"(?:Client\.)?InvalidKMSKey\.NotFound",
    "volume_vanished": r"(?:Client\.)?InvalidVolume\.NotFound",
    "key_state_error": r"DisabledException|KMSInvalidStateException",
    "ebs_dependency_denied": r"DEPENDENCY_ACCESS_DENIED",
}
"""A pattern for the codes of each symptom that is recognized by the code alone."""
_DENIED = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "VpceAccessDenied"}
)
_LAUNCHES = frozenset({"RunInstances", "StartInstances"})


@lru_cache(maxsize=1_000)
def symptom_of(source: str | None, name: str, code: str | None) -> str | None:
    """Return the id of the symptom that a failed call is; None for other calls.

    `source` is the Event source and `name` the Event name, as in `is_ebs_operation`. `code` is the
    Error code; None if the call did not fail.
    """
    if code is None or not is_ebs_operation(source, name):
        return None
    if code.removeprefix("Client.") in _DENIED:
        return "other_service_denied"
    if code == "Client.InternalError" and name in _LAUNCHES:
        return "client_error_on_launch"
    return next((one for one, codes in CODES.items() if re.fullmatch(codes, code)), None)
