"""A collector that is off has no series of what rests on it, and no zeros: as seen from the application's own parts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.build import Paths, build_sampler
from exporter.build_sharing import TELLING, sharing_of
from exporter.config import Attestation, Attribution, Budget, Config, Power
from exporter.snapshot import Snapshot
from exporter.sources.collector import SOURCES, OnFailure
from exporter.views.summary import summarize
from exporter.views.table import render_table
from tests.exporter.fakes import series
from tests.exporter.golden_snapshot import MOVED
from tests.fake_clock import NOON, FakeClock
from tests.kept_proof import keep_proof

LAPTOP = Path(__file__).parent / "sources/fixtures/laptop"

RESTS_ON: dict[str, set[str]] = {
    "cpu": {
        "ecotrack_power_watts{host}",
        "ecotrack_energy_joules_total{host}",
        "ecotrack_emissions_grams_total{host}",
        "ecotrack_cpu_utilization_ratio",
        "ecotrack_emissions_grams_per_second",
        "ecotrack_eco_score_ratio",
        "ecotrack_eco_score_factor_ratio",
        "ecotrack_eco_score_grade",
        "ecotrack_eco_score_counted_seconds",
    },
    "memory": {"ecotrack_memory_used_bytes", "ecotrack_memory_total_bytes"},
    "disk": {"ecotrack_disk_bytes_total"},
    "network": {
        "ecotrack_power_watts{network}",
        "ecotrack_energy_joules_total{network}",
        "ecotrack_emissions_grams_total{network}",
        "ecotrack_emissions_grams_per_second",
        "ecotrack_network_bytes_total",
        "ecotrack_network_packets_total",
        "ecotrack_network_throughput_bytes_per_second",
        "ecotrack_activity_state",
        "ecotrack_activity_seconds_total",
        "ecotrack_activity_bytes_total",
        "ecotrack_activity_emissions_grams_total",
        "ecotrack_eco_score_ratio",
        "ecotrack_eco_score_factor_ratio",
        "ecotrack_eco_score_grade",
        "ecotrack_eco_score_counted_seconds",
    },
    "sockstat": {"ecotrack_sockets"},
    "processes": {
        "ecotrack_process_group_energy_joules_total{host}",
        "ecotrack_process_group_emissions_grams_total{host}",
        "ecotrack_process_group_cpu_seconds_total",
        "ecotrack_process_group_waiting_joules{host}",
        "ecotrack_process_group_waiting_grams{host}",
        "ecotrack_process_group_retired_joules{host}",
        "ecotrack_process_group_retired_grams{host}",
        "ecotrack_process_reading_interval_seconds",
    },
    "process_bytes": {
        "ecotrack_process_group_energy_joules_total{network}",
        "ecotrack_process_group_emissions_grams_total{network}",
        "ecotrack_process_group_network_bytes_total",
        "ecotrack_process_group_waiting_joules{network}",
        "ecotrack_process_group_waiting_grams{network}",
        "ecotrack_process_group_retired_joules{network}",
        "ecotrack_process_group_retired_grams{network}",
        "ecotrack_process_bytes_lost_total",
    },
    "connections": {"ecotrack_network_connections"},
    "attestation": {"ecotrack_attestation_timestamp_seconds", "ecotrack_attestation_energy_joules"},
    # The laptop has no sensors.
    **{source.name: set() for source in SOURCES if source.on_failure is OnFailure.REPLACED},
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return sampled(tmp_path_factory.mktemp("whole"))


def sampled(folder: Path, *off: str) -> Snapshot:
    """Sample the laptop, read twice while it works; `folder` is for the copy."""
    laptop = Path(shutil.copytree(LAPTOP, folder / "laptop"))
    clock = FakeClock()
    sources = [source for source in SOURCES if source.name not in off]
    paths = Paths(procfs=laptop / "proc", sysfs=laptop / "sys")
    config = Config(
        budget=Budget(day_grams=100.0),
        power=Power(machine="laptop"),
        attestation=Attestation(proof=str(keep_proof(folder / "proof.json", NOON - 60.0))),
    )
    sampler, publication = build_sampler(config, clock, paths, sources, None)
    sampler.sample_once()
    for name, (before, after) in MOVED.items():
        file = laptop / name
        file.write_text(file.read_text(encoding="ascii").replace(before, after), encoding="ascii")
    clock.advance(60.0)
    sampler.sample_once()
    return publication.latest()[0]


def families(snapshot: Snapshot) -> set[str]:
    """Return the families with a series; families with the label scope once for each scope."""
    scopes = {"host", "network"}
    return {
        name[0] + next((f"{{{label}}}" for label in name[1:] if label in scopes and "source" not in name[0]), "")
        for name in series(snapshot, "gauge", "counter", "info")
    }


def test_every_source_of_the_table_says_what_rests_on_it() -> None:
    assert RESTS_ON.keys() == {source.name for source in SOURCES}


@pytest.mark.parametrize("off", [name for name, resting in RESTS_ON.items() if resting])
def test_what_rests_on_a_collector_that_is_off_has_no_series(off: str, whole: Snapshot, tmp_path: Path) -> None:
    assert families(whole) >= RESTS_ON[off]
    assert not families(sampled(tmp_path, off)) & RESTS_ON[off]


@pytest.mark.parametrize("off", RESTS_ON)
def test_no_series_names_a_collector_that_is_off(off: str, whole: Snapshot, tmp_path: Path) -> None:
    about = {"ecotrack_collector_success", "ecotrack_collector_duration_seconds", "ecotrack_source_state"}
    about |= {"ecotrack_resets_total", "ecotrack_discarded_readings_total"}
    for snapshot, is_named in ((whole, True), (sampled(tmp_path, off), False)):
        names = series(snapshot, "gauge", "counter")
        assert any(name[0] in about and off in name[1:] for name in names) is is_named


def test_only_what_is_on_by_default_is_missed_on_the_page(tmp_path: Path) -> None:
    def missed(folder: Path, *off: str) -> list[str]:
        flags = summarize(sampled(folder, *off), NOON, fresh=True).flags
        return [flag.text for flag in flags if "collector is off" in flag.text]

    opt_in = [source.name for source in SOURCES if not source.default]
    assert "connections" in opt_in
    assert missed(tmp_path / "1", *opt_in) == []
    assert missed(tmp_path / "2", "disk", *opt_in) == ["The disk collector is off: what rests on it is unknown."]


def test_what_is_counted_is_named_and_nothing_counted_is_no_zero(whole: Snapshot, tmp_path: Path) -> None:
    def shown(snapshot: Snapshot) -> tuple[list[str], int]:
        summary = summarize(snapshot, NOON, fresh=True)
        return summary.counted_scopes, len(summary.budgets)

    assert shown(whole) == (["host", "network"], 1)
    network_only = sampled(tmp_path / "1", "cpu")
    assert shown(network_only) == (["network"], 1)
    assert "network only" in render_table(summarize(network_only, NOON, fresh=True), "", no_today="none")
    neither = sampled(tmp_path / "2", "cpu", "network")
    assert shown(neither) == ([], 0)
    counted = {name for name in families(neither) if "budget" in name or "lifetime" in name}
    assert counted == {"ecotrack_lifetime_start_timestamp_seconds"}


def test_totals_of_before_stay_when_a_collector_is_switched_off(whole: Snapshot) -> None:
    """A counter that vanished and came back would read as a reset."""
    left = series(replace(whole, off=frozenset(RESTS_ON), outcomes=()), "counter")
    for family in ("ecotrack_energy_joules_total", "ecotrack_network_bytes_total", "ecotrack_disk_bytes_total"):
        assert any(name[0] == family for name in left), family


def test_a_section_attribution_that_no_collector_needs_is_told_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    limited = Attribution(share_limit=0.5)
    telling = [source for source in SOURCES if source.name in TELLING]
    others = [source for source in SOURCES if source.name not in TELLING]
    assert all(sharing_of(limited, [source, *others]) is not None for source in telling)
    assert sharing_of(Attribution(), others) is None
    assert caplog.messages == []
    assert sharing_of(limited, others) is None
    assert caplog.messages == [
        "attribution is configured and has no effect without --collector.processes or --collector.process_bytes"
    ]
