"""The places of files in the state folder, which are looked for before anything else of this package is loaded."""

JOURNAL = "optimize.journal"
"""Name of the journal in a state folder."""

TRIALS = "trials.json"
"""Name of the file of trials in a state folder."""
