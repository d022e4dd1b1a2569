"""Forecasts of renewable supply."""
