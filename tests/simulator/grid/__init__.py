"""Tests of the grids around the cluster."""
