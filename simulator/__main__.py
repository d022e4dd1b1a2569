"""`python -m simulator`, which is the same as `ecochain`."""

import sys

from simulator.cli import main

# Worker processes import this file anew and are not to run the command again.
if __name__ == "__main__":
    sys.exit(main())
