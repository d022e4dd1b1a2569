"""Estimates, intervals and comparisons from the figures of runs."""
