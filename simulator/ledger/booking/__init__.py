"""Bookings: claims, certificates, credits and holdings, as a pure transition of a state."""
