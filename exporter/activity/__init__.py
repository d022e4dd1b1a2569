"""Activity of the network, by throughput over time alone: packets, addresses and contents are never read."""
