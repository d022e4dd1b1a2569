"""One reading of this machine, put together from the sources of the table.

No call here blocks or sleeps. Readings are cumulative wherever the kernel keeps a counter; what happened between two
of them is worked out in `exporter.usage`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from exporter.core.clock import Clock
from exporter.power.component import EnergyCounter
from exporter.sources.collector import BY_DEFAULT, Choices, Collector, OnFailure, Settings, Source
from exporter.sources.nics import NicRule
from exporter.sources.procfs import USUAL, Procfs
from exporter.sources.reading import HostReading, Outcome, SourceState, Timed

DEFAULTS = Choices()


class HostSource:
    """Reads every source once per call of `read`."""

    def __init__(
        self,
        clock: Clock,
        rule: NicRule,
        *,
        procfs: Path = USUAL,
        sysfs: Path = Path("/sys"),
        sources: Iterable[Source] = BY_DEFAULT,
        choices: Choices = DEFAULTS,
    ) -> None:
        self._clock = clock
        sources = tuple(sources)
        settings = Settings(
            clock=clock,
            procfs=Procfs(procfs),
            sysfs=sysfs,
            rule=rule,
            choices=choices,
            cards=any(source.name == "nvml" for source in sources),
        )
        self._collectors = [Collector(source, settings) for source in sources]

    def read(self) -> HostReading:
        """Read everything once; never raises for a part that fails."""
        # The clocks are read side by side: a slow reading between them would look like a suspension.
        at, elapsed, wall = self._clock.awake(), self._clock.elapsed(), self._clock.wall()
        parts: dict[str, Any] = {}
        sensors: dict[str, Timed[EnergyCounter]] = {}
        outcomes: list[Outcome] = []
        failed: list[str] = []
        for collector in self._collectors:
            source, before = collector.source, collector.last
            attempt = collector.collect(at)
            outcomes.append(attempt.outcome)
            if attempt is not before and attempt.outcome.state is SourceState.FAILS:
                failed.append(source.name)
            if attempt.result is None:
                continue
            if source.on_failure is OnFailure.REPLACED:
                sensors |= _timed_sensors(source.name, attempt.result)
            else:
                is_level = source.on_failure is OnFailure.LEVEL
                parts[source.name] = attempt.result.value if is_level else attempt.result
        return HostReading(
            wall=wall,
            awake=at,
            elapsed=elapsed,
            sensors=sensors,
            outcomes=tuple(outcomes),
            failed=tuple(failed),
            **parts,
        )


def _timed_sensors(source: str, result: Timed[object]) -> dict[str, Timed[EnergyCounter]]:
    """Return a source's counters under names of its own, so that no two sources share one."""
    counters = cast(Mapping[str, EnergyCounter], result.value)
    return {f"{source} {name}": Timed(value=counter, at=result.at) for name, counter in counters.items()}
