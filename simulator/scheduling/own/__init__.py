"""Policies that users write, and the checks on their answers."""
