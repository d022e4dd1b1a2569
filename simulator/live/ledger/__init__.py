"""The ledger of a live run: its devices claim, its validators agree, and what was booked is shown."""
