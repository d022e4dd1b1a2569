"""The machine on which profiles are measured: its name, and the energy of its work."""

import platform
from pathlib import Path

from exporter.core.units import Joules, Seconds

ACTIVE_WATTS_PER_CORE = 3.5
"""Power of a busy virtual core, from ACTIVE_WATTS_SOURCE.

The figures of that source for GCP and Azure are 4.26 and 3.76 W. Ratios between profile entries do not depend on it.
"""

ACTIVE_WATTS_SOURCE = "Cloud Carbon Footprint, AWS at full load, 2023"
"""Publisher, subject and year of the coefficient."""


def core_energy(busy: Seconds) -> Joules:
    """Return the energy of `busy` seconds of CPU time."""
    return Joules(busy * ACTIVE_WATTS_PER_CORE)


def host_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return processor, architecture and system, without anything that names this one machine."""
    return f"{_processor(cpuinfo)}, {platform.machine()}, {platform.system()}"


def _processor(cpuinfo: Path) -> str:
    """Return the processor's name as Linux gives it; elsewhere as the platform does."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown processor"
