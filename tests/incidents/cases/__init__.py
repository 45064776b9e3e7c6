"""The tables of incidents: one module for each kind of cause, each with INCIDENTS."""
