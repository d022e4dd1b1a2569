"""From the figures of runs to estimates, intervals and comparisons."""
