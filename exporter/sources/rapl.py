"""Energy counters of Intel's and AMD's processors (RAPL), from the power zones below `class/powercap` of a sysfs.

The files of a zone are those of Documentation/power/powercap/powercap.rst; `energy_uj` is readable by root only. Three
zones count, those of a package, of its memory, and of the platform (psys); what lies inside a package is shown only.

The platform's counter is taken for the whole machine, behind its power adapter: it counts every device that the
platform's own supply feeds (Intel SDM volume 4, MSR_PLATFORM_ENERGY_COUNTER). Makers wire it differently, so its band
is wide.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.core.units import Joules
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from exporter.sources.sysfs import Cached, content, figure

PACKAGE_FACTOR = 1.05
"""Factor of the band around a package's counter. Assumed: Intel publishes no error. Since Haswell the counter is
measured, not modelled, and independent comparisons find it within a few per cent."""

MEMORY_FACTOR = 1.2
"""Factor of the band around a memory counter. Assumed, wider than a package's: on servers it depends on a table of
the memory's maker, which firmware may leave at its usual values."""

PLATFORM_FACTOR = 1.3
"""Factor of the band around the platform's counter. Assumed: what is wired to it differs by machine."""

ZONES: tuple[tuple[str, Coverage, float, str], ...] = (
    ("package-", Coverage.PACKAGE, PACKAGE_FACTOR, "processor's counter"),
    ("dram", Coverage.MEMORY, MEMORY_FACTOR, "memory's counter"),
    ("psys", Coverage.MACHINE, PLATFORM_FACTOR, "platform's counter"),
)
"""Beginning of a zone's name, what it covers, its band and description. Other zones, core and uncore, are details."""


class RaplSource:
    """Reads the zones of a machine."""

    def __init__(self, sysfs: Path) -> None:
        self._zones = Cached(sysfs / "class/powercap", _zones)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the counters of all zones by the zone's name, that of a part after its package's.

        Raises NotPresentError without any, PermissionError where only root may read them, and OSError or
        ReadingUnavailableError where a counter cannot be read.
        """
        counters = {
            name: EnergyCounter(sensor=sensor, energy=Joules(figure(f"{zone}/energy_uj") / 1e6), wraps_at=_limit(zone))
            for name, (sensor, zone) in self._zones.current().items()
        }
        if not counters:
            raise NotPresentError
        return counters


def _zones(folder: Path) -> Mapping[str, tuple[Sensor, Path]]:
    """Return the sensor and the folder of each zone, by its name."""
    zones: dict[str, tuple[Sensor, Path]] = {}
    # By their names in order, each control type's parts after their package, and `intel-rapl-mmio` last of all: the
    # memory-mapped registers show counters again that the processor's own registers have.
    for zone in sorted(folder.glob("intel-rapl*:*"), key=lambda path: path.name.split(":")):
        zones.setdefault(" ".join(_names(zone)), (_sensor(_text(zone / "name")), zone))
    return zones


def _names(zone: Path) -> Iterator[str]:
    """Yield the name of a zone's package, where the zone is a part of one, and its own name."""
    control, *numbers = zone.name.split(":")
    if len(numbers) > 1:
        yield _text(zone.with_name(f"{control}:{numbers[0]}") / "name")
    yield _text(zone / "name")


def _sensor(name: str) -> Sensor:
    for beginning, covers, factor, description in ZONES:
        if name.startswith(beginning):
            return Sensor(source="rapl", covers=covers, factor=factor, description=description)
    return Sensor(source="rapl", covers=Coverage.DETAIL, factor=PACKAGE_FACTOR, description=name)


def _limit(zone: Path) -> Joules | None:
    """Return the energy at which the counter starts again; None where that cannot be read."""
    try:
        limit = Joules(figure(f"{zone}/max_energy_range_uj") / 1e6)
    except (OSError, ReadingUnavailableError):
        return None
    return limit if limit > 0.0 else None


def _text(file: Path) -> str:
    return content(file).decode("ascii")
