"""The laws of a run, each of which holds at every sample, whatever fails."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.power.component import Component
from exporter.totals import Exported


class Law(StrEnum):
    """A promise of the exporter."""

    NO_FALL = "no counter falls, but to zero after a stop that says so"
    NO_SPIKE = "no sample has more energy than the machine, or a sensor, can draw"
    NOT_LOST = "what the machine drew is booked, or lost as promised"
    COUNTED = "what failed is counted, and nothing else is"
    MISSING = "a missing reading is missing, and one that is there is true"
    STATES = "each source is shown as it is"
    SAVED = "the time of the last good save is shown"
    LOG = "a matter has a line a minute at most"
    GOES_ON = "lifetime and budgets go on from what was saved"
    GRAMS = "grams are energy by the carbon intensity in force"
    INTENSITY = "a carbon intensity is one that was told, or the fixed one"
    SHOWN = "what is shown is what was sampled"
    JOURNAL = "a journal has whole rows"
    RUNS = "nothing ends in an error that nobody foresaw"
    REPLAYED = "a seed is one run"
    DURABLE = "what is forced to the disk is at most a minute old, or as old as a sample"
    PARSED = "what is read of a file is what stands in it"
    REFUSED = "a state or a journal that cannot be read ends a start in one line, and is left as it is"


class BrokenError(BaseException):
    """A law that did not hold; the loop of the exporter does not catch it."""

    def __init__(self, law: Law, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


def need(holds: bool, law: Law, what: str) -> None:
    """Raise BrokenError unless a law holds."""
    if not holds:
        raise BrokenError(law, what)


@dataclass(slots=True)
class Account:
    """Energy that the exporter has booked, beside the truth. `low` and `high` are how far it may be off.

    `since` is the truth that booking began with. `good` is the time of the last good reading of a part, None without
    one. `tally` are the events that must have been counted. It is kept with each save, and taken up again with it.
    """

    booked: float = 0.0
    since: float = 0.0
    low: float = 0.0
    high: float = 0.0
    moved: int = 0
    moved_since: int = 0
    moved_low: float = 0.0
    moved_high: float = 0.0
    cpu_at: float | None = None
    cpu_from: float = 0.0
    network_at: float | None = None
    network_from: float = 0.0
    awake: float = 0.0
    elapsed: float = 0.0
    wall: float = 0.0
    rapl_at: float = 0.0
    saved_at: float | None = None
    states: Mapping[str, object] = field(default_factory=dict)
    false: frozenset[str] = frozenset()
    told: Mapping[str, float] = field(default_factory=dict)
    cards: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)


def counters(exported: Exported) -> dict[str, float]:
    """Return every counter by a name of its own."""
    found: dict[str, float] = {"samples": exported.samples, "embodied": exported.embodied}
    found |= {"disk read": exported.disk.read, "disk written": exported.disk.written}
    for kind, amounts in (
        ("energy", exported.energy),
        ("emissions", exported.emissions),
        ("gap energy", exported.gap_energy),
        ("gap emissions", exported.gap_emissions),
    ):
        found |= {f"{kind} {component}": amount for component, amount in amounts.items()}
    found |= {f"sensor {name}": joules for name, joules in exported.sensors.items()}
    for kind, devices in (("device", exported.devices), ("gap device", exported.gap_devices)):
        for name, one in devices.items():
            found[f"{kind} {name} received"] = one.received_bytes
            found[f"{kind} {name} sent"] = one.sent_bytes
    for activity, total in exported.activities.items():
        found |= {f"activity {activity}": total.duration, f"bytes {activity}": total.transferred_bytes}
    found |= {f"event {one.kind} {one.source} {one.reason}": count for one, count in exported.events.items()}
    return found


def host_joules(exported: Exported) -> float:
    """Return the energy of the machine, with that of the time without exporter."""
    booked = sum(spent for one, spent in exported.energy.items() if one is not Component.NETWORK)
    return booked + sum(spent for one, spent in exported.gap_energy.items() if one is not Component.NETWORK)


def moved_bytes(exported: Exported) -> int:
    """Return the bytes of all devices, with those of the time without exporter."""
    devices = (*exported.devices.values(), *exported.gap_devices.values())
    return sum(one.total_bytes for one in devices)


def check_no_fall(before: Mapping[str, float], now: Mapping[str, float]) -> None:
    """Check that no counter is lower than before, nor gone."""
    for name, amount in before.items():
        need(now.get(name, 0.0) >= amount, Law.NO_FALL, f"{name} from {amount!r} to {now.get(name)!r}")


class Lines:
    """Lines of the log, of which each matter may have one a minute, and one more for what resets its clock."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}
        self._fresh: deque[float] = deque()
        self.count = 0

    def begin_anew(self, now: float) -> None:
        """Note a restart, or a step of the clock, after which a matter may have a line at once."""
        self._fresh.append(now)

    def write(self, matter: str, now: float) -> None:
        """Note a line on a matter."""
        self.count += 1
        times = self._times.setdefault(matter, deque())
        times.append(now)
        while times[0] < now - 3600.0:
            times.popleft()
        fresh = sum(1 for one in self._fresh if one >= now - 3600.0)
        need(len(times) <= 61 + fresh, Law.LOG, f"{len(times)} lines within an hour: {matter}")
