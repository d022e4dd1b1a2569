"""The carbon intensity of electricity: one file per provider."""
