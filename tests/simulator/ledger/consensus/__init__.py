"""Tests of simulator.ledger.consensus."""
