"""Tests of simulator.published."""
