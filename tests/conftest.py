"""How all tests run."""

from hypothesis import settings

# A busy machine is no failure: no test may depend on how long an example takes.
settings.register_profile("ecotrack", deadline=None)
settings.load_profile("ecotrack")
