"""`ecochain`: an edge cluster for ML inference that schedules by energy, simulated."""

__version__ = "0.1.0"
