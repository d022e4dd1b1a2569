"""Tests of simulator.ledger.attest."""
