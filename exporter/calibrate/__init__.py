"""Calibration: how idle and full power of this machine are measured, and where they are kept."""
