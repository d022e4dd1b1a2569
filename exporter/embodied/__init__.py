"""Embodied carbon: what making the machine emitted, spread over its life."""
