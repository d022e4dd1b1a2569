"""The memory of what a validator has signed: without it, one that starts again may sign what convicts it."""

from typing import Protocol

from simulator.ledger.record.types import AttestationData, Record, Unsigned


class Signed(Record, frozen=True):
    """The last things that a validator has signed: the slot of its last block, and its last vote."""

    proposed: Unsigned = 0
    vote: AttestationData | None = None


class Memory(Protocol):
    """A place for what a validator has signed last."""

    @property
    def last(self) -> Signed:
        """The last things that were signed."""

    def keep(self, signed: Signed) -> None:
        """Keep it for good, and only then let the validator sign. Whatever it raises keeps the validator from it."""


class Volatile:
    """A memory that lasts as long as its validator."""

    def __init__(self) -> None:
        self.last = Signed()

    def keep(self, signed: Signed) -> None:
        """Keep it while it runs."""
        self.last = signed
