"""From a scenario to the objects of a run: its parts, their layout on sites and buses, and the whole as arrays."""
