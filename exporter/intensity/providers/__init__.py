"""Publishers of the carbon intensity of grids: one file for each, which asks it and reads its answers."""
