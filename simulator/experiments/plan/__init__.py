"""Which runs an experiment consists of."""
