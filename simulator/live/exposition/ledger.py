"""The ledger of claims, certificates and credits: its chain, what it holds, and what it costs."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from exporter.core.units import Seconds
from simulator.ledger.booking.state import Totals
from simulator.ledger.record.rules import Rule
from simulator.live.exposition.families import counter, gauge, one
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.snapshot import Snapshot
from simulator.models.host import ACTIVE_WATTS_PER_CORE, ACTIVE_WATTS_SOURCE, core_energy
from simulator.run.job import MICROGRAMS_PER_GRAM


def _of(read: Callable[[LedgerFigures], float | None]) -> Callable[[Snapshot], Iterable[Sample]]:
    """Read a family without labels; a run without a ledger has none."""
    return one(lambda snapshot: None if snapshot.ledger is None else read(snapshot.ledger))


def _stake(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.ledger is not None:
        for name, stake in snapshot.ledger.stakes.items():
            yield (name,), float(stake)


def _rejected(snapshot: Snapshot) -> Iterator[Sample]:
    """Yield every rule, so that the first breach of one is an increase."""
    if snapshot.ledger is not None:
        for rule in Rule:
            yield (rule.value,), float(snapshot.ledger.rejected.get(rule, 0))


def _units(snapshot: Snapshot, read: Callable[[LedgerFigures], Totals], per_unit: float) -> Iterator[Sample]:
    if snapshot.ledger is not None:
        totals = read(snapshot.ledger)
        for state in ("held", "retired", "cancelled"):
            yield (state,), getattr(totals, state) / per_unit


LEDGER: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecochain_ledger_clock_slot",
        help="Slot of the run's clock: that of the last block unless none could be made; after a restart with "
        "--ledger, below that of the last block until the run is where the file ends.",
        read=_of(lambda ledger: ledger.clock_slot),
    ),
    gauge(
        name="ecochain_ledger_head_slot",
        help="Slot of the last block. A slot is a supply step of 300 simulated seconds, counted from the beginning.",
        read=_of(lambda ledger: ledger.head_slot),
    ),
    gauge(
        name="ecochain_ledger_finalized_slot",
        help="Slot of the last final block, which no other can replace any more.",
        read=_of(lambda ledger: ledger.finalized_slot),
    ),
    gauge(
        name="ecochain_ledger_validators",
        help="Validators that have something at stake.",
        read=_of(lambda ledger: ledger.validators),
    ),
    gauge(
        name="ecochain_ledger_stake",
        labels=("validator",),
        help="Stake of the validator, 0 after a slashing.",
        read=_stake,
    ),
    counter(
        name="ecochain_ledger_blocks_total",
        help="Blocks of the chain, with --ledger also of earlier starts of the same run.",
        read=_of(lambda ledger: ledger.blocks),
    ),
    counter(
        name="ecochain_ledger_records_total",
        help="Signed messages in the blocks: registrations, claims, and openings of a device's drawn task records.",
        read=_of(lambda ledger: ledger.records),
    ),
    counter(
        name="ecochain_ledger_rejected_total",
        labels=("reason",),
        help="Messages that break a rule and are therefore in no block, by the rule; as false_output, claims of "
        "earlier blocks that earn nothing; as unbalanced, blocks that were not made.",
        read=_rejected,
    ),
    counter(
        name="ecochain_ledger_slashings_total",
        help="Validators that lost their stake: for two votes or two blocks, or for false outputs of a device.",
        read=_of(lambda ledger: ledger.slashed),
    ),
    gauge(
        name="ecochain_ledger_credits_grams",
        unit="grams",
        labels=("state",),
        help="Credits by state: emissions below the benchmark for the tasks on time, settled once in a simulated day. "
        "No credit is ever subtracted from emissions.",
        read=partial(_units, read=lambda ledger: ledger.credits, per_unit=MICROGRAMS_PER_GRAM),
    ),
    gauge(
        name="ecochain_ledger_certificates_watthours",
        unit="watthours",
        labels=("state",),
        help="Certificates of generation by state, in whole Wh.",
        read=partial(_units, read=lambda ledger: ledger.certificates, per_unit=1.0),
    ),
    gauge(
        name="ecochain_ledger_balance_grams",
        unit="grams",
        help="Emissions that the benchmark allows for the tasks on time so far, less the emissions of the cluster's "
        "electricity; a deficit is below 0. Credits follow once in a simulated day.",
        read=_of(lambda ledger: ledger.balance_micrograms / MICROGRAMS_PER_GRAM),
    ),
    counter(
        name="ecochain_credit_revenue_dollars_total",
        help="Worth of the credits that the ledger issued, each credit at the price of the simulated day of its issue. "
        "A deficit that cancels credits later changes nothing here. Missing without prices, which no ledger knows.",
        read=one(lambda snapshot: snapshot.revenue_dollars),
    ),
    counter(
        name="ecochain_ledger_energy_joules_total",
        unit="joules",
        help="Energy that the cluster spent on the ledger of carbon credits; part of the consumption of the nodes. "
        "Computed from the cost profile.",
        read=one(lambda snapshot: float(snapshot.totals.ledger.sum())),
    ),
    counter(
        name="ecochain_ledger_cpu_seconds_total",
        unit="seconds",
        help="CPU time of this process for the ledger: claims, blocks, votes, execution of models, and the file.",
        read=_of(lambda ledger: ledger.cpu_seconds),
    ),
    counter(
        name="ecochain_ledger_cpu_joules_total",
        unit="joules",
        help=f"Energy of that CPU time at {ACTIVE_WATTS_PER_CORE:g} W for a busy core ({ACTIVE_WATTS_SOURCE}). Spent "
        "on this machine, and no part of the simulated cluster's consumption.",
        read=_of(lambda ledger: core_energy(Seconds(ledger.cpu_seconds))),
    ),
    gauge(
        name="ecochain_ledger_verify_duration_seconds",
        unit="seconds",
        help="CPU time in which the last block was made and checked.",
        read=_of(lambda ledger: ledger.verify_seconds),
    ),
    gauge(
        name="ecochain_ledger_size_bytes",
        unit="bytes",
        help="Size of the ledger's file and its log; missing without --ledger.",
        read=_of(lambda ledger: ledger.size_bytes),
    ),
    counter(
        name="ecochain_ledger_write_failures_total",
        help="Failed writes of blocks to the ledger's file, as on a full disk. Blocks wait in memory until the file "
        "can be written. Missing without --ledger.",
        read=_of(lambda ledger: ledger.write_failures),
    ),
)
