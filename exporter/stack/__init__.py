"""Rules and dashboards for somebody's own Prometheus and Grafana: `ecotrack rules` and `ecotrack dashboards`."""
