"""Energy that a node generates, stores and draws: pure functions."""
