"""CPU time of processes, and their use of graphics cards, by the groups that they are in."""
