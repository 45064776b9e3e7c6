"""Denials, decisions and context → findings, coverage and caveats."""
