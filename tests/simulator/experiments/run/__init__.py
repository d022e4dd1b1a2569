"""Tests of simulator.experiments.run."""
