"""The snapshot as Prometheus sees it: every metric family, with how it is read."""
