"""The scenario to simulate: its schema, reading one, and checking it as a whole."""
