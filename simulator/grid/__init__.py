"""Electricity grids around the cluster: the carbon and the price of a kWh in each hour, generated or from a file."""
