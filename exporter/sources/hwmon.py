"""Power and energy that drivers show below `class/hwmon` of a sysfs, in microwatts and microjoules.

Only chips whose figures the kernel's documentation explains: a chip on a main board measures whatever it was wired to.
"""

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.units import Joules, Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.integral import Integrals
from exporter.sources.reading import NotPresentError
from exporter.sources.sysfs import Cached, content, figure, text

FACTOR = 1.1
"""Factor of the band around what a driver's sensor measured. Assumed: no error is published for these chips."""

NO_FIGURE_NOW = {errno.ENODATA, errno.EOPNOTSUPP}
"""Answers of a driver whose device has no figure at the moment, which is no failure."""

SYSTEM_BUS = ("LNXSYBUS", "LNXSYSTM")
"""Names of the ACPI devices that stand for the whole machine (include/acpi/acpi_drivers.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """Meaning of a chip's figure.

    The first pattern of `files` that fits names the figure. With a `label` only files count whose label begins so.
    """

    covers: Coverage
    files: tuple[str, ...]
    label: str = ""
    description: str

    @property
    def counts_energy(self) -> bool:
        """True for a cumulative figure."""
        return self.files[0].startswith("energy")


CHIPS: Mapping[str, Chip] = {
    # Documentation/hwmon/amd_energy.rst: 64-bit sums, readable by root only.
    "amd_energy": Chip(
        covers=Coverage.PACKAGE, files=("energy*_input",), label="Esocket", description="counters of the sockets"
    ),
    # Documentation/hwmon/fam15h_power.rst: of the whole package, where power1_average is of its cores only.
    "fam15h_power": Chip(covers=Coverage.PACKAGE, files=("power1_input",), description="estimate of the processor"),
    # Documentation/hwmon/acpi_power_meter.rst
    "power_meter": Chip(covers=Coverage.MACHINE, files=("power1_average",), description="ACPI power meter"),
    # Documentation/hwmon/corsair-psu.rst
    "corsairpsu": Chip(covers=Coverage.MACHINE, files=("power1_input",), description="power supply"),
    # Documentation/gpu/amdgpu: "of the SoC", which on an APU has the processor in it. Cards have one file or the other.
    "amdgpu": Chip(covers=Coverage.GPU, files=("power1_average", "power1_input"), description="graphics card"),
    # Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and -xe-hwmon: of the entire card.
    "i915": Chip(covers=Coverage.GPU, files=("energy1_input",), description="graphics card"),
    "xe": Chip(covers=Coverage.GPU, files=("energy1_input",), description="graphics card"),
}
"""The chips that are read, by name. Of several that cover a package or the machine the first counts; cards add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A chip of this machine: its folder and its meaning."""

    folder: Path
    name: str
    chip: Chip

    @property
    def device(self) -> str:
        """The device's own name, which unlike the folder's number stays when others come and go."""
        link = self.folder / "device"
        return link.resolve().name if link.exists() else self.folder.name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """A file with a figure, and where there is one the file that tells whether its device sleeps."""

    chip: Chip
    file: Path
    status: Path | None


class HwmonSource:
    """Reads the chips of a machine."""

    def __init__(self, sysfs: Path, clock: Clock) -> None:
        self._figures = Cached(sysfs / "class/hwmon", _figures)
        self._integrals = Integrals(clock)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the sensors that have a figure at the moment, which may be none: a card may sleep.

        Raises NotPresentError where there are none, and OSError or ReadingUnavailableError where one cannot be read.
        """
        figures = self._figures.current()
        if not figures:
            raise NotPresentError
        values = {name: value for name, one in figures.items() if (value := _value(one)) is not None}
        watts = {name: Watts(one / 1e6) for name, one in values.items() if not figures[name].chip.counts_energy}
        joules = {name: Joules(one / 1e6) for name, one in values.items() if figures[name].chip.counts_energy}
        joules.update(self._integrals.advance(watts))
        return {name: EnergyCounter(sensor=_sensor(figures[name].chip), energy=one) for name, one in joules.items()}


def _figures(folder: Path) -> Mapping[str, _Figure]:
    """Return the figures of the chips that count, by the name of the sensor.

    Two kinds of chip would tell the same energy of a package or of the machine.
    """
    present = list(_present(folder))
    chosen = [one for one in present if one.chip.covers is Coverage.GPU]
    for coverage in (Coverage.PACKAGE, Coverage.MACHINE):
        of_it = [one for one in present if one.chip.covers is coverage]
        first = next((name for name in CHIPS if any(one.name == name for one in of_it)), None)
        chosen += [one for one in of_it if one.name == first]
    return dict(one for found in chosen for one in _figures_of(found))


def _present(folder: Path) -> Iterator[_Found]:
    meters = []
    for one in sorted(folder.glob("hwmon*")):
        name = _name(one)
        if name not in CHIPS:
            continue
        found = _Found(folder=one, name=name, chip=CHIPS[name])
        if name == "power_meter":
            meters.append(found)
        elif name == "amdgpu" and (one / "in1_input").exists():
            # Only an APU has the voltage of a northbridge (Documentation/gpu/amdgpu).
            apu = replace(found.chip, covers=Coverage.PACKAGE, description="processor with graphics")
            yield replace(found, chip=apu)
        else:
            yield found
    whole = [one for one in meters if _measures_the_machine(one.folder)]
    if len(whole) == 1:  # nothing tells whether two are of the same or of halves
        yield whole[0]


def _name(folder: Path) -> str:
    """Return the chip's name, which some drivers keep with the device."""
    files = (folder / "name", folder / "device/name")
    return next((text(file) for file in files if file.exists()), "")


def _measures_the_machine(folder: Path) -> bool:
    """Tell whether a power meter is of everything that the machine draws; one without a list is."""
    battery = folder / "device/power1_is_battery"
    if battery.exists() and text(battery) == "1":
        return False
    names = [path.name for path in folder.glob("device/measures/*")]
    return not names or any(name.startswith(SYSTEM_BUS) for name in names)


def _figures_of(found: _Found) -> Iterator[tuple[str, _Figure]]:
    """Yield the name and the file of each figure of a chip."""
    status = found.folder / "device/power/runtime_status"
    for pattern in found.chip.files:
        files = sorted({*found.folder.glob(pattern), *(found.folder / "device").glob(pattern)})
        wanted = [(file, label) for file in files if (label := _label(file)).startswith(found.chip.label)]
        for file, label in wanted:
            name = " ".join((found.name, label if found.chip.label else found.device))
            yield name, _Figure(chip=found.chip, file=file, status=status if status.exists() else None)
        if wanted:
            return


def _label(file: Path) -> str:
    label = file.with_name(file.name.replace("_input", "_label"))
    return text(label) if label != file and label.exists() else ""


def _value(one: _Figure) -> int | None:
    """Return a figure; None where there is none at the moment.

    A device that is suspended is not read, since that would wake it; a card that sleeps draws next to nothing.
    """
    if one.status is not None and content(one.status) == b"suspended":
        return None
    try:
        return figure(one.file)
    except OSError as error:
        if error.errno in NO_FIGURE_NOW:
            return None
        raise


def _sensor(chip: Chip) -> Sensor:
    return Sensor(source="hwmon", covers=chip.covers, factor=FACTOR, description=chip.description)
