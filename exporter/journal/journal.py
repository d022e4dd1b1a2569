"""The journal: a row for each scope and minute, or sooner where the activity, the intensity or a source changes.

One row for each sample would be twelve times as much to write and to read, and would say no more: within a row nothing
changes that has a column. A year is about a million rows, or 100 MB. What a kill leaves unwritten is under a minute.
"""

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from exporter.core.logs import Seldom
from exporter.core.units import (
    BYTES_PER_BINARY_GB,
    GRAMS_PER_KILOGRAM,
    SECONDS_PER_MINUTE,
    Grams,
    Joules,
    MonotonicSeconds,
    Seconds,
    UnixSeconds,
    to_kwh,
)
from exporter.journal.files import JournalFiles
from exporter.power.component import Component, Scope
from exporter.snapshot import Snapshot
from exporter.totals import Exported

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Columns that hold for a whole row."""

    minute: int
    activity: str
    intensity: float | None
    label: str
    sources: tuple[tuple[Scope, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Time that the next rows will be of: from the counters at its start to those at its end."""

    facts: _Facts
    before: Exported
    after: Exported
    began: MonotonicSeconds
    ended: MonotonicSeconds
    at: UnixSeconds


class Journal:
    """Writer of a journal."""

    def __init__(self, files: JournalFiles) -> None:
        self._files = files
        self._stretch: _Stretch | None = None
        self._last: tuple[Exported, MonotonicSeconds] | None = None
        self._lines = Seldom()

    def record(self, snapshot: Snapshot, awake: MonotonicSeconds) -> int:
        """Note a sample that was read at an awake time; return how many rows could not be written on this occasion.

        Never raises for the disk: its rows are lost. The first refusal of a series is logged, and the first row after.
        """
        exported = snapshot.totals.exported
        lost = 0
        if self._last is not None and snapshot.sampled_at is not None:
            facts = _facts(snapshot, snapshot.sampled_at)
            if self._stretch is not None and self._stretch.facts == facts:
                self._stretch = replace(self._stretch, after=exported, ended=awake, at=snapshot.sampled_at)
            else:
                lost = self.flush()
                before, began = self._last
                self._stretch = _Stretch(
                    facts=facts, before=before, after=exported, began=began, ended=awake, at=snapshot.sampled_at
                )
        self._last = (exported, awake)
        return lost

    def flush(self) -> int:
        """Write what has been noted; return how many rows could not be written."""
        if self._stretch is None:
            return 0
        rows = list(_rows(self._stretch))
        at, self._stretch = self._stretch.at, None
        if not rows:
            return 0
        try:
            self._files.append("".join(rows).encode(), at)
        except OSError as error:
            if self._lines.changes(at, "refused"):
                LOG.error("the journal cannot be written: %s", error.strerror)  # noqa: TRY400 - one line, no traceback
            return len(rows)
        if self._lines.changes(at, ""):
            LOG.info("the journal is written again")
        return 0


def _facts(snapshot: Snapshot, at: UnixSeconds) -> _Facts:
    readings, sources = snapshot.readings, dict[Scope, list[str]]()
    for origin in snapshot.provenance:
        sources.setdefault(origin.component.scope, []).append(origin.source)
    return _Facts(
        minute=math.ceil(at / SECONDS_PER_MINUTE),
        activity="" if readings.activity is None else str(readings.activity),
        intensity=None if readings.intensity is None else readings.intensity.value,
        label="" if readings.intensity is None else readings.intensity.provider,
        sources=tuple((scope, "+".join(sorted(set(kinds)))) for scope, kinds in sources.items()),
    )


def _rows(stretch: _Stretch) -> Iterator[str]:
    """Return the rows of a stretch: one for each scope whose energy was counted in it."""
    seconds, sources = Seconds(stretch.ended - stretch.began), dict(stretch.facts.sources)
    when = f"{datetime.fromtimestamp(stretch.at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    moved = _bytes(stretch.after) - _bytes(stretch.before)
    for scope in Scope:
        if not any(component.scope is scope for component in stretch.after.energy):
            continue
        spent = Joules(_of(stretch.after.energy, scope) - _of(stretch.before.energy, scope))
        emitted = Grams(_of(stretch.after.emissions, scope) - _of(stretch.before.emissions, scope))
        facts = stretch.facts
        cells = (
            when,
            f"{moved}" if scope is Scope.NETWORK else "",
            f"{moved / BYTES_PER_BINARY_GB:.9g}" if scope is Scope.NETWORK else "",
            f"{to_kwh(spent):.9g}",
            "" if facts.intensity is None else f"{emitted / GRAMS_PER_KILOGRAM:.9g}",
            facts.activity,
            scope,
            sources.get(scope, ""),
            "" if facts.intensity is None else f"{facts.intensity:.9g}",
            facts.label,
            f"{seconds:.3f}",
            "",
        )
        yield ",".join(cells) + "\n"


def _bytes(exported: Exported) -> int:
    return sum(traffic.total_bytes for traffic in exported.devices.values())


def _of(amounts: Mapping[Component, float], scope: Scope) -> float:
    return sum(amount for component, amount in amounts.items() if component.scope is scope)
