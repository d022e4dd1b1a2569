"""The exposition as scrapers see it: against kept files, promtool, and prometheus_client's own parsers."""

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.core.metrics import Representation
from exporter.exposition.health import KNOWN_EVENTS
from exporter.exposition.rows import ROWS, exposition
from exporter.intensity.reading import IntensityUnavailableError
from exporter.snapshot import Snapshot
from exporter.usage.events import EventKind
from tests.exporter.fakes import FakeProvider, Machine, initial_snapshot, rig, series
from tests.exporter.golden_snapshot import FILES, FOLDER, HOSTILE, golden_snapshot, laptop_snapshot, rendered
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def values(families: Iterable[Metric]) -> Values:
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def names(snapshot: Snapshot) -> set[str]:
    text = rendered(snapshot, openmetrics=False).decode()
    return {sample.name for family in parse_text(text) for sample in family.samples}


@pytest.mark.parametrize("file", FILES)
def test_the_exposition_is_the_kept_one(file: str) -> None:
    """After a change that is meant, `python -m tests.exporter.golden_snapshot` writes the files anew."""
    assert rendered(golden_snapshot(), openmetrics=FILES[file]).decode() == (FOLDER / file).read_text(encoding="utf-8")


def test_a_fixture_machine_reads_as_the_kept_exposition(tmp_path: Path) -> None:
    """From procfs and sysfs to the text, with nothing made up between."""
    assert rendered(laptop_snapshot(tmp_path), openmetrics=False).decode() == (FOLDER / "laptop.prom").read_text()


def test_the_kept_exposition_has_every_family() -> None:
    assert names(golden_snapshot()) == {row.name for row in ROWS}


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("snapshot", [golden_snapshot(), initial_snapshot()], ids=["full", "before the first sample"])
def test_promtool_has_nothing_to_say(snapshot: Snapshot) -> None:
    body = exposition(snapshot).body(Representation(openmetrics=False, gzipped=False))
    argv = [program("promtool"), "check", "metrics"]
    checked = subprocess.run(argv, input=body, capture_output=True, timeout=TOOL_SECONDS, check=False)
    assert (checked.stdout + checked.stderr).decode() == ""
    assert checked.returncode == 0


def test_both_formats_parse_and_say_the_same() -> None:
    text, openmetrics = (rendered(golden_snapshot(), openmetrics=kind).decode() for kind in (False, True))
    read = values(parse_openmetrics(openmetrics))  # type: ignore[no-untyped-call] # the library has no types here
    assert read == values(parse_text(text))
    assert read[("ecotrack_lifetime_emissions_grams", frozenset())] == 277.5
    assert read[("ecotrack_energy_joules_total", frozenset({("component", "cpu"), ("scope", "host")}))] == 4968.25


def test_a_parsed_exposition_is_what_the_rows_read() -> None:
    sampling = rig(Machine(FakeClock()))
    for _ in range(5):
        sampling.sample_after(5.0, utilization=1 / 3, bytes_per_second=12_345.0)
    labels = {row.name: row.labels for row in ROWS}
    read = values(parse_text(rendered(sampling.now, openmetrics=False).decode()))
    expected = {
        (name, frozenset(zip(labels[name], given_labels, strict=True))): value
        for (name, *given_labels), value in series(sampling.now, "gauge", "counter", "info").items()
    }
    assert read == expected


def test_this_process_tells_its_own_cost() -> None:
    body = exposition(golden_snapshot()).body(Representation(openmetrics=False, gzipped=False)).decode()
    read = values(parse_text(body))
    assert read[("process_resident_memory_bytes", frozenset())] > 1e6
    assert not any("created" in line for line in body.splitlines())


labels = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@pytest.mark.slow
@given(device=labels)
def test_a_device_may_have_any_name(device: str) -> None:
    snapshot = golden_snapshot()
    devices = {device: snapshot.totals.exported.devices["eth0"]}
    exported = replace(snapshot.totals.exported, devices=devices)
    snapshot = replace(snapshot, totals=replace(snapshot.totals, exported=exported))
    key = ("ecotrack_network_bytes_total", frozenset({("device", device), ("direction", "receive")}))
    for parse, kind in ((parse_text, False), (parse_openmetrics, True)):
        assert values(parse(rendered(snapshot, openmetrics=kind).decode()))[key] == 5e9


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    text = rendered(golden_snapshot(), openmetrics=False).decode()
    escaped = HOSTILE.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    assert f'ecotrack_network_bytes_total{{device="{escaped}",direction="receive"}} 7.0' in text.split("\n")


