"""What the ledger of carbon credits costs."""
