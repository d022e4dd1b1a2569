"""Tests of exporter.usage."""
