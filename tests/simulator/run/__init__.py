"""Tests of simulator.run."""
