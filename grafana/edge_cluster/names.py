"""Names that several rows of the board share."""

UID = "ecochain-cluster"
TOP = 5
"""Height of the top row."""
