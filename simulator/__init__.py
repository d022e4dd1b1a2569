"""`ecochain`: an edge cluster for ML inference that schedules by energy, simulated."""

from exporter import __version__

__all__ = ["__version__"]
