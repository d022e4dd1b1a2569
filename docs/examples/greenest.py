class Greenest:
    """The node that needs the least from the grid for this task; among equals the one that finishes first."""

    def choose(self, task, nodes):
        choices = [
            (max(0.0, joules - node.green_joules), node.wait + seconds, node.index, level)
            for node in nodes
            if node.fits
            for level, (seconds, joules) in enumerate(zip(node.seconds, node.joules, strict=True))
        ]
        return min(choices)[2:] if choices else None
