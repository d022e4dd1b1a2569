"""Policies that users write, and the checks on what they answer."""
