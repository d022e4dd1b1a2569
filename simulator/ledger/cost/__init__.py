"""The energy that a ledger takes, from operations that were measured once."""
