"""A snapshot with something in every family, and the expositions of it that are kept in `tests/golden`.

`python -m tests.exporter.golden_snapshot` writes them anew after a change that is meant.
"""

import shutil
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.activity.window import Activity
from exporter.audit.result import AuditResult
from exporter.budget import Bounds, BudgetStatus, Period
from exporter.core.metrics import Exposition, Representation
from exporter.core.units import (
    BytesPerSecond,
    Grams,
    GramsPerKwh,
    GramsPerSecond,
    Joules,
    Ratio,
    Seconds,
    UnixSeconds,
    Watts,
)
from exporter.core.web.refusal import Refusal
from exporter.core.web.validity import Validity
from exporter.eco_score import EcoScore, Grade, ScoreFactor, reference_of
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.exposition.rows import ROWS
from exporter.intensity.reading import IntensityReading, Method, Outlook, Point
from exporter.intensity.window import Tariff
from exporter.optimize.found import Estimate, Finding, Found, Optimizations, Standing
from exporter.optimize.setting import Change, Setting
from exporter.optimize.setting import Kind as SettingKind
from exporter.optimize.trial.result import Effect, Interval, Trial
from exporter.power.component import ByScope, Component, Coverage, Scope
from exporter.power.hardware import Hardware, Kind
from exporter.snapshot import Readings, Snapshot, Throughput
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.reading import Attestation, DiskBytes, Memory, Outcome, SourceState, Traffic
from exporter.totals import ActivityTotal, Exported, GroupTotal, Totals
from exporter.usage.events import Event, EventKind
from tests.exporter import hosts
from tests.exporter.fakes import Machine, initial_snapshot, rig
from tests.fake_clock import NOON, FakeClock

FOLDER = Path(__file__).parents[1] / "golden"

FILES = {"exporter.prom": False, "exporter.openmetrics": True}
"""Name of the file, and whether it is OpenMetrics."""

LAPTOP = Path(__file__).parent / "sources/fixtures/laptop"

MOVED = {
    "proc/stat": ("cpu  10000 200 3000 80000", "cpu  10400 200 3100 81500"),
    "proc/1/net/dev": ("wlp2s0: 5000000000 4000000", "wlp2s0: 5007500000 4005000"),
    "proc/diskstats": ("sda 5000 100 200000 1500 3000 50 80000", "sda 5010 100 200800 1500 3000 50 80000"),
}
"""Changes of the laptop's files within 10 s: file, text before and after. A quarter busy, 6 Mbit/s, 400 KiB."""

EMBODIED = EmbodiedCarbon(
    grams=Grams(213_000.0),
    low=Grams(175_000.0),
    high=Grams(285_000.0),
    start=UnixSeconds(NOON - 1e7),
    end=UnixSeconds(NOON + 1e8),
    source="a table",
)

HOSTILE = 'us"b\\0 \u00e9\n'

TRIAL = Trial(
    strategy="reduce_cpu",
    began=UnixSeconds(NOON - 28_800.0),
    ended=NOON,
    source="rapl",
    covers=Coverage.PACKAGE,
    lost_pairs=1,
    effect=Effect(
        pairs=43,
        off_watts=Watts(20.0),
        on_watts=Watts(19.0),
        off_utilization=Ratio(0.125),
        on_utilization=Ratio(0.125),
        reduction=Interval(low=0.025, estimate=0.05, high=0.075),
        change_watts=Interval(low=-1.5, estimate=-1.0, high=-0.5),
        change_utilization=Interval(low=-0.01, estimate=0.0, high=0.01),
    ),
)
"""A trial that has shown an effect."""


