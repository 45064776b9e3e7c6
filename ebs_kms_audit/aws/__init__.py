"""The facts about AWS that the other packages use. This package imports no other package."""

FACTS_DATE = "2026-11-26"
"""The date of the last comparison of these facts with AWS's documentation and models."""
