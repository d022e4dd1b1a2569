"""Tests of simulator.ledger.devices."""
