"""Tests of simulator.experiments.find."""
