"""Tests of `ecotrack audit`."""
