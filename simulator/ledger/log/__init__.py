"""The public log: a ledger as static files that programs for transparency logs verify."""
