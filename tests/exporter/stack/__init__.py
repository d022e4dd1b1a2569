"""Tests of `ecotrack rules` and `ecotrack dashboards`."""
