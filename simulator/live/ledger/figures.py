"""Figures of the ledger on a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.ledger.booking.state import Totals
from simulator.ledger.record.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """The ledger after its last block.

    Slots count from the beginning of the run, up to `clock_slot`; `finalized_slot` is that of the last final block.
    `stakes` are by the names of validators. `records` are signed messages in blocks, `rejected` those that break a
    rule, by the rule. `certificates` count Wh, `credits` micrograms. `balance_micrograms` is what the benchmark has
    allowed for the tasks on time so far, less what was emitted. `cpu_seconds` is the time that the ledger has cost this
    process, `verify_seconds` the part of it in which the last block was made and checked. `size_bytes` is that of the
    file, and `write_failures` counts the times that it could not be written; None without one.
    """

    clock_slot: int
    head_slot: int
    finalized_slot: int
    stakes: Mapping[str, int]
    slashed: int
    blocks: int
    records: int
    rejected: Mapping[Rule, int]
    certificates: Totals
    credits: Totals
    balance_micrograms: int
    cpu_seconds: float
    verify_seconds: float
    size_bytes: int | None
    write_failures: int | None

    @property
    def validators(self) -> int:
        """The number of validators that have something at stake."""
        return sum(stake > 0 for stake in self.stakes.values())
