"""Tests of simulator.picture."""
