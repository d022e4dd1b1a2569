"""The pictures of an experiment, one kind a file."""
