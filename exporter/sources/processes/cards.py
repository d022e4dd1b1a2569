"""Use of NVIDIA's graphics cards by process, by NVML.

A card's energy belongs to the processes that it tells, by the time that each of them kept its multiprocessors busy; the
encoder and the decoder count where nothing else was busy, as they draw little beside it. A card that does not tell the
use by process, as one with MIG, may still tell who has it open: a single process then has it all. Of several nobody
knows, since what has a card open may not use it. Their time, like that of a card that nothing used, is no process's.

Where there are several cards, the time of each counts by the energy that it took, so that a busy card's processes do
not pay for an idle one. The power of a card at rest is not taken out: who uses a card has all that it draws meanwhile.
The driver tells use by the numbers that the host gives to processes, whatever container asks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.core.clock import Clock
from exporter.core.units import Joules, MonotonicSeconds, Seconds
from exporter.sources.nvml import (
    NO_PERMISSION,
    NOT_SUPPORTED,
    Nvml,
    NvmlSource,
    ProcessSample,
    card_name,
    cards_of,
    installed_nvml,
)
from exporter.sources.reading import NotPresentError, ReadingUnavailableError

FUNCTION_NOT_FOUND = 13
"""Answer of NVML where the driver is older than a function (nvml.h, nvmlReturn_t)."""

UNTOLD = {NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND}
"""Answers of NVML where a card does not tell the use by process, but may tell who has it open."""

WHOLE = 100
"""Percent of the time that a process can use a card at most (nvml.h, nvmlProcessUtilizationSample_t). Drivers that run
dry of samples have been seen to fill in what stood in memory (nvtop, issue 110)."""


_NOBODY: Mapping[int | None, int] = {None: 1}
"""Use of a card that is no process's, or nobody knows whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    awake: MonotonicSeconds
    elapsed: Seconds
    energies: Mapping[str, Joules]


class NvmlProcesses:
    """Reads by whom the cards of a machine were used."""

    def __init__(self, clock: Clock, load: Callable[[], Nvml] = installed_nvml) -> None:
        self._clock = clock
        self._load = load
        self._source = NvmlSource(clock, load)
        self._last: _Moment | None = None

    def read(self) -> Mapping[int | None, Seconds]:
        """Return the time on cards since the last call by process; that of no process stands under None.

        The times sum to that between the calls, once for each card that tells its energy. The first call returns
        nothing, and so do one at which NVML fails and the next: nobody knows then whose the energy was. Raises nothing
        where NVML refuses or fails, which the collector of its energy tells.
        """
        before, self._last = self._last, self._moment()
        if before is None or self._last is None:
            return {}
        return dict(self._between(before, self._last))

    def _moment(self) -> _Moment | None:
        try:
            counters = self._source.read()
        except (NotPresentError, PermissionError, ReadingUnavailableError):
            return None
        return _Moment(
            awake=self._clock.awake(),
            elapsed=self._clock.elapsed(),
            energies={name: counter.energy for name, counter in counters.items()},
        )

    def _between(self, before: _Moment, now: _Moment) -> Mapping[int | None, Seconds]:
        taken = {
            name: energy - before.energies[name]
            for name, energy in now.energies.items()
            if energy > before.energies.get(name, energy)
        }
        seconds_per_joule = (now.awake - before.awake) * len(taken) / (sum(taken.values()) or 1.0)
        # By the clock's present reading: a time of the last call would be off by each step of the clock since.
        since = max(0, round((self._clock.wall() - (now.elapsed - before.elapsed)) * 1e6))
        times: dict[int | None, Seconds] = defaultdict(lambda: Seconds(0.0))
        for name, uses in self._uses(taken, since):
            whole = sum(uses.values())
            for process, use in uses.items():
                times[process] = Seconds(times[process] + taken[name] * seconds_per_joule * use / whole)
        return times

    def _uses(self, names: Mapping[str, object], since: int) -> Iterator[tuple[str, Mapping[int | None, int]]]:
        """Yield who used each card of these names, in parts of whatever their sum is."""
        nvml, left = self._load(), set(names)
        try:
            for card in cards_of(nvml):
                name = card_name(nvml, card)
                if name in left:
                    left.remove(name)
                    yield name, _uses(nvml, card, since) or _NOBODY
        except nvml.NVMLError:
            pass  # a card is gone since its energy was read, and which one it is nobody can tell
        yield from ((name, _NOBODY) for name in left)


def _uses(nvml: Nvml, card: object, since: int) -> Mapping[int | None, int]:
    """Return the use of a card by process; nothing where nobody used it, or nobody knows."""
    try:
        samples = nvml.nvmlDeviceGetProcessUtilization(card, since)
    except nvml.NVMLError as error:
        return _only_one(nvml, card) if getattr(error, "value", None) in UNTOLD else {}
    told = [sample for sample in samples if sample.timeStamp > since and _is_use(sample)]
    return _sums((sample.pid, sample.smUtil) for sample in told) or _sums(
        (sample.pid, sample.encUtil + sample.decUtil) for sample in told
    )


def _is_use(sample: ProcessSample) -> bool:
    """Tell whether a sample can be that of a process."""
    return sample.pid > 0 and max(sample.smUtil, sample.encUtil, sample.decUtil) <= WHOLE


def _sums(uses: Iterable[tuple[int, int]]) -> Mapping[int | None, int]:
    sums: dict[int | None, int] = defaultdict(int)
    for pid, use in uses:
        if use:
            sums[pid] += use
    return sums


def _only_one(nvml: Nvml, card: object) -> Mapping[int | None, int]:
    """Return the process that has a card open, where there is just one."""
    pids: set[int | None] = set()
    for running in (nvml.nvmlDeviceGetComputeRunningProcesses_v3, nvml.nvmlDeviceGetGraphicsRunningProcesses_v3):
        try:
            pids |= {process.pid for process in running(card)}
        except nvml.NVMLError as error:
            if getattr(error, "value", None) != NOT_SUPPORTED:
                return {}
    return dict.fromkeys(pids, 1) if len(pids) == 1 else {}
