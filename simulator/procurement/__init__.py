"""Procurement of carbon-free supply that matches a load at every moment: how much of it is needed, at what cost."""
