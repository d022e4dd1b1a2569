"""Energy of NVIDIA's graphics cards by NVML, the library of their driver.

`pynvml` comes with the extra `gpu`. It is loaded at the first reading, so that the exporter does without its memory
where the collector is off. A card keeps awake while NVML is open, which is why the collector is off by default.
"""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, cast

from exporter.core.clock import Clock
from exporter.core.units import Joules, Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.integral import Integrals
from exporter.sources.reading import NotPresentError, ReadingUnavailableError

FACTOR = 1.1
"""Factor of the band around a card's energy. NVIDIA states plus or minus 5 W for the power of its cards (NVML
reference, nvmlDeviceGetPowerUsage), which is a tenth of a card that draws 50 W."""

SENSOR = Sensor(source="nvml", covers=Coverage.GPU, factor=FACTOR, description="graphics card")

NOT_SUPPORTED = 3
"""Answer of NVML where a card does not tell a figure (nvml.h, nvmlReturn_t)."""

NO_PERMISSION = 4
"""Answer of NVML to a user that it refuses (nvml.h, nvmlReturn_t)."""

ABSENT = {6, 9, 12}
"""Answers of NVML without a card (6), a loaded driver (9) or its library (12) (nvml.h, nvmlReturn_t)."""


class PciInfo(Protocol):
    """Place of a card."""

    busId: str | bytes  # noqa: N815 - the library's name


class ProcessSample(Protocol):
    """Use of a card by one process, in percent of the time (nvml.h, nvmlProcessUtilizationSample_t)."""

    pid: int
    timeStamp: int  # noqa: N815 - the library's name; civil time in microseconds
    smUtil: int  # noqa: N815
    encUtil: int  # noqa: N815
    decUtil: int  # noqa: N815


class RunningProcess(Protocol):
    """Process that has a card open."""

    pid: int


class Nvml(Protocol):
    """The functions of `pynvml` that are used."""

    NVMLError: type[Exception]

    def nvmlInit(self) -> None:
        """Open the library."""

    def nvmlShutdown(self) -> None:
        """Close the library."""

    def nvmlDeviceGetCount(self) -> int:
        """Return the number of cards."""

    def nvmlDeviceGetHandleByIndex(self, index: int, /) -> object:
        """Return a card."""

    def nvmlDeviceGetPciInfo(self, card: object, /) -> PciInfo:
        """Return where a card is plugged in."""

    def nvmlDeviceGetTotalEnergyConsumption(self, card: object, /) -> int:
        """Return the millijoules since the driver was loaded."""

    def nvmlDeviceGetPowerUsage(self, card: object, /) -> int:
        """Return the power in milliwatts."""

    def nvmlDeviceGetProcessUtilization(self, card: object, since: int, /) -> Sequence[ProcessSample]:
        """Return the use by processes since a civil time in microseconds."""

    def nvmlDeviceGetComputeRunningProcesses_v3(self, card: object, /) -> Sequence[RunningProcess]:
        """Return the processes that have the card open to compute."""

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, card: object, /) -> Sequence[RunningProcess]:
        """Return the processes that have the card open to draw."""


def installed_nvml() -> Nvml:
    """Load `pynvml`. Raises ReadingUnavailableError where it is not installed."""
    try:
        import pynvml  # type: ignore[import-untyped]  # noqa: PLC0415 - optional, and some MiB
    except ImportError as error:
        raise ReadingUnavailableError("pynvml is missing: install ecotrack with its extra gpu") from error
    return cast(Nvml, pynvml)


class NvmlSource:
    """Reads the cards of a machine, each by its counter where it has one, else by its power."""

    def __init__(self, clock: Clock, load: Callable[[], Nvml] = installed_nvml) -> None:
        self._load = load
        self._nvml: Nvml | None = None
        self._integrals = Integrals(clock)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the energy of each card.

        Raises NotPresentError without a driver or a card that tells any, PermissionError where NVML refuses, and
        ReadingUnavailableError for anything else that it says. NVML is opened anew after that.
        """
        nvml = self._load()
        try:
            if self._nvml is None:
                nvml.nvmlInit()
                self._nvml = nvml
            energies = self._energies(nvml)
        except nvml.NVMLError as error:
            self._close(nvml)
            raise _meaning(error) from error
        if not energies:
            raise NotPresentError
        return {name: EnergyCounter(sensor=SENSOR, energy=energy) for name, energy in energies.items()}

    def _energies(self, nvml: Nvml) -> Mapping[str, Joules]:
        cards = cards_of(nvml)
        counted = dict(_supported(nvml, cards, nvml.nvmlDeviceGetTotalEnergyConsumption))
        others = [card for card in cards if card_name(nvml, card) not in counted]
        watts = {name: Watts(value / 1e3) for name, value in _supported(nvml, others, nvml.nvmlDeviceGetPowerUsage)}
        return {name: Joules(value / 1e3) for name, value in counted.items()} | dict(self._integrals.advance(watts))

    def _close(self, nvml: Nvml) -> None:
        if self._nvml is None:
            return
        self._nvml = None
        try:
            nvml.nvmlShutdown()
        except nvml.NVMLError:
            return  # the driver is gone, and with it what was open


def cards_of(nvml: Nvml) -> list[object]:
    """Return the cards of a library that is open."""
    return [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]


def _supported(nvml: Nvml, cards: list[object], read: Callable[[object], int]) -> Iterator[tuple[str, int]]:
    """Yield the name of each card that tells a figure, and the figure; a card with MIG may not."""
    for card in cards:
        try:
            value = read(card)
        except nvml.NVMLError as error:
            if getattr(error, "value", None) != NOT_SUPPORTED:
                raise
            continue
        yield card_name(nvml, card), value


def card_name(nvml: Nvml, card: object) -> str:
    """Return where a card is plugged in."""
    name = nvml.nvmlDeviceGetPciInfo(card).busId
    return name if isinstance(name, str) else name.decode("ascii")


def _meaning(error: Exception) -> Exception:
    """Return the exception of a source that an answer of NVML stands for."""
    value = getattr(error, "value", None)
    if value in ABSENT:
        return NotPresentError()
    if value == NO_PERMISSION:
        return PermissionError(errno.EACCES, "NVML refuses this user", "/dev/nvidiactl")
    return ReadingUnavailableError(f"NVML says {value}")
