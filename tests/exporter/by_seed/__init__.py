"""Hours of an exporter by seed: what goes wrong with clocks, files, disk and network is drawn, and the laws hold."""
