"""The ladder below a live provider: a value at any time, whose label and age are exact, whatever the provider does."""
