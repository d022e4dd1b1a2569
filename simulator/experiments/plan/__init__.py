"""The runs of which an experiment consists."""
