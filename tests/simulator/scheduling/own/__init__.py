"""Tests of simulator.scheduling.own."""
