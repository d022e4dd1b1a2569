"""Discharge of the batteries below `class/power_supply` of a sysfs, which is the power of the whole machine.

The files are those of Documentation/ABI/testing/sysfs-class-power: microwatts, microamperes and microvolts. Some
drivers give a discharge a minus sign. While mains or a charger supplies anything, the batteries say nothing of the
machine.
"""

from collections.abc import Mapping
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.units import Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.integral import Integrals
from exporter.sources.reading import NotPresentError, ReadingUnavailableError

FACTOR = 1.1
"""Factor of the band around a battery's discharge. Assumed: no error is published for laptops' gauges, many of
which show a mean of half a minute."""

SENSOR = Sensor(source="battery", covers=Coverage.MACHINE, factor=FACTOR, description="discharge")


class BatterySource:
    """Reads the batteries of a machine."""

    def __init__(self, sysfs: Path, clock: Clock) -> None:
        self._folder = sysfs / "class/power_supply"
        self._integrals = Integrals(clock)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the discharge of all batteries as one sensor.

        Raises NotPresentError where none supplies the machine alone, and OSError or ReadingUnavailableError where one
        does not say how much.
        """
        supplies = sorted(self._folder.glob("*"))
        batteries = [one for one in supplies if _is_battery(one)]
        statuses = {_text(one / "status") for one in batteries}
        if "Discharging" not in statuses or "Charging" in statuses or any(_is_online(one) for one in supplies):
            raise NotPresentError
        watts = sum(_watts(one) for one in batteries if _text(one / "status") == "Discharging")
        if watts == 0.0:
            raise ReadingUnavailableError(f"{self._folder} shows a discharge without power")
        energies = self._integrals.advance({"discharge": Watts(watts)})
        return {name: EnergyCounter(sensor=SENSOR, energy=energy) for name, energy in energies.items()}


def _is_battery(supply: Path) -> bool:
    """Tell whether a supply is a battery of this machine, and not that of a mouse."""
    return _text(supply / "type") == "Battery" and _text(supply / "scope") != "Device"


def _is_online(supply: Path) -> bool:
    return _text(supply / "type") in {"Mains", "USB"} and _text(supply / "online") not in {"", "0"}


def _watts(battery: Path) -> float:
    power = battery / "power_now"
    if power.exists():
        return _magnitude(power) / 1e6
    return _magnitude(battery / "current_now") * _magnitude(battery / "voltage_now") / 1e12


def _magnitude(file: Path) -> int:
    text = file.read_bytes().strip().removeprefix(b"-")
    if not text.isdigit():
        raise ReadingUnavailableError(f"{file} is not a figure")
    return int(text)


def _text(file: Path) -> str:
    """Return the content of a file; empty where there is none."""
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
