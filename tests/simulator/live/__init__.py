"""Tests of simulator.live."""
