"""A ledger in a file: kept, read, verified, and proved from."""
