"""Findings as tables, plots, reports and OpenMetrics."""
