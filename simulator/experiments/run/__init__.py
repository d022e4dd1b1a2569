"""Doing an experiment's runs: where, how often, and going on after an interruption."""
