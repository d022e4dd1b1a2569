"""One immutable picture of everything the exporter knows, published after each sample.

The exposition, the page and the JSON are views of it and compute nothing that is not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from exporter.activity.window import Activity
from exporter.audit.result import AuditResult
from exporter.budget import BudgetStatus
from exporter.core.config_load import ConfigLoad
from exporter.core.units import (
    BytesPerSecond,
    Grams,
    GramsPerSecond,
    Ratio,
    Seconds,
    UnixSeconds,
    Watts,
)
from exporter.core.web.refusal import Refusal
from exporter.core.web.validity import Validity
from exporter.eco_score import EcoScore, Reference
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.intensity.reading import IntensityReading
from exporter.intensity.window import Tariff
from exporter.past_weeks import Week
from exporter.power.component import ByScope, Component, Provenance, Scope, power_by_scope
from exporter.sources.reading import Attestation, Memory, Outcome, ProcessUse, SourceState
from exporter.totals import Totals

if TYPE_CHECKING:
    from exporter.optimize.found import Optimizations

STALE_AFTER_INTERVALS = 3.0
"""A sample older than this many intervals no longer describes the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Bytes per second by direction."""

    received: BytesPerSecond
    sent: BytesPerSecond

    @property
    def total(self) -> BytesPerSecond:
        """Bytes per second in both directions."""
        return BytesPerSecond(self.received + self.sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUse:
    """Use of a group of processes over the last time that was shared out: power and emission rate by scope.

    Emission rates are missing where a carbon intensity was unknown, CPUs and throughput where they are not told by
    process. Where throughput is missing, so is the scope network.
    """

    powers: Mapping[Scope, Watts] = field(default_factory=dict)
    emission_rates: Mapping[Scope, GramsPerSecond] = field(default_factory=dict)
    cpus: float | None = None
    throughput: Throughput | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """Point of the last hour's history; `elapsed` is the time by which points are spaced and forgotten."""

    at: UnixSeconds
    elapsed: Seconds
    cpu_utilization: Ratio | None
    throughput: Throughput | None
    powers: ByScope[Watts]
    emission_rates: ByScope[GramsPerSecond]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Figures of the last sample alone, unknown once that is stale. A missing part is None."""

    powers: Mapping[Component, Watts] = field(default_factory=dict)
    emission_rates: ByScope[GramsPerSecond] = field(default_factory=ByScope)
    cpu_utilization: Ratio | None = None
    memory: Memory | None = None
    throughput: Throughput | None = None
    sockets: Mapping[tuple[str, str], int] | None = None  # by protocol and kind
    connections: Mapping[str, int] | None = None  # by state
    intensity: IntensityReading | None = None
    intensity_troubles: Mapping[str, str] = field(default_factory=dict)  # why, by provider that has no value
    tariff: Tariff | None = None  # price of electricity
    activity: Activity | None = None
    today: Grams | None = None  # since midnight of the budgets' time zone, without the embodied share
    budgets: tuple[BudgetStatus, ...] = ()
    score: EcoScore | None = None
    no_score: str = ""  # why there is none
    embodied_rate: GramsPerSecond | None = None
    groups: Mapping[str, GroupUse] = field(default_factory=dict)  # of processes, as far as they are told
    processes: tuple[ProcessUse, ...] = ()  # the busiest
    process_interval: Seconds | None = None  # between readings of processes
    bytes_means: str = ""  # by which bytes are counted by process
    bytes_why: str = ""  # why by no better means

    def power_by_scope(self) -> ByScope[Watts]:
        """Return the power of the machine and of the network; None where no component of it is known."""
        return power_by_scope(self.powers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """State of the exporter after a sample; before the first one `sampled_at` is None and `readings` are empty."""

    version: str
    python_version: str
    interval: Seconds
    provenance: tuple[Provenance, ...]
    emission_limit: GramsPerSecond
    totals: Totals
    config: ConfigLoad
    sampled_at: UnixSeconds | None = None
    sampled_elapsed: Seconds | None = None  # on the clock that goes on while the machine is suspended
    sample_duration: Seconds | None = None
    state_saved_at: UnixSeconds | None = None
    readings: Readings = field(default_factory=Readings)
    outcomes: tuple[Outcome, ...] = ()
    discarded_answers: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by live provider and reason
    off: frozenset[str] = frozenset()  # collectors that are off
    switched_off: frozenset[str] = frozenset()  # of those, the ones that leave something unknown
    attributed: frozenset[Scope] = frozenset()  # scopes whose energy is told by groups of processes
    share_limit: Ratio | None = None  # of the energy above idle, for any one group
    pue: float = 1.0  # power usage effectiveness that the host's power is multiplied by
    embodied: EmbodiedCarbon | None = None  # embodied carbon of the machine, where it is configured
    equivalents: bool = True  # whether everyday equivalents are shown
    history: tuple[HistoryPoint, ...] = ()
    optimizations: "Optimizations | None" = None  # None where no strategy is chosen, tried or in force
    audit: AuditResult | None = None  # the last that was kept
    attestation: Attestation | None = None  # the last hour whose consumption was signed
    reference: Reference | None = None  # that the eco score compares with
    weeks: tuple[Week, ...] = ()  # the last ones, oldest first
    certificate: Validity | None = None  # by which the server is known, where it has TLS
    refused_logins: Mapping[Refusal, int] = field(default_factory=dict)  # by the server since its start

    def counted_scopes(self) -> tuple[Scope, ...]:
        """Return the scopes whose energy is counted: not those whose collector is off."""
        by_collector = {"cpu": Scope.HOST, "network": Scope.NETWORK}
        return tuple(scope for collector, scope in by_collector.items() if collector not in self.off)

    def attempts(self) -> tuple[Outcome, ...]:
        """Return the outcomes of sources that can succeed: what is denied or absent neither succeeds nor fails."""
        return tuple(one for one in self.outcomes if one.state in {SourceState.WORKS, SourceState.FAILS})

    def without_readings(self) -> "Snapshot":
        """Return the snapshot as it is shown once the sample is stale: totals, age and health only."""
        return replace(self, readings=Readings())

    def is_fresh(self, now: Seconds) -> bool:
        """Tell whether there is a sample no older than three intervals."""
        return self.sampled_elapsed is not None and now - self.sampled_elapsed <= STALE_AFTER_INTERVALS * self.interval
