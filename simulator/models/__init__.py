"""What inference models cost: compression, measured on a real host and kept as a profile."""
