"""The live run, which goes on by the clock, and its views: metrics, JSON and the page."""
