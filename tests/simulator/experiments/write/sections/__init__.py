"""Tests of simulator.experiments.write.sections."""
