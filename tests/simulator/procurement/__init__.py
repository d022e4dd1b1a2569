"""Tests of simulator.procurement."""
