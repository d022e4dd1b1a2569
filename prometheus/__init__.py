"""Recording rules and alerts: the tables from which the committed YAML is generated."""
