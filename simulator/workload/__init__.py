"""The work to be done: task classes, and when tasks arrive."""
