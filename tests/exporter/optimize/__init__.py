"""Tests of exporter.optimize."""
