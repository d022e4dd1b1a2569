"""Tests of simulator.experiments.plan."""
