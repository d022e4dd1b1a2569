"""Devices and compressed models of a scenario's own, beside those that come with the simulator."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.core.config import Section
from exporter.core.units import Joules, Seconds, Watts
from simulator.hardware.device import REFERENCE, Device
from simulator.hardware.shipped import DEVICES, PROFILED
from simulator.hardware.sleep import Sleep

BYTES_PER_MEGABYTE = 10**6

HERTZ_PER_GIGAHERTZ = 1e9

SpeedWith = Annotated[
    float, Meta(ge=1e-4, le=1e4, description="Speed with this model, relative to the reference device; else `speed`.")
]
TimeRatio = Annotated[
    float, Meta(ge=1e-3, le=1e3, description="Time of this model compressed over that in FP32, as measured; else 1.")
]


class Speeds(Section, frozen=True, kw_only=True):
    """Speeds by model, relative to the reference device; a model without one runs at the device's `speed`."""

    mlp: SpeedWith | None = None
    lstm: SpeedWith | None = None
    cnn: SpeedWith | None = None
    transformer: SpeedWith | None = None
    audio: SpeedWith | None = None


class TimeRatios(Section, frozen=True, kw_only=True):
    """Time of the compressed model over that in FP32, by model; 1 for a model without one."""

    mlp: TimeRatio | None = None
    lstm: TimeRatio | None = None
    cnn: TimeRatio | None = None
    transformer: TimeRatio | None = None
    audio: TimeRatio | None = None


class SleepSection(Section, frozen=True, kw_only=True):
    """A sleep state; the joules of a transition are all that the device uses meanwhile."""

    watts: Annotated[float, Meta(ge=0, le=100_000, description="Power of the whole device asleep; below idle power.")]
    enter_seconds: Annotated[float, Meta(ge=0, le=3600, description="Time to fall asleep.")]
    enter_joules: Annotated[float, Meta(ge=0, le=1e9, description="Energy to fall asleep.")]
    wake_seconds: Annotated[float, Meta(ge=0, le=3600, description="Time from the wake until it can work.")]
    wake_joules: Annotated[float, Meta(ge=0, le=1e9, description="Energy to wake.")]
    minimum_dwell_seconds: Annotated[float, Meta(ge=0, le=86_400, description="Least time asleep.")] = 0.0


class DeviceSection(Section, frozen=True, kw_only=True):
    """A device of the scenario's own."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            pattern="^[a-z0-9-]+$",
            description="Name for `nodes[].device`, in lower case, digits and -; none that comes with the simulator.",
        ),
    ]
    title: (
        Annotated[str, Meta(min_length=1, max_length=100, description="What it is called; by default its name.")] | None
    ) = None
    idle_watts: Annotated[float, Meta(gt=0, le=100_000, description="Power of the whole device, awake without work.")]
    full_watts: Annotated[float, Meta(gt=0, le=100_000, description="Power with all of it busy at full frequency.")]
    minimum_gigahertz: Annotated[float, Meta(ge=1e-3, le=100, description="Lowest frequency.")]
    maximum_gigahertz: Annotated[float, Meta(ge=1e-3, le=100, description="Highest frequency.")]
    memory_megabytes: Annotated[float, Meta(gt=0, le=1e9, description="Memory for models.")]
    speed: Annotated[
        float,
        Meta(ge=1e-4, le=1e4, description=f"Speed with models not in `speeds`; 1 is that of {REFERENCE}."),
    ]
    speeds: Speeds = Speeds()
    compression: TimeRatios = TimeRatios()
    sleep: SleepSection | None = None
    source: Annotated[str, Meta(min_length=1, max_length=1000, description="Where the figures come from.")]

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order, and the name of a shipped device, which figures would go by."""
        if self.name in DEVICES:
            raise ValueError(
                f'.name: expected a name of its own, got "{self.name}", a device that comes with the simulator'
            )
        if self.idle_watts > self.full_watts:
            raise ValueError(f".idle_watts: expected at most full_watts, {self.full_watts:g}, got {self.idle_watts:g}")
        if self.minimum_gigahertz > self.maximum_gigahertz:
            raise ValueError(
                f".minimum_gigahertz: expected at most maximum_gigahertz, {self.maximum_gigahertz:g}, "
                f"got {self.minimum_gigahertz:g}"
            )
        if self.sleep is not None and self.sleep.watts >= self.idle_watts:
            raise ValueError(
                f".sleep.watts: expected less than idle_watts, {self.idle_watts:g}, got {self.sleep.watts:g}"
            )


class ModelsSection(Section, frozen=True, kw_only=True):
    """The profile that tells how fast compressed models run, and the devices for which it holds."""

    profile: (
        Annotated[
            str,
            Meta(
                description="JSON that `ecochain measure-models` wrote, in place of the shipped profile; beside this "
                "file."
            ),
        ]
        | None
    ) = None
    devices: (
        Annotated[
            tuple[str, ...],
            Meta(
                description=f"Devices for which the profile holds; by default {' and '.join(PROFILED)}. On others "
                "compressed models take as long as in FP32."
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a profile that nobody says where it was measured: it would not hold for the default devices."""
        if self.profile is not None and self.devices is None:
            raise ValueError(".devices: expected the devices for which the profile holds, got nothing")

    @property
    def profiled(self) -> tuple[str, ...]:
        """The devices for which the profile holds."""
        return PROFILED if self.devices is None else self.devices


def devices_of(sections: Iterable[DeviceSection]) -> Mapping[str, Device]:
    """Return all devices that nodes may be, by name: those that come with the simulator, and a scenario's own."""
    return MappingProxyType({**DEVICES, **{section.name: _device(section) for section in sections}})


def _device(section: DeviceSection) -> Device:
    return Device(
        name=section.name,
        title=section.title or section.name,
        idle_watts=section.idle_watts,
        full_watts=section.full_watts,
        minimum_hertz=_hertz(section.minimum_gigahertz),
        maximum_hertz=_hertz(section.maximum_gigahertz),
        speed=section.speed,
        speeds=_given(section.speeds),
        compression=_given(section.compression),
        memory_bytes=round(section.memory_megabytes * BYTES_PER_MEGABYTE),
        source=section.source,
        sleep=None if section.sleep is None else _sleep(section.sleep, section.source),
    )


def _hertz(gigahertz: float) -> float:
    """Return whole hertz, so that 1.479 GHz are the same figure as 1,479 MHz."""
    return float(round(gigahertz * HERTZ_PER_GIGAHERTZ))


def _given(figures: Speeds | TimeRatios) -> Mapping[str, float]:
    """Return the figures of the models that have one."""
    return {model: value for model, value in msgspec.structs.asdict(figures).items() if value is not None}


def _sleep(section: SleepSection, source: str) -> Sleep:
    return Sleep(
        watts=Watts(section.watts),
        enter_seconds=Seconds(section.enter_seconds),
        enter_joules=Joules(section.enter_joules),
        wake_seconds=Seconds(section.wake_seconds),
        wake_joules=Joules(section.wake_joules),
        minimum_dwell_seconds=Seconds(section.minimum_dwell_seconds),
        source=source,
    )