def golden_snapshot() -> Snapshot:
    """Return a sample of a cloud machine at noon, with totals of a component to which no model gives power any more."""
    return replace(
        initial_snapshot(host=hosts.cloud_host("aws", 2), reference=reference_of(Hardware(kind=Kind.VM, vcpus=2))),
        sampled_at=NOON,
        sampled_elapsed=Seconds(1000.0),
        sample_duration=Seconds(0.0015),
        state_saved_at=NOON,
        certificate=Validity(start=UnixSeconds(NOON - 86_400.0), expiry=UnixSeconds(NOON + 31_449_600.0)),
        refused_logins={Refusal.MISSING: 1, Refusal.WRONG: 3, Refusal.UNCHECKED: 0, Refusal.CERTIFICATE: 2},
        embodied=EMBODIED,
        attributed=frozenset(Scope),
        share_limit=Ratio(0.6),
        discarded_answers={
            ("energy-charts", reason): count
            for reason, count in {"failed": 2, "malformed": 0, "late": 1, "out_of_range": 0}.items()
        },
        totals=_totals(),
        readings=_readings(),
        outcomes=tuple(
            Outcome(collector=name, state=state, duration=Seconds(0.00025))
            for name, state in (
                ("cpu", SourceState.WORKS),
                ("memory", SourceState.WORKS),
                ("disk", SourceState.FAILS),
                ("network", SourceState.WORKS),
                ("sockstat", SourceState.WORKS),
                ("connections", SourceState.WORKS),
            )
        ),
        audit=AuditResult(
            ended=NOON, holds=2, fails=1, not_checked=3, differences={"energy": 0.0, "power": 0.0002, "summary": 0.01}
        ),
        attestation=Attestation(
            instance=HOSTILE,
            start=UnixSeconds(NOON - 7200.0),
            end=UnixSeconds(NOON - 3600.0),
            energy=Joules(148_912.345),
            emissions=Grams(20.68227),
            proof=b"{}",
        ),
        optimizations=Optimizations(
            found=(
                Found(
                    strategy="power_management",
                    findings=(
                        Finding(text="A disk rotates.", estimate=Estimate(basis="-", low=Watts(0.0), high=Watts(6.5))),
                    ),
                ),
            ),
            looked_at=NOON,
            standing=Standing(
                strategy="reduce_cpu",
                changes=(
                    Change(setting=Setting(kind=SettingKind.LAPTOP_MODE, attribute="-"), old="0", new="5", inode=0),
                ),
                is_running=True,
            ),
            trials=(TRIAL,),
        ),
    )


def _totals() -> Totals:
    traffic = Traffic(received_bytes=5_000_000_000, sent_bytes=1_000_000, received_packets=4_000_000, sent_packets=9000)
    exported = Exported(
        energy={
            Component.BASELINE: Joules(5328.0),
            Component.CPU: Joules(4968.25),
            Component.MEMORY: Joules(5644.8),
            Component.NETWORK: Joules(1_006_029.5),
        },
        emissions={
            Component.BASELINE: Grams(0.74),
            Component.CPU: Grams(0.69),
            Component.MEMORY: Grams(0.784),
            Component.NETWORK: Grams(139.726),
        },
        activities={Activity.IDLE: ActivityTotal(duration=Seconds(20.0), transferred_bytes=1000, emitted=Grams(0.25))},
        devices={"eth0": traffic, HOSTILE: replace(traffic, received_bytes=7)},
        disk=DiskBytes(read=123_456, written=654_321),
        embodied=Grams(70.5),
        sensors={"rapl package-0": Joules(5301.25), "rapl package-0 core": Joules(4020.0)},
        gap_energy={Component.CPU: Joules(1250.5), Component.NETWORK: Joules(20.0)},
        gap_emissions={Component.CPU: Grams(0.165), Component.NETWORK: Grams(0.0028)},
        gap_devices={"eth0": replace(traffic, received_bytes=77_000)},
        grouping="name",
        groups={
            "idle": GroupTotal(energy={Scope.HOST: Joules(5328.0)}, emissions={Scope.HOST: Grams(0.74)}),
            HOSTILE: GroupTotal(
                energy={Scope.HOST: Joules(4000.0), Scope.NETWORK: Joules(1_000_000.0)},
                emissions={Scope.HOST: Grams(0.55), Scope.NETWORK: Grams(138.0)},
                cpu=Seconds(312.5),
                received_bytes=4_900_000_000,
                sent_bytes=900_000,
            ),
            "unattributed": GroupTotal(
                energy={Scope.HOST: Joules(5644.8), Scope.NETWORK: Joules(6029.5)},
                emissions={Scope.HOST: Grams(0.784), Scope.NETWORK: Grams(1.726)},
                received_bytes=100_000_007,
                sent_bytes=1_100_000,
            ),
        },
        waiting=GroupTotal(
            energy={Scope.HOST: Joules(68.25)}, emissions={Scope.HOST: Grams(0.01)}, received_bytes=1500, sent_bytes=66
        ),
        retired=GroupTotal(energy={Scope.HOST: Joules(900.0)}, emissions={Scope.HOST: Grams(0.13)}),
        lost_bytes=4096,
        samples=720,
        events={
            Event(kind=EventKind.GAP, reason="suspend"): 2,
            Event(kind=EventKind.RESET, source="network"): 1,
            Event(kind=EventKind.DISCARD, source="disk", reason="error"): 3,
        },
    )
    return Totals(
        since=NOON, exported=exported, lifetime_energy=Joules(2e6), lifetime_emissions=Grams(277.5), booked={}
    )


