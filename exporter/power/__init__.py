"""Models of power: from use to watts by component, with the constants and their sources."""
