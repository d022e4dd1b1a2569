"""Tests of simulator.ledger.booking."""
