"""Tests of simulator.ledger."""
