"""The place of the journal of old values, which is looked for before anything else of this package is loaded."""

JOURNAL = "optimize.journal"
"""Name of the journal in a state folder."""
