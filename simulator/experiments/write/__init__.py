"""Results as tables, plots, reports and OpenMetrics."""
