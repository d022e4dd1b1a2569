"""Tests of simulator.scheduling.kernels."""
