"""Optimisation: findings of three strategies on this machine, and settings that are changed and always taken back."""