def test_a_stale_snapshot_keeps_totals_age_and_health_and_drops_the_rest() -> None:
    fresh, stale = names(golden_snapshot()), names(golden_snapshot().without_readings())
    assert fresh - stale == {
        "ecotrack_power_high_watts",
        "ecotrack_power_low_watts",
        "ecotrack_power_watts",
        "ecotrack_emissions_grams_per_second",
        "ecotrack_cpu_utilization_ratio",
        "ecotrack_memory_used_bytes",
        "ecotrack_memory_total_bytes",
        "ecotrack_network_throughput_bytes_per_second",
        "ecotrack_sockets",
        "ecotrack_network_connections",
        "ecotrack_grid_carbon_intensity_grams_per_kwh",
        "ecotrack_grid_carbon_intensity_info",
        "ecotrack_grid_carbon_intensity_timestamp_seconds",
        "ecotrack_clean_window_start_timestamp_seconds",
        "ecotrack_clean_window_savings_ratio",
        "ecotrack_electricity_price_per_kwh",
        "ecotrack_grid_carbon_forecast_grams_per_kwh",
        "ecotrack_grid_carbon_forecast_error_grams_per_kwh",
        "ecotrack_grid_carbon_forecast_verified_seconds",
        "ecotrack_grid_provider_up",
        "ecotrack_activity_state",
        "ecotrack_budget_limit_grams",
        "ecotrack_budget_used_grams",
        "ecotrack_budget_projected_grams",
        "ecotrack_budget_embodied_grams",
        "ecotrack_embodied_emissions_grams_per_second",
        "ecotrack_budget_projection_learned_ratio",
        "ecotrack_budget_period_start_timestamp_seconds",
        "ecotrack_budget_period_end_timestamp_seconds",
        "ecotrack_eco_score_ratio",
        "ecotrack_eco_score_factor_ratio",
        "ecotrack_optimization_savings_grams_per_day",
        "ecotrack_eco_score_grade",
        "ecotrack_eco_score_counted_seconds",
        "ecotrack_process_reading_interval_seconds",
        "ecotrack_process_bytes_means_info",
    }


def test_no_counter_is_gone_while_a_sample_is_stale() -> None:
    fresh = golden_snapshot()
    counters = {name for name in names(fresh) if name.endswith("_total")}
    assert "ecotrack_grid_discarded_answers_total" in counters
    assert counters <= names(fresh.without_readings())


def test_counters_exist_from_the_first_scrape_on() -> None:
    """`increase()` sees the first event only if its counter stood at zero before."""
    counters = series(initial_snapshot(), "counter")
    for event in KNOWN_EVENTS:
        family, labels_of = {
            EventKind.GAP: ("ecotrack_sample_gaps_total", (event.reason,)),
            EventKind.RESET: ("ecotrack_resets_total", (event.source,)),
            EventKind.DISCARD: ("ecotrack_discarded_readings_total", (event.source, event.reason)),
        }[event.kind]
        assert counters[(family, *labels_of)] == 0.0


def test_every_event_that_a_bad_day_brings_was_announced() -> None:
    machine, provider = Machine(FakeClock()), FakeProvider(trouble=IntensityUnavailableError("late"))
    sampling = rig(machine, intensity=provider)
    for part in ("cpu", "network", "disk"):
        machine.broken = {part}
        sampling.sample_after(5.0)
    machine.broken = set()
    machine.busy, machine.disk, machine.nics = 0.0, 0, {"eth0": 0}
    sampling.sample_after(5.0)
    sampling.sampler.sample()
    machine.nics["eth0"] = 2**62
    machine.clock.sleep(100.0)
    machine.clock.step(-100.0)
    sampling.sample_after(100.0)
    machine.busy += 1e6
    sampling.sample_after(5.0)
    seen = sampling.now.totals.exported.events.keys()
    assert seen <= set(KNOWN_EVENTS)
    assert {event.source for event in set(KNOWN_EVENTS) - seen} == {
        "memory",
        "sockstat",
        "connections",
        "optimize",
        "sampler",
        "journal",
        "process_bytes",
        "state",
    }