def _readings() -> Readings:
    day = Bounds(start=UnixSeconds(NOON - 46_800.0), end=UnixSeconds(NOON + 39_600.0))
    return Readings(
        powers={
            Component.BASELINE: Watts(1.48),
            Component.CPU: Watts(1.38),
            Component.NETWORK: Watts(0.0),
        },
        emission_rates=ByScope(host=GramsPerSecond(0.0000445), network=GramsPerSecond(0.0)),
        cpu_utilization=Ratio(0.25),
        memory=Memory(used=1_500_000_000, total=4_000_000_000),
        throughput=Throughput(received=BytesPerSecond(1250.5), sent=BytesPerSecond(0.0)),
        sockets={("tcp", "inuse"): 9, ("tcp", "tw"): 2, ("udp6", "inuse"): 1},
        connections={"established": 3, "listen": 7},
        intensity=IntensityReading(
            value=GramsPerKwh(56.0),
            zone="FR",
            provider="energy-charts",
            described_at=NOON,
            description="estimated by the provider",
            method=Method.ESTIMATED,
            basis="average production life-cycle",
            outlook=Outlook(
                provider="energy-charts",
                points=(Point(NOON, NOON + 7200, 61.5, Method.FORECAST),),
                errors={1: (4.5, 12.25)},
                judged={1: {Method.ESTIMATED: 30, Method.MEASURED: 0}},
            ),
        ),
        tariff=Tariff(prices=(0.31,) * 24, zone=UTC, currency="EUR"),
        activity=Activity.IDLE,
        process_interval=Seconds(15.0),
        bytes_means="tracepoint",
        embodied_rate=GramsPerSecond(0.0019375),
        budgets=(
            BudgetStatus(
                period=Period.DAY,
                bounds=day,
                limit=Grams(500.0),
                used=Grams(141.94),
                projected=Grams(166.294),
                learned=Ratio(0.5),
                embodied=Grams(146.0),
            ),
            BudgetStatus(
                period=Period.WEEK,
                bounds=day,
                limit=Grams(3000.0),
                used=Grams(141.94),
                projected=None,
                learned=Ratio(0.5),
            ),
        ),
        score=EcoScore(
            value=Ratio(0.875),
            grade=Grade.A,
            factors={
                ScoreFactor.GRID: Ratio(0.125),
                ScoreFactor.NETWORK: Ratio(1.0),
                ScoreFactor.POWER: Ratio(2.0),
                ScoreFactor.IDLE: Ratio(0.5714285714285714),
            },
            rate=GramsPerSecond(0.0000863),
            counted=Seconds(3540.0),
        ),
    )


def laptop_snapshot(folder: Path) -> Snapshot:
    """Read the laptop's files twice, 10 s apart, and take them through the sampler; `folder` is for the copy."""
    laptop = Path(shutil.copytree(LAPTOP, folder / "laptop"))
    clock = FakeClock()
    source = HostSource(clock, NicRule(), procfs=laptop / "proc", sysfs=laptop / "sys")
    limits = {Period.DAY: Grams(150.0)}
    sampling = rig(Machine(clock), source=source, limits=limits)
    for name, (before, after) in MOVED.items():
        text = (laptop / name).read_text(encoding="ascii")
        assert before in text
        (laptop / name).write_text(text.replace(before, after), encoding="ascii")
    clock.advance(10.0)
    sampling.sampler.sample()
    return sampling.now


def rendered(snapshot: Snapshot, *, openmetrics: bool) -> bytes:
    """Return an exposition without the cost of the process, which no two runs share."""
    return Exposition(ROWS, snapshot).body(Representation(openmetrics=openmetrics, gzipped=False))


if __name__ == "__main__":
    for file_name, is_openmetrics in FILES.items():
        (FOLDER / file_name).write_bytes(rendered(golden_snapshot(), openmetrics=is_openmetrics))
    with TemporaryDirectory() as scratch:
        (FOLDER / "laptop.prom").write_bytes(rendered(laptop_snapshot(Path(scratch)), openmetrics=False))
