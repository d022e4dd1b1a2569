"""Discharge of the batteries below `class/power_supply` of a sysfs, which is the power of the whole machine.

The files are those of Documentation/ABI/testing/sysfs-class-power: microwatts, microamperes and microvolts. Some
drivers give a discharge a minus sign. While mains or a charger supplies anything, the batteries say nothing of the
machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.units import Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.integral import Integrals
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from exporter.sources.sysfs import MOST_DIGITS, Cached, content

FACTOR = 1.1
"""Factor of the band around a battery's discharge. Assumed: no error is published for laptops' gauges, many of
which show a mean of half a minute."""

SENSOR = Sensor(source="battery", covers=Coverage.MACHINE, factor=FACTOR, description="discharge")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Supplies:
    """Batteries of the machine, and what else may supply it."""

    batteries: tuple[Path, ...]
    chargers: tuple[Path, ...]


class BatterySource:
    """Reads the batteries of a machine."""

    def __init__(self, sysfs: Path, clock: Clock) -> None:
        self._supplies = Cached(sysfs / "class/power_supply", _supplies)
        self._integrals = Integrals(clock)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the discharge of all batteries as one sensor.

        Raises NotPresentError where none supplies the machine alone, and OSError or ReadingUnavailableError where one
        does not say how much.
        """
        supplies = self._supplies.current()
        statuses = {battery: _content(battery / "status") for battery in supplies.batteries}
        discharging = [battery for battery, status in statuses.items() if status == b"Discharging"]
        if not discharging or b"Charging" in statuses.values() or any(map(_is_online, supplies.chargers)):
            raise NotPresentError
        watts = sum(map(_watts, discharging))
        if watts == 0.0:
            raise ReadingUnavailableError(f"{discharging[0]} shows a discharge without power")
        energies = self._integrals.advance({"discharge": Watts(watts)})
        return {name: EnergyCounter(sensor=SENSOR, energy=energy) for name, energy in energies.items()}


def _supplies(folder: Path) -> _Supplies:
    """Return the supplies of the machine, without the batteries of mice and the like."""
    kinds = {supply: _content(supply / "type") for supply in sorted(folder.glob("*"))}
    return _Supplies(
        batteries=tuple(
            one for one, kind in kinds.items() if kind == b"Battery" and _content(one / "scope") != b"Device"
        ),
        chargers=tuple(one for one, kind in kinds.items() if kind in {b"Mains", b"USB"}),
    )


def _is_online(charger: Path) -> bool:
    return _content(charger / "online") not in {b"", b"0"}


def _watts(battery: Path) -> float:
    power = battery / "power_now"
    if power.exists():
        return _magnitude(power) / 1e6
    return _magnitude(battery / "current_now") * _magnitude(battery / "voltage_now") / 1e12


def _magnitude(file: Path) -> int:
    text = content(file).removeprefix(b"-")
    if not text.isdigit() or len(text) > MOST_DIGITS:
        raise ReadingUnavailableError(f"{file} is not a figure")
    return int(text)


def _content(file: Path) -> bytes:
    """Return the content of a file; empty where there is none."""
    try:
        return content(file)
    except FileNotFoundError:
        return b""
