"""Tests of simulator.models."""
