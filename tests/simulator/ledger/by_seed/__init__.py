"""Whole days of a ledger in which networks, disks and clocks fail, each of which follows from one number."""
