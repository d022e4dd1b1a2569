"""The cost of the ledger of carbon credits."""
