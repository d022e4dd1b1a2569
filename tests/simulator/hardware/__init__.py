"""Tests of simulator.hardware."""
