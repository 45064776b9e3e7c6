"""Causes: why the calls of a finding were denied."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
