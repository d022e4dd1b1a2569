"""The records of the ledger: what they hold, their one encoding, keys and signatures, trees, and the rules by name."""
