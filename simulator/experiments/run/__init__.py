"""Execution of an experiment's runs: where, how often, and from where on after an interruption."""
