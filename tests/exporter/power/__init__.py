"""Tests of exporter.power."""
