"""Trials: an optimisation strategy off and on in an order that chance draws, and the watts that it saved."""
