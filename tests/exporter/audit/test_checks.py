"""The checks of an audit: honest evidence passes, and an error of 1% in any step is found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.audit.checks import CHECKS, findings
from exporter.audit.evidence import Evidence
from exporter.audit.figures import Figures, Labels, labels_of
from exporter.audit.finding import TOLERANCE, Outcome
from exporter.audit.rules import RULES
from prometheus.budget import BURN_ALERTS
from prometheus.recording import (
    DAY_INTENSITY,
    DENIED,
    DISCARDED,
    EXHAUSTED,
    FAILED,
    KEPT_INTENSITY,
    KEPT_TERMS,
    LOST,
    LOST_BYTES,
    MOSTLY_USED,
    OVER_ECOGUARD,
    OVERRUN,
    RAISED,
    STATE_DISCARDED,
    WORKED,
    burning,
)
from prometheus.weeks import GRAMS, JOULES, week
from tests.exporter.audit.world import STEADY, Step, World, scaled, scaled_in_store, with_groups

ERROR = 1.01

NOT_GUARDED = {
    "ecotrack_budget_projection_learned_ratio": "a share of the hours that the exporter alone remembers",
    "ecotrack_budget_period_end_timestamp_seconds": "a date",
    "ecotrack_budget_period_start_timestamp_seconds": "a date",
    "ecotrack_budget_embodied_grams": "a figure of the configuration",
    "ecotrack_electricity_price_per_kwh": "a figure of the configuration",
    "ecotrack_embodied_end_timestamp_seconds": "a date",
    "ecotrack_embodied_grams": "a figure of the configuration",
    "ecotrack_embodied_range_grams": "a figure of the configuration",
    "ecotrack_equivalent_grams": "a published constant",
    "ecotrack_eco_score_factor_ratio": "a part of the score, which the summary is compared by",
    "ecotrack_eco_score_counted_seconds": "a time that the exporter alone remembers",
    "ecotrack_eco_score_reference_grams_per_second": "a published constant",
    "ecotrack_grid_carbon_intensity_timestamp_seconds": "a date",
    "ecotrack_last_sample_timestamp_seconds": "the time by which samples are known",
    "ecotrack_lifetime_start_timestamp_seconds": "a date",
    "ecotrack_sample_interval_seconds": "a figure of the configuration",
    "ecotrack_state_save_timestamp_seconds": "a date",
    "ecotrack_config_last_reload_success_timestamp_seconds": "a date",
    "ecotrack_samples_total": "a count of samples",
}
"""Families of numbers beside the chain of energy and emissions, which nothing tells a second time."""

SUMMED_WITH_TOLERANCE = {
    "ecotrack_activity_seconds_total",
    "ecotrack_process_group_cpu_seconds_total",
    "ecotrack_process_group_network_bytes_total",
}
"""Families of which only the sum is compared, with a clock or a counter that is read at other moments: an error shows
where it is of the sum, and not of a part that is less than half of it."""

STATES = ("_info", "_state", "_grade", "_up", "_success", "_successful", "_settings")
"""Ends of the names of families whose values are 1 or 0."""


@cache
def world(*, sensed: bool = False) -> World:
    """Return a machine with everything that can be checked."""
    found = World.of(sensed=sensed).live(STEADY)
    found.moments = [with_groups(moment, float(number % 3)) for number, moment in enumerate(found.moments)]
    return found


def outcomes(evidence: Evidence) -> dict[str, Outcome]:
    return {one.check: one.outcome for one in findings(evidence, TOLERANCE)}


def failing(evidence: Evidence) -> set[str]:
    return {check for check, outcome in outcomes(evidence).items() if outcome is Outcome.FAILS}


def exposed(name: str, **labels: str) -> Evidence:
    """Return evidence of an exporter that tells too much in a family; Prometheus would store no other figures."""
    sensed = name == "ecotrack_measured_joules_total" or labels.get("component") == "memory"
    moments = [
        replace(moment, figures=scaled(moment.figures, name, ERROR, **labels))
        for moment in world(sensed=sensed).moments
    ]
    return replace(world(sensed=sensed).evidence(stored=False), moments=tuple(moments))


def series_of_figures() -> Iterator[tuple[str, Labels]]:
    """Yield every series of the exposition with an amount, a counter only where it moves, that is guarded."""
    for sensed in (False, True):
        moments = world(sensed=sensed).moments
        for name, family in moments[-1].figures.families.items():
            if name.startswith("ecotrack_") and name not in NOT_GUARDED and not name.endswith(STATES):
                for labels, value in family.items():
                    moves = value != moments[0].figures.family(name).get(labels)
                    if value and (moves or not name.endswith("_total")):
                        yield name, labels


def test_an_honest_exporter_passes_every_check_that_is_made() -> None:
    for sensed in (False, True):
        assert failing(world(sensed=sensed).evidence()) == set()


def test_a_group_that_loses_its_series_costs_no_finding() -> None:
    """From then on the group `other` gains what it does."""
    found = world().evidence(stored=False)
    middle = len(found.moments) // 2
    at_the_end = found.moments[middle].figures
    moments = [
        one if number <= middle else replace(one, figures=_retired(one.figures, at_the_end))
        for number, one in enumerate(found.moments)
    ]
    told = outcomes(replace(found, moments=tuple(moments)))
    assert {told[check] for check in ("group_energy", "group_emissions")} == {Outcome.HOLDS}


def _retired(figures: Figures, at_the_end: Figures) -> Figures:
    """Return figures in which the group of a unit has no series of scopes any more, since those of its end."""
    families = dict(figures.families)
    for name in ("ecotrack_process_group_energy_joules_total", "ecotrack_process_group_emissions_grams_total"):
        family = dict(families[name])
        for labels in list(family):
            if ("group", "nginx.service") in labels:
                scope = dict(labels)["scope"]
                gained = family.pop(labels) - at_the_end.family(name)[labels]
                family[labels_of({"group": "other", "scope": scope})] += gained
        families[name] = family
    return Figures(families)


def test_each_check_is_made_of_one_machine_or_the_other() -> None:
    made = {
        check
        for sensed in (False, True)
        for check, outcome in outcomes(world(sensed=sensed).evidence()).items()
        if outcome is Outcome.HOLDS
    }
    assert made == {one.name for one in CHECKS}


def test_an_error_in_any_series_of_the_exposition_is_found() -> None:
    missed = {
        (name, labels)
        for name, labels in series_of_figures()
        if not failing(exposed(name, **dict(labels))) and name not in SUMMED_WITH_TOLERANCE
    }
    assert missed == set()
    assert [name for name in SUMMED_WITH_TOLERANCE if not failing(exposed(name))] == []


@pytest.mark.parametrize(
    ("name", "labels", "check"),
    [
        ("ecotrack_lifetime_energy_joules", {}, "energy"),
        ("ecotrack_lifetime_emissions_grams", {}, "emissions"),
        ("ecotrack_emissions_grams_total", {"component": "cpu"}, "intensity"),
        ("ecotrack_grid_carbon_intensity_grams_per_kwh", {}, "intensity"),
        ("ecotrack_power_watts", {"component": "cpu"}, "power"),
        ("ecotrack_power_low_watts", {"component": "baseline"}, "bands"),
        ("ecotrack_emissions_grams_per_second", {}, "emission_rate"),
        ("ecotrack_activity_emissions_grams_total", {}, "activity_emissions"),
        ("ecotrack_activity_bytes_total", {}, "activity_bytes"),
        ("ecotrack_activity_seconds_total", {}, "activity_seconds"),
        ("ecotrack_network_throughput_bytes_per_second", {"direction": "receive"}, "throughput"),
        ("ecotrack_budget_used_grams", {"period": "month"}, "budgets"),
        ("ecotrack_embodied_emissions_grams_total", {}, "embodied"),
        ("ecotrack_process_group_energy_joules_total", {"scope": "host"}, "group_energy"),
        ("ecotrack_process_group_emissions_grams_total", {"scope": "network"}, "group_emissions"),
        ("ecotrack_process_group_network_bytes_total", {"direction": "transmit"}, "group_bytes"),
        ("ecotrack_process_group_cpu_seconds_total", {}, "group_cpu"),
        ("ecotrack_eco_score_ratio", {}, "summary"),
        ("ecotrack_cpu_utilization_ratio", {}, "cpu_time"),
        ("ecotrack_energy_joules_total", {"component": "cpu"}, "host_model"),
        ("ecotrack_energy_joules_total", {"component": "network"}, "network_model"),
        ("ecotrack_network_bytes_total", {"direction": "receive"}, "network_bytes"),
        ("ecotrack_network_packets_total", {"direction": "receive"}, "network_packets"),
        ("ecotrack_disk_bytes_total", {"direction": "write"}, "disk_bytes"),
        ("ecotrack_measured_joules_total", {"sensor": "package-0"}, "rapl"),
        ("ecotrack_measured_joules_total", {"sensor": "package-0 dram"}, "measured_energy"),
    ],
)
def test_the_check_of_a_step_names_its_error(name: str, labels: dict[str, str], check: str) -> None:
    assert check in failing(exposed(name, **labels))


COMPARED = {
    "host_power_watts",
    "network_power_watts",
    "emission_limit_grams_per_hour",
    "power_usage_effectiveness",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "cpu_utilization_ratio",
    "eco_score_ratio",
    "lifetime_energy_kwh",
    "lifetime_emissions_grams",
}
"""Amounts that stand in the summary itself."""


@pytest.mark.parametrize("name", sorted(COMPARED))
def test_an_error_in_the_json_is_found(name: str) -> None:
    last = world().moments[-1]
    assert last.summary is not None
    wrong = msgspec.structs.replace(last.summary, **{name: getattr(last.summary, name) * ERROR})
    moments = (*world().moments[:-1], replace(last, summary=wrong))
    assert failing(replace(world().evidence(stored=False), moments=moments)) == {"summary"}


FOR_ALERTS = {
    OVERRUN,
    EXHAUSTED,
    MOSTLY_USED,
    OVER_ECOGUARD,
    WORKED,
    LOST,
    DENIED,
    DISCARDED,
    FAILED,
    LOST_BYTES,
    STATE_DISCARDED,
    RAISED,
    *map(burning, BURN_ALERTS),
}
"""Recorded for alerts alone: conditions of them and what they look back for."""

KEPT = {KEPT_INTENSITY, DAY_INTENSITY, KEPT_TERMS}
WEEKS = {week(quantity, before=before) for quantity in (GRAMS, JOULES) for before in (False, True)}
"""Differences over a week and two, of which an audit does not see both ends."""


def test_every_recording_rule_is_computed_anew() -> None:
    rules = Path(__file__).parents[3] / "prometheus/rules/ecotrack-recording.yml"
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    assert recorded - RULES.keys() == FOR_ALERTS | KEPT | WEEKS


@pytest.mark.parametrize("name", sorted(RULES))
def test_an_error_in_a_rule_is_found(name: str) -> None:
    """The series that are made of a wrong one were made of a right one here, so they may fail, too."""
    evidence = world().evidence()
    assert evidence.stored is not None
    found = findings(replace(evidence, stored=scaled_in_store(evidence.stored, name, ERROR)), TOLERANCE)
    (finding,) = [one for one in found if one.check == name]
    assert finding.outcome is Outcome.FAILS
    assert finding.difference_ratio == pytest.approx(1.0 - 1.0 / ERROR, rel=0.05)


@pytest.mark.parametrize("name", ["ecotrack_energy_joules_total", "ecotrack_power_watts", "ecotrack_samples_total"])
def test_an_error_on_the_way_to_prometheus_is_found(name: str) -> None:
    evidence = world().evidence()
    assert evidence.stored is not None
    wrong = replace(evidence, stored=scaled_in_store(evidence.stored, name, ERROR))
    assert "stored_values" in failing(wrong)


def test_a_counter_that_prometheus_has_lost_a_part_of_is_found() -> None:
    """A sample that is stored with a value of its own time alone is one value, and a rise of all others."""
    evidence = world().evidence()
    assert evidence.stored is not None
    assert "stored_increase" in failing(
        replace(evidence, stored=scaled_in_store(evidence.stored, "ecotrack_energy_joules_total", ERROR))
    )


def test_a_series_that_is_stored_twice_or_not_at_all_is_found() -> None:
    evidence = world().evidence()
    stored = evidence.stored
    assert stored is not None
    name = "ecotrack_energy_joules_total"
    family = stored.series[name]
    labels = next(iter(family))
    twice = {**family, tuple(sorted((*labels, ("replica", "b")))): family[labels]}
    never = {own: points for own, points in family.items() if own != labels}
    for wrong in (twice, never):
        series = {**stored.series, name: wrong}
        assert "stored_once" in failing(replace(evidence, stored=replace(stored, series=series)))


steps = st.builds(
    Step,
    seconds=st.sampled_from([1.0, 5.0, 5.0, 12.0]),
    utilization=st.sampled_from([0.0, 0.03, 0.5, 1.0]),
    bytes_per_second=st.sampled_from([0.0, 300.0, 2e6]),
    broken=st.sampled_from(
        [frozenset[str](), frozenset[str](), frozenset({"cpu"}), frozenset({"network"}), frozenset({"cpu", "network"})]
    ),
    intensity=st.sampled_from([300.0, 300.0, 420.0]),
    is_missed=st.booleans(),
    restart=st.sampled_from(["", "", "", "goes on", "anew"]),
    slept=st.sampled_from([0.0, 0.0, 600.0]),
    stepped=st.sampled_from([0.0, 0.0, 0.4, 30.0, -30.0]),
)


@settings(max_examples=60)
@example(steps=[Step()] * 3 + [Step(slept=600.0)], sensed=True, every=1)  # the sensors fall silent
@example(steps=[Step(), Step(is_missed=True, stepped=30.0), Step(stepped=-30.0), Step()], sensed=False, every=1)
@example(
    # One sample, idle for so long as to be called so, bears the time of another.
    steps=[Step(seconds=1.0, bytes_per_second=0.0)] * 9
    + [Step(seconds=1.0, bytes_per_second=0.0, stepped=-30.0), *[Step(seconds=12.0, bytes_per_second=0.0)] * 2],
    sensed=False,
    every=3,
)
@given(steps=st.lists(steps, min_size=1, max_size=14), sensed=st.booleans(), every=st.integers(1, 3))
def test_honest_figures_pass_through_whatever_happens(steps: Sequence[Step], sensed: bool, every: int) -> None:
    """Restarts, counters that begin anew, missed samples, failed readings, machines asleep and clocks that are set."""
    lived = World.of(sensed=sensed).live(steps)
    assert failing(lived.evidence(every=every)) == set()


def test_an_exporter_that_takes_no_sample_leaves_everything_unchecked() -> None:
    """It answers while its first sample fails, and one that ends early is not waited for."""
    assert set(outcomes(Evidence(moments=())).values()) == {Outcome.NOT_CHECKED}


def test_a_machine_without_a_network_misses_no_time_of_activities() -> None:
    alone = World.of()
    alone.machine.nics = {}
    assert outcomes(alone.live(STEADY).evidence(stored=False))["activity_seconds"] is Outcome.NOT_CHECKED


@pytest.mark.parametrize("seconds", [-1.5, 1.5])
def test_a_clock_that_is_set_by_too_little_to_be_told_of_costs_no_finding(seconds: float) -> None:
    lived = World.of().live([*STEADY[:6], Step(stepped=seconds), *STEADY[:6]])
    assert failing(lived.evidence(stored=False)) == set()
    assert failing(
        replace(lived.evidence(stored=False), moments=tuple(replace(one, ahead=None) for one in lived.moments))
    )


def test_a_clock_that_was_set_back_before_the_audit_costs_no_finding() -> None:
    lived = World.of().live([Step(stepped=3600.0), Step(stepped=-3600.0), *STEADY])
    lived.moments = lived.moments[2:]
    told = outcomes(lived.evidence(stored=False))
    assert told["embodied"] is Outcome.NOT_CHECKED
    assert told["power"] is Outcome.HOLDS


def test_what_prometheus_loses_as_a_counter_begins_anew_is_no_error() -> None:
    """The second sample was never scraped, and what it added is in no counter afterwards."""
    lived = World.of().live([Step(), Step(), Step(restart="anew"), Step()])
    assert failing(lived.evidence(every=2)) == set()


def test_programs_that_move_more_than_devices_count_leave_a_sample_good() -> None:
    """Bytes that programs move in networks of their own are more than the devices count, sample by sample."""
    name = "ecotrack_discarded_readings_total"
    moments = []
    for number, moment in enumerate(world().moments):
        excess = {labels_of({"reason": "exceeds_devices", "source": "process_bytes"}): float(number)}
        figures = Figures({**moment.figures.families, name: {**moment.figures.family(name), **excess}})
        moments.append(replace(moment, figures=figures))
    found = outcomes(replace(world().evidence(), moments=tuple(moments)))
    assert (found["power"], found["cpu_time"]) == (Outcome.HOLDS, Outcome.HOLDS)


@settings(max_examples=20)
@given(factor=st.sampled_from([0.99, 1.01]), load=st.floats(0.05, 0.9), traffic=st.floats(1e4, 1e8))
def test_an_error_is_found_at_any_load(factor: float, load: float, traffic: float) -> None:
    lived = World.of().live([Step(utilization=load, bytes_per_second=traffic)] * 4)
    for name, check in (
        ("ecotrack_power_watts", "power"),
        ("ecotrack_lifetime_energy_joules", "energy"),
        ("ecotrack_emissions_grams_total", "intensity"),
        ("ecotrack_cpu_utilization_ratio", "cpu_time"),
    ):
        moments = tuple(replace(one, figures=scaled(one.figures, name, factor)) for one in lived.moments)
        assert check in failing(replace(lived.evidence(stored=False), moments=moments))
