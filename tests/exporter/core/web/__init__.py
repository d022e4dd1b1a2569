"""Tests of exporter.core.web."""
