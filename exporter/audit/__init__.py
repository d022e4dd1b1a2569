"""Do the parts sum to the whole, and does every step keep the figures? Asked of a live exporter and its Prometheus."""
