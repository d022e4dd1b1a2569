"""Events that a sample may meet, to be counted."""

from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    """Family of events, each with a counter of its own."""

    GAP = "gap"
    RESET = "reset"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Event that a sample met: a gap has a reason, a reset a source, a discarded reading both."""

    kind: EventKind
    source: str = ""
    reason: str = ""


@dataclass(slots=True)
class Events:
    """Events of one sample, as they are found."""

    found: list[Event] = field(default_factory=list)

    def reset(self, source: str) -> None:
        """Note that a counter of `source` started again."""
        self.found.append(Event(kind=EventKind.RESET, source=source))

    def discard(self, source: str, reason: str) -> None:
        """Note that a reading of `source` was not used, and why."""
        self.found.append(Event(kind=EventKind.DISCARD, source=source, reason=reason))

    def gap(self, reason: str) -> None:
        """Note that time is missing, and why."""
        self.found.append(Event(kind=EventKind.GAP, reason=reason))
