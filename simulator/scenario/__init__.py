"""What is simulated: the schema of a scenario, reading one, and checking it as a whole."""
