"""ecotrack: a Prometheus exporter for the energy and carbon of one machine."""

__version__ = "0.1.0"
