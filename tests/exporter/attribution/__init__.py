"""Tests of exporter.attribution."""
