"""One run of a scenario by the hour, as one picture."""
