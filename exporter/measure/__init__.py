"""Measuring this machine on purpose: its sensors over a phase, and the machine as a bench."""
