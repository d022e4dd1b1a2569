"""Tests of simulator.energy."""
