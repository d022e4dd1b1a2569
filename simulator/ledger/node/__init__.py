"""A validator on a disk: what it keeps there, and how it goes on from it after a crash."""
