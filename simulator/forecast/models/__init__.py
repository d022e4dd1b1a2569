"""Models of forecasts, one to a file."""
