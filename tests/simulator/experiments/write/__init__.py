"""Tests of simulator.experiments.write."""
