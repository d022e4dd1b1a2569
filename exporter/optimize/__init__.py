"""Optimisation: what three strategies find on this machine, and settings that are changed and always taken back."""
