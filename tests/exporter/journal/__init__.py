"""Tests of exporter.journal."""
