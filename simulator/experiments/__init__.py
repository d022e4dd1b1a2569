"""Reproducible comparisons with intervals."""
