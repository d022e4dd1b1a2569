"""Embodied carbon of the machine as the summary tells it."""

import msgspec

from exporter.core.units import SECONDS_PER_HOUR, UnixSeconds
from exporter.snapshot import Snapshot


class EmbodiedView(msgspec.Struct, frozen=True, kw_only=True):
    """Embodied carbon of the machine: all of it and its range, the share of an hour, and the ends of its life."""

    grams: float
    low_grams: float
    high_grams: float
    grams_per_hour: float | None
    start: float
    end: float
    source: str


def embodied_view(snapshot: Snapshot) -> EmbodiedView | None:
    """Return what the snapshot tells; None where no embodied carbon is configured."""
    embodied, rate = snapshot.embodied, snapshot.readings.embodied_rate
    if embodied is None:
        return None
    return EmbodiedView(
        grams=embodied.grams,
        low_grams=embodied.low,
        high_grams=embodied.high,
        grams_per_hour=None if rate is None else rate * SECONDS_PER_HOUR,
        start=embodied.start,
        end=embodied.end,
        source=embodied.source,
    )


def embodied_notes(snapshot: Snapshot, now: UnixSeconds) -> list[str]:
    """Return a note on a life that has yet to begin, or is over; nothing within it."""
    embodied = snapshot.embodied
    if embodied is None or embodied.start <= now < embodied.end:
        return []
    when = "has yet to begin" if now < embodied.start else "is over"
    return [f"The machine's life, as `embodied` in the configuration tells it, {when}: no embodied share is counted."]
