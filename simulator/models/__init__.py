"""The cost of inference models: compression, measured on a real host and kept as a profile."""
