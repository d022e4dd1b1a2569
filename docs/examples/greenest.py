class Greenest:
    """The node that needs the least from the grid to finish this task in time, or else the one that finishes first."""

    def choose(self, task, nodes):
        choices = []
        for node in nodes:
            if node.fits:
                for level, (seconds, joules) in enumerate(zip(node.seconds, node.joules, strict=True)):
                    done = node.wait + seconds
                    late = max(0.0, done - (task.deadline - task.release))
                    choices.append((late, max(0.0, joules - node.green_joules), done, node.index, level))
        return min(choices)[3:] if choices else None
