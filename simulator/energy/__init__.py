"""What a node generates, stores and draws: pure functions."""
