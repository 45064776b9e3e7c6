"""The pages of `ebs-kms-audit explain ID`: what a caveat or a verdict means, and what to do."""

from __future__ import annotations

from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.explain.caveats import CAVEATS
from ebs_kms_audit.explain.page import Page
from ebs_kms_audit.explain.verdicts import VERDICTS

__all__ = ["CAVEATS", "VERDICTS", "Page", "page"]

_BY_ID = {page.id: page for page in (*CAVEATS, *VERDICTS)}


def page(id: str) -> Page:
    """Return the page of an id. Raises UsageError for an id that is not known."""
    if id not in _BY_ID:
        raise UsageError(
            f"explain: there is no caveat or verdict {id}; ebs-kms-audit explain lists them"
        )
    return _BY_ID[id]
