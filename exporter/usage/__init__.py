"""What happened between two readings."""
