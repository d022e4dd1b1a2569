"""A quick look at a board without Grafana: its grid with the values that a Prometheus has now, as a picture.

What Grafana itself would draw differs in details; the pictures say so. Table columns are as wide as Grafana makes them,
so that what it would hide is hidden here too.
"""
