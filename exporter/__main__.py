"""`python -m exporter` is the same as `ecotrack`."""

import sys

from exporter.cli import main

sys.exit(main())
