"""Whose watts: from use to power by component, and the constants of the models."""
