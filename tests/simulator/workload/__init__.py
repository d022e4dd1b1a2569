"""Tests of simulator.workload."""
