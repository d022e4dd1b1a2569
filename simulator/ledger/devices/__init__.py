"""The devices' side of the ledger: metering, signing, and opening what was drawn."""
