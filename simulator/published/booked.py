"""A published run on this project's ledger, beside the credits that the published rule pays for it."""

from statistics import fmean

from exporter.core.units import JOULES_PER_KWH
from simulator.ledger.booking.ownership import MAX_MILLIWATTS
from simulator.ledger.devices.recording import MILLIGRAMS_PER_GRAM
from simulator.ledger.devices.unsigned import Booked, UnsignedBooks
from simulator.ledger.record.types import Capacity, ChainConfig
from simulator.run.job import MICROGRAMS_PER_GRAM
from simulator.scenario.published import PublishedNode, PublishedScenario
from simulator.scheduling.kernels.published import Executions

ANYTHING = Capacity(generation=MAX_MILLIWATTS, load=MAX_MILLIWATTS, grid=MAX_MILLIWATTS)
"""Registration of a published node, which has no limits of its own."""


def benchmark_of(scenario: PublishedScenario, nodes: tuple[PublishedNode, ...]) -> int:
    """Return the micrograms that a task is allowed to emit: those of Standard without any renewable supply.

    They are those of the mean of all nodes and kinds, at full frequency, uncompressed, all from the grid. The published
    accounts have no idle energy.
    """
    accounting, workload = scenario.accounting, scenario.workload
    watts = fmean(one.base_watts + (one.max_watts - one.base_watts) * accounting.utilisation for one in nodes)
    base = {model.name: model.base_seconds for model in workload.models}
    shares = sum(kind.share for kind in workload.kinds)
    seconds = sum(kind.share / shares * fmean(base[name] for name in kind.models) for kind in workload.kinds)
    return round(watts * seconds / JOULES_PER_KWH * accounting.grams_per_kwh * MICROGRAMS_PER_GRAM)


def booked(scenario: PublishedScenario, nodes: tuple[PublishedNode, ...], ran: Executions) -> Booked:
    """Return certificates and credits of a run: each node claims what its tasks took, as nothing else draws power."""
    config = ChainConfig(name=scenario.name.encode(), benchmarks=(benchmark_of(scenario, nodes),))
    books = UnsignedBooks(config, [ANYTHING] * len(nodes))
    joules = ran.watts * ran.seconds
    own = joules * ran.renewable
    for node in range(len(nodes)):
        mine = ran.node == node
        renewable, bought = float(own[mine].sum()), float((joules - own)[mine].sum())
        intensity = round(scenario.accounting.grams_per_kwh * MILLIGRAMS_PER_GRAM)
        books.claim(node, (renewable, 0.0, 0.0, 0.0, 0.0, bought, 0.0), intensity)
    return books.settled([len(ran.node)])
