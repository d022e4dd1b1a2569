"""Tests of simulator.ledger.file."""
