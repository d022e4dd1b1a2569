"""What does the work: device classes and their operating points."""
