"""Where the carbon intensity of electricity comes from: one file per provider."""
