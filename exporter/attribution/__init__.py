"""The shares of groups of processes in the energy and emissions of the machine and of the network."""
