"""Validators of Kubernetes and of the Prometheus operator, made from their Go types."""
