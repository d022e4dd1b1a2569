"""Tests of simulator.experiments.write.plots."""
