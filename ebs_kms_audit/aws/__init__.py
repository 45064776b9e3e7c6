"""The facts of AWS that the other packages use. Nothing of this library is imported here."""

FACTS_DATE = "2026-11-26"
"""The day on which these facts were last compared with AWS's documentation and models."""
