"""The machine's use between two readings."""
