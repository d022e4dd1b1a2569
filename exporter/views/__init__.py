"""The snapshot as people see it: page, JSON, table."""
