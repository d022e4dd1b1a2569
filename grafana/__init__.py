"""Grafana dashboards as code: `python -m grafana` writes dashboards/*.json, `--check` compares and lints them."""
