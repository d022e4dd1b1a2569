"""Devices, operating points, tasks and models: what the cluster is made of."""
