"""The means of counting that a run is to test: this kernel's best, or the one that the environment names."""

import os

from exporter.sources.process_bytes.ebpf.attach import Means

NAMED = "ECOTRACK_TEST_MEANS"


def chosen_means() -> tuple[Means, ...]:
    """Return the means to try."""
    named = os.environ.get(NAMED)
    return (Means(named),) if named else tuple(Means)
