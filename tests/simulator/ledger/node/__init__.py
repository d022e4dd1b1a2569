"""Tests of what a validator keeps on its disk."""
