"""The devices that do the work: device classes and their operating points."""
