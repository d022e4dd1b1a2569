"""Tests of exporter.intensity."""
