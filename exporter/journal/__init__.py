"""The exporter's past as CSV files: written while it runs, reported on, and taken into Prometheus."""
