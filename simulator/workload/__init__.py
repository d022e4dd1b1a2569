"""What has to be done: task classes, and when tasks arrive."""
