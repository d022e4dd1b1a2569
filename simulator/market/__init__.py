"""The market price of a credit: asked outside, checked, kept until it is too old. No ledger and no run knows it."""
