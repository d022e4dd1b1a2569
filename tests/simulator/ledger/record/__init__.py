"""Tests of simulator.ledger.record."""
