"""A plan of the hours to come: the work of nodes, their sleep, and the charge of batteries."""
