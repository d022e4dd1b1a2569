"""How all tests run."""

import signal

from hypothesis import settings

# A busy machine is no failure: no test may depend on how long an example takes.
settings.register_profile("ecotrack", deadline=None)
settings.load_profile("ecotrack")

# A shell starts a background job with SIGINT ignored, and every program below it inherits that. Programs that a test
# interrupts would not hear of it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
