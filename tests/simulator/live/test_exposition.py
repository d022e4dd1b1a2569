"""The exposition as scrapers see it: against kept files, promtool, and prometheus_client's own parsers."""

import math
import subprocess
from collections.abc import Iterable
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.core.metrics import Kind, Representation
from simulator.app import Plan, build_run
from simulator.live.exposition.rows import ROWS, exposition
from simulator.live.snapshot import Snapshot
from tests.fake_clock import FakeClock
from tests.processes import TOOL_SECONDS, program
from tests.simulator.live.golden_snapshot import FILES, FOLDER, HOSTILE, golden_snapshot, rendered
from tests.simulator.scenario.scenarios import edge

ENERGY = "ecochain_node_energy_joules_total"

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def values(families: Iterable[Metric]) -> Values:
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def exposed(snapshot: Snapshot) -> Values:
    return values(parse_text(rendered(snapshot, openmetrics=False).decode()))


def families(snapshot: Snapshot) -> set[str]:
    """Return the names of rows with samples."""
    text = rendered(snapshot, openmetrics=False).decode()
    found = {family.name for family in parse_text(text)}
    return {row.name for row in ROWS if row.family_name in found or row.name in found}


def at(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.mark.parametrize("file", FILES)
def test_the_exposition_is_the_kept_one(file: str) -> None:
    """After a change that is meant, `python -m tests.simulator.live.golden_snapshot` writes the files anew."""
    assert rendered(golden_snapshot(), openmetrics=FILES[file]).decode() == (FOLDER / file).read_text(encoding="utf-8")


def test_the_kept_exposition_has_every_family() -> None:
    # Between sites: the kept cluster has one.
    between = {"ecochain_transfer_bytes_total", "ecochain_transfer_joules_total"}
    assert families(golden_snapshot()) == {row.name for row in ROWS} - between


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("stale", [False, True])
def test_promtool_has_nothing_to_say(stale: bool) -> None:
    snapshot = golden_snapshot().without_readings() if stale else golden_snapshot()
    body = exposition(snapshot).body(Representation(openmetrics=False, gzipped=False))
    argv = [program("promtool"), "check", "metrics"]
    checked = subprocess.run(argv, input=body, capture_output=True, timeout=TOOL_SECONDS, check=False)
    assert (checked.stdout + checked.stderr).decode() == ""
    assert checked.returncode == 0


def test_both_formats_parse_and_say_the_same() -> None:
    text, openmetrics = (rendered(golden_snapshot(), openmetrics=kind).decode() for kind in (False, True))
    assert values(parse_openmetrics(openmetrics)) == values(parse_text(text))  # type: ignore[no-untyped-call] # the library has no types here


def test_the_sources_of_a_node_sum_to_its_consumption() -> None:
    found, totals = exposed(golden_snapshot()), golden_snapshot().totals
    for node, consumed in zip(("roof", "rack"), totals.consumed, strict=True):
        sources = [value for (name, labels), value in found.items() if name == ENERGY and ("node", node) in labels]
        assert len(sources) == 3
        assert sum(sources) == consumed


def test_outcomes_are_disjoint_and_misses_are_late_or_dropped() -> None:
    found = exposed(golden_snapshot())
    by_outcome = {
        outcome: found[at("ecochain_scheduler_tasks_total", task_class="vision", outcome=outcome)]
        for outcome in ("on_time", "late", "dropped")
    }
    assert by_outcome == {"on_time": 870.0, "late": 30.0, "dropped": 4.0}
    assert found[at("ecochain_scheduler_deadline_misses_total", task_class="vision")] == 34.0
    assert found[at("ecochain_scheduler_task_latency_seconds_count", task_class="vision")] == 900.0


def test_what_does_not_exist_has_no_series() -> None:
    """No battery, no own supply, no task yet, not published."""
    found = exposed(golden_snapshot())
    absent = [
        at("ecochain_node_battery_charge_ratio", node="rack"),
        at("ecochain_node_frequency_hertz", node="rack"),
        at("ecochain_node_generation_joules_total", node="rack", supply="grid"),
        at("ecochain_forecast_observed_watts", site="site", supply="grid"),
        at(
            "ecochain_experiment_latency_seconds",
            experiment="baseline",
            scenario="published",
            method="full",
            statistic="published",
        ),
    ]
    assert [series for series in absent if series in found] == []
    # Series of others have the same labels, so that these would be found if they were there.
    told = {(name, frozenset(dict(labels))) for name, labels in found}
    assert {(name, frozenset(dict(labels))) for name, labels in absent} <= told


def test_score_terms_are_means_of_today() -> None:
    found = exposed(golden_snapshot())
    assert found[at("ecochain_scheduler_score_term_ratio", term="grid")] == pytest.approx(476.0 / 320.0)


def test_simulated_time_is_a_date() -> None:
    found = exposed(golden_snapshot())
    assert found[at("ecochain_clock_timestamp_seconds")] == 1_742_446_800.0 + 1.5 * 86_400.0


def test_a_stale_snapshot_keeps_totals_and_facts_and_drops_the_rest() -> None:
    fresh, stale = families(golden_snapshot()), families(golden_snapshot().without_readings())
    assert fresh - stale == {
        "ecochain_clock_speed_ratio",
        "ecochain_credit_market_price_per_gram",
        "ecochain_credit_market_timestamp_seconds",
        "ecochain_credit_market_worth",
        "ecochain_node_load_watts",
        "ecochain_node_supply_watts",
        "ecochain_node_battery_charge_ratio",
        "ecochain_node_frequency_hertz",
        "ecochain_node_backlog_seconds",
        "ecochain_node_utilization_ratio",
        "ecochain_node_state",
        "ecochain_node_state_reason",
        "ecochain_site_grid_intensity_grams_per_kwh",
        "ecochain_site_battery_charge_ratio",
        "ecochain_scheduler_held_tasks",
        "ecochain_scheduler_release_tasks",
        "ecochain_scheduler_queued_tasks",
        "ecochain_scheduler_deadline_slack_seconds",
        "ecochain_scheduler_due_tasks",
        "ecochain_scheduler_decision_info",
        "ecochain_scheduler_decision_score_ratio",
        "ecochain_scheduler_decision_timestamp_seconds",
        "ecochain_forecast_watts",
        "ecochain_forecast_observed_watts",
        "ecochain_forecast_interval_watts",
        "ecochain_forecast_error_watts",
        "ecochain_forecast_skill_ratio",
        "ecochain_forecast_coverage_ratio",
        "ecochain_site_grid_intensity_forecast_grams_per_kwh",
        "ecochain_site_grid_intensity_interval_grams_per_kwh",
        "ecochain_site_grid_intensity_error_grams_per_kwh",
    }


def test_a_forecast_that_was_not_told_has_no_series() -> None:
    snapshot = golden_snapshot()
    nothing = replace(snapshot.forecasts[0].bands[0], mean=math.nan, bounds=np.full(4, np.nan))
    state = replace(snapshot.forecasts[0], bands=(nothing, *snapshot.forecasts[0].bands[1:]))
    found = exposed(replace(snapshot, forecasts=(state,)))
    told = {dict(labels)["horizon"] for name, labels in found if name == "ecochain_forecast_watts"}
    assert told == {"6h", "24h"}
    bounds = {dict(labels)["horizon"] for name, labels in found if name == "ecochain_forecast_interval_watts"}
    assert bounds == {"6h", "24h"}


def test_errors_and_skill_agree() -> None:
    found = exposed(golden_snapshot())
    for horizon, reference in {"1h": "convex", "6h": "smart persistence", "24h": "smart persistence"}.items():
        of = {"site": "site", "supply": "solar", "horizon": horizon}
        model, behind = (
            found[at("ecochain_forecast_error_watts", **of, forecaster=who)] for who in ("model", "reference")
        )
        assert found[at("ecochain_forecast_skill_ratio", **of, reference=reference)] == pytest.approx(
            1.0 - model / behind
        )


def test_names_from_files_stay_on_their_line() -> None:
    facts = golden_snapshot().facts
    (shown,) = facts.shown
    outcome = msgspec.structs.replace(shown.estimates[0], method=HOSTILE)
    shown = msgspec.structs.replace(shown, estimates=[outcome])
    snapshot = replace(golden_snapshot(), facts=replace(facts, scenario=HOSTILE, shown=(shown,)))
    text = rendered(snapshot, openmetrics=False).decode()
    assert len(text.split("\n")) == len(rendered(golden_snapshot(), openmetrics=False).decode().split("\n"))
    found = exposed(snapshot)
    labels = {"experiment": "baseline", "scenario": "published", "method": HOSTILE, "statistic": "mean"}
    assert found[at("ecochain_experiment_energy_joules", **labels)] == 2.0


def test_no_speed_is_told_as_infinite() -> None:
    facts = replace(golden_snapshot().facts, speed=math.inf)
    text = rendered(replace(golden_snapshot(), facts=facts), openmetrics=False).decode()
    assert 'speed="max"' in text


def test_every_name_follows_the_grammar() -> None:
    for row in ROWS:
        assert row.name.startswith("ecochain_")
        assert row.name.endswith("_total") is (row.kind is Kind.COUNTER)
        assert row.name.endswith("_info") is (row.kind is Kind.INFO)
        assert row.family_name.endswith(row.unit)
        assert row.help.endswith(".")


@pytest.mark.slow
def test_busy_seconds_are_those_of_all_steps_whenever_they_are_read() -> None:
    live = build_run(Plan(scenario=edge(), seed=1, speed=300.0))
    busy = 0.0
    for _ in range(140):
        live.step()
        snapshot = live.snapshot(FakeClock(), 60.0)
        assert snapshot.readings is not None
        busy += float(snapshot.readings.record.work.seconds.sum())
        read = [value for (name, _), value in exposed(snapshot).items() if name == "ecochain_node_busy_seconds_total"]
        assert sum(read) == pytest.approx(busy)
    assert 0.0 < busy < 140 * live.facts.step * len(live.facts.nodes)
