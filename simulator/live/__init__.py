"""The run that goes on by the clock, and its views: metrics, JSON and the page."""
