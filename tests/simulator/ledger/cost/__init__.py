"""Tests of simulator.ledger.cost."""
