"""An hour of a device: what its counters gained, whoever adds them up, or one reason why nobody can know."""

import random
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import cycle
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.prometheus import Series
from simulator.ledger.attest.hour import MOST_INTENSITY, Hour, measure
from simulator.ledger.attest.origins import INTENSITY_INFO, POWER_INFO
from simulator.ledger.attest.scrapes import RefusedError
from simulator.ledger.attest.stored import FAMILIES
from tests.simulator.ledger.attest.machine import HOUR, NOON, Machine

MOST_MILLIWATTS = 3_680_000


def measured(machine: Machine, start: float = NOON) -> Hour:
    return measure(machine.series(), start, MOST_MILLIWATTS)


def refused(machine: Machine, start: float = NOON) -> str:
    """Return why an hour is refused."""
    with pytest.raises(RefusedError) as error:
        pytest.fail(str(measured(machine, start)))
    return str(error.value)


def ran(every: float = 15.0, watts: float = 12.0) -> Machine:
    """Return a machine that was scraped from a minute before noon until after one."""
    return Machine(watts=watts).run(NOON - 60.0, NOON + HOUR + 60.0, every)


def test_an_hour_of_twelve_watts_is_twelve_watt_hours() -> None:
    found = measured(ran())
    assert (found.energy, found.intensity, found.notes) == (43_200_000, 400_000, ())
    assert found.intensity_source == "grid_zone DE, basis lifecycle, method average, provider static"
    assert found.models == (
        "cpu: average (laptop); memory: average (laptop); rest: average (laptop); "
        "what no sensor measures is estimated by a model"
    )


def model(machine: Machine, start: float, end: float) -> tuple[Decimal, Decimal] | None:
    """Return millijoules and micrograms of a time by another way: each series by itself, in decimal figures.

    None where a series has no sample at or before the beginning.
    """
    sums = {"ecotrack_energy_joules_total": Decimal(0), "ecotrack_emissions_grams_total": Decimal(0)}
    units = {"ecotrack_energy_joules_total": Decimal(1000), "ecotrack_emissions_grams_total": Decimal(1_000_000)}
    for one in machine.series(end=end):
        name = one.labels["__name__"]
        if name not in sums or one.labels["scope"] != "host":
            continue
        whole = [(at, (Decimal(value) * units[name]).quantize(Decimal(1), ROUND_HALF_EVEN)) for at, value in one.points]
        before = [value for at, value in whole if at <= start]
        if not before:
            return None
        last = before[-1]
        for _, value in [point for point in whole if point[0] > start]:
            sums[name] += value - last if value >= last else value
            last = value
    return sums["ecotrack_energy_joules_total"], sums["ecotrack_emissions_grams_total"]


class Past(NamedTuple):
    """Past of a machine: what its counters say before noon, and its steps over and over.

    Each step has its seconds until the next scrape, watts, and whether the exporter begins anew before it.
    """

    joules: dict[str, float]
    before: float
    steps: list[tuple[float, float, bool]]

    def machine(self) -> Machine:
        """Return the machine, scraped until two hours after noon."""
        machine = Machine(joules=dict(self.joules), grams={name: one / 7e3 for name, one in self.joules.items()})
        machine.at = NOON - self.before
        machine.scrape()
        for number, (seconds, machine.watts, restarts) in enumerate(cycle(self.steps)):
            if machine.at > NOON + 2 * HOUR:
                return machine
            # Of a beginning after which every counter is above what it was before, nobody could know.
            if restarts and number < 40 and min(machine.joules.values()) > machine.watts * seconds:
                machine.restart()
            machine.draw(seconds)
            machine.scrape()
        raise AssertionError("without steps")


STEPS = st.lists(st.tuples(st.floats(10.0, 50.0), st.floats(0.1, 3000.0), st.booleans()), min_size=1, max_size=6)

PASTS = st.builds(
    Past,
    joules=st.fixed_dictionaries({"cpu": st.floats(0.0, 1e9), "rest": st.floats(0.0, 1e6)}),
    before=st.floats(0.0, 40.0),
    steps=STEPS,
)


@pytest.mark.slow
@settings(max_examples=25)
@given(past=PASTS)
def test_an_hour_is_what_an_independent_sum_says(past: Past) -> None:
    machine = past.machine()
    for start in (NOON, NOON + HOUR):
        found, told = measured(machine, start), model(machine, start, start + HOUR)
        assert told is not None
        assert found.energy == told[0]
        assert abs(found.intensity - told[1] * 3_600_000 / told[0]) <= Decimal("0.5")


@pytest.mark.slow
@settings(max_examples=25)
@given(past=PASTS)
def test_hours_add_up_to_what_the_counters_gained(past: Past) -> None:
    machine = past.machine()
    told = model(machine, NOON, NOON + 2 * HOUR)
    assert told is not None
    assert measured(machine).energy + measured(machine, NOON + HOUR).energy == told[0]


@pytest.mark.slow
@settings(max_examples=25)
@given(every=st.floats(5.0, 60.0), watts=st.floats(0.5, 3000.0))
def test_the_hour_does_not_depend_on_how_often_it_is_scraped(every: float, watts: float) -> None:
    found = measured(ran(every, watts))
    # Up to a scrape at either end belongs to the hour before or after.
    assert abs(found.energy / 1000.0 - watts * HOUR) <= watts * every + 0.01
    assert found.intensity == pytest.approx(400_000, abs=50)


@settings(max_examples=25)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_the_series_changes_nothing(order: random.Random) -> None:
    series = ran(60.0).series()
    turned = order.sample(series, len(series))
    assert measure(turned, NOON, MOST_MILLIWATTS) == measure(series, NOON, MOST_MILLIWATTS)


def test_samples_of_other_hours_change_nothing() -> None:
    wide, narrow = Machine().run(NOON - HOUR, NOON + 2 * HOUR), Machine().run(NOON - HOUR, NOON + HOUR)
    assert measured(wide) == measured(narrow)


def with_gap(machine: Machine) -> None:
    machine.drop(NOON + 600.0, NOON + 1440.0)


def with_late_beginning(machine: Machine) -> None:
    machine.drop(NOON - 1e6, NOON + 90.0)


def with_early_end(machine: Machine) -> None:
    machine.drop(NOON + HOUR - 90.0, NOON + 1e6)


def with_nothing(machine: Machine) -> None:
    machine.drop(NOON - 1e6, NOON + 1e6)


def with_value(name: str, value: float) -> Callable[[Machine], None]:
    def change(machine: Machine) -> None:
        for key, points in machine.stored.items():
            if dict(key)["__name__"] == name and dict(key).get("scope", "host") == "host":
                points[100] = (points[100][0], value)

    return change


def without(name: str, start: float = NOON + 600.0, end: float = NOON + 1440.0) -> Callable[[Machine], None]:
    def change(machine: Machine) -> None:
        for key, points in machine.stored.items():
            if dict(key)["__name__"] == name:
                points[:] = [one for one in points if not start < one[0] < end]

    return change


def with_two_exporters(machine: Machine) -> None:
    machine.extra = {"replica": "b"}
    machine.run(NOON - 7.0, NOON + HOUR)


def with_half_a_value(machine: Machine) -> None:
    for key, points in machine.stored.items():
        if dict(key)["__name__"].endswith("_total"):
            points[100:] = [(at, value + 1e9) for at, value in points[100:]]
            points[150:] = [(at, value / 2) for at, value in points[150:]]
            points[:100] = [(at, value + 1e9) for at, value in points[:100]]


def with_one_fall(machine: Machine) -> None:
    """Let one component's counter say a joule less than before, as where an older state was taken up."""
    for key, points in machine.stored.items():
        if {"cpu", "ecotrack_energy_joules_total"} <= set(dict(key).values()):
            points[100:] = [(at, value - 61.0) for at, value in points[100:]]


def with_no_fall_of_emissions(machine: Machine) -> None:
    for key, points in machine.stored.items():
        if dict(key).get("scope") == "host" and dict(key)["__name__"] == "ecotrack_energy_joules_total":
            points[100:] = [(at, value - points[99][1]) for at, value in points[100:]]


def with_component_away(start: float, end: float) -> Callable[[Machine], None]:
    """Return what takes a component from the scrapes of a time."""

    def change(machine: Machine) -> None:
        for key, points in machine.stored.items():
            if dict(key).get("component") == "rest" and dict(key)["__name__"].endswith("_total"):
                points[:] = [one for one in points if not start <= one[0] <= end]

    return change


def with_many_sources(machine: Machine) -> None:
    machine.at = NOON + 15.0
    for number in range(100):
        told = f"{number} {'x' * 50}"
        machine.store("ecotrack_power_source_info", 1.0, component="cpu", source=told, model="m")


ENERGY, EMISSIONS = "ecotrack_energy_joules_total", "ecotrack_emissions_grams_total"

REFUSED: list[tuple[Callable[[Machine], None], str]] = [
    (with_gap, "no samples for 14 min from 12:10:00 UTC"),
    (with_late_beginning, "no samples until 12:01:30 UTC"),
    (with_early_end, "no samples for 90 s from 12:58:30 UTC"),
    (with_nothing, "no samples"),
    (with_value(ENERGY, float("nan")), "ecotrack_energy_joules_total of cpu is nan at 12:24:00 UTC"),
    (with_value(ENERGY, float("inf")), "ecotrack_energy_joules_total of cpu is inf at 12:24:00 UTC"),
    (with_value(EMISSIONS, -1.0), "ecotrack_emissions_grams_total of cpu is -1 at 12:24:00 UTC"),
    (with_value(ENERGY, 1e300), "ecotrack_energy_joules_total of cpu is 1e+300 at 12:24:00 UTC"),
    (with_value(ENERGY, 1e8), "299982"),
    (with_half_a_value, "counters fell at 12:36:30 UTC, and not to zero as those of an exporter that begins anew"),
    (with_one_fall, "counters fell at 12:24:00 UTC, and not all of them as those of an exporter that begins anew"),
    (with_no_fall_of_emissions, "counters fell at 12:24:00 UTC, and not all of them"),
    (with_component_away(NOON + 600.0, NOON + 600.0), "counters fell at 12:10:00 UTC, and not all of them"),
    (with_component_away(NOON, NOON), "ecotrack_energy_joules_total of rest was not there at 12:00:00 UTC"),
    (with_many_sources, "more is told about the power than the 4,096 bytes that a claim takes"),
    (
        without("ecotrack_last_sample_timestamp_seconds"),
        "nothing says when the exporter took samples for 14 min from 12:10:00 UTC",
    ),
    (
        without("ecotrack_last_sample_timestamp_seconds", 0.0, 1e12),
        "nothing says when the exporter took samples until 13:00:00 UTC",
    ),
    (with_two_exporters, "cpu has two series at once at 11:59:53 UTC"),
    (without(EMISSIONS), "energy and emissions are not of the same components at 12:10:15 UTC"),
    (
        without("ecotrack_grid_carbon_intensity_info"),
        "nothing says the carbon intensity for 14 min from 12:10:00 UTC",
    ),
    (without("ecotrack_grid_carbon_intensity_info", 0.0, 1e12), "nothing says the carbon intensity until 13:00:00 UTC"),
    (without("ecotrack_power_source_info"), "nothing says where the power comes from for 14 min from 12:10:00 UTC"),
    (
        with_value("ecotrack_last_sample_timestamp_seconds", NOON),
        "the exporter's last sample was 24 min old at 12:24:00 UTC",
    ),
    (
        with_value("ecotrack_last_sample_timestamp_seconds", NOON + HOUR),
        "the exporter's clock was 36 min ahead at 12:24:00 UTC",
    ),
    (with_value("ecotrack_last_sample_timestamp_seconds", float("nan")), "the exporter's last sample was nan"),
]


@pytest.mark.parametrize(("change", "reason"), REFUSED)
def test_invalid_hours_are_refused_with_the_reason(change: Callable[[Machine], None], reason: str) -> None:
    machine = ran()
    change(machine)
    assert refused(machine).startswith(reason)


def test_a_gap_within_a_minute_is_none() -> None:
    machine = ran()
    machine.drop(NOON + 600.0, NOON + 660.0)
    assert measured(machine).energy == 43_200_000
    machine.drop(NOON + 600.0, NOON + 675.0)
    assert refused(machine) == "no samples for 75 s from 12:10:00 UTC"


def test_a_gap_of_three_long_intervals_is_none() -> None:
    machine = Machine().run(NOON - 60.0, NOON + HOUR, 60.0)
    machine.drop(NOON + 600.0, NOON + 780.0)
    assert measured(machine).energy == 43_200_000
    machine.drop(NOON + 600.0, NOON + 840.0)
    assert refused(machine) == "no samples for 4 min from 12:10:00 UTC"


def test_scrapes_may_not_lie_far_apart() -> None:
    assert measured(Machine().run(NOON - 300.0, NOON + HOUR, 300.0)).energy == 43_200_000
    rare = Machine().run(NOON - 310.0, NOON + HOUR, 310.0)
    assert refused(rare) == "scraped every 5 min, and 5 min is the longest"


def test_an_exporter_that_begins_anew_counts_from_zero() -> None:
    machine = Machine().run(NOON - 60.0, NOON + 600.0)
    before = machine.total()
    machine.restart()
    machine.draw(30.0)
    machine.scrape()
    for _ in range(198):
        machine.draw(15.0)
        machine.scrape()
    assert machine.at == NOON + HOUR
    found = measured(machine)
    assert found.energy == round((before - 60.0 * 12.0 + machine.total()) * 1000)
    assert found.notes == ("counters began anew at 12:10:30 UTC, and what was drawn in up to 30 s before is not in it",)


def test_a_component_that_comes_later_counts_from_zero() -> None:
    machine = Machine().run(NOON - 60.0, NOON + 600.0)
    machine.joules["gpu"] = machine.grams["gpu"] = 0.0
    while machine.at < NOON + HOUR:
        machine.draw(15.0)
        machine.scrape()
    assert measured(machine).energy == pytest.approx(43_200_000, abs=2)
    assert "gpu: average (laptop)" in measured(machine).models


def test_a_component_at_zero_may_go() -> None:
    machine = Machine(watts=18.0).run(NOON - 60.0, NOON + 600.0)
    for key, points in machine.stored.items():
        if dict(key).get("component") == "rest" and dict(key)["__name__"].endswith("_total"):
            points[:] = [(at, 0.0) for at, _ in points]
    del machine.joules["rest"], machine.grams["rest"]
    machine.watts = 12.0
    while machine.at < NOON + HOUR:
        machine.draw(15.0)
        machine.scrape()
    assert measured(machine).energy == pytest.approx(43_200_000, abs=2)


def test_a_component_without_a_source_is_told() -> None:
    machine = ran()
    found = []
    for one in machine.series():
        told = one.labels["__name__"] != "ecotrack_power_source_info" or one.labels["component"] == "cpu"
        found += [Series(labels={**one.labels, "source": "rapl"}, points=one.points)] if told else []
    assert measure(found, NOON, MOST_MILLIWATTS).models == (
        "cpu: rapl (laptop); memory: unknown; rest: unknown; what no sensor measures is estimated by a model"
    )
    # A counter that stands still has no part in the hour.
    still = [
        Series(labels=one.labels, points=tuple((at, 5.0) for at, _ in one.points))
        if one.labels.get("component") in {"memory", "rest"}
        else one
        for one in found
    ]
    assert measure(still, NOON, MOST_MILLIWATTS).models == "cpu: rapl (laptop)"


def test_labels_that_are_missing_are_told_as_such() -> None:
    found = [
        Series(labels={key: value for key, value in one.labels.items() if key != "component"}, points=one.points)
        for one in ran().series()
        if one.labels.get("component", "cpu") == "cpu"
    ]
    assert measure(found, NOON, MOST_MILLIWATTS).models.startswith(": average (laptop); ")


def test_labels_of_the_target_may_change_between_two_scrapes() -> None:
    machine = Machine().run(NOON - 60.0, NOON + 600.0)
    machine.extra = {"room": "kitchen"}
    while machine.at < NOON + HOUR:
        machine.draw(15.0)
        machine.scrape()
    assert measured(machine).energy == 43_200_000


def test_more_watts_than_the_device_may_draw_are_refused() -> None:
    assert refused(ran(watts=4000.0)) == "4000 W on average, more than --max-watts 3680"
    assert measure(ran(watts=4000.0).series(), NOON, 4_000_000).energy == 14_400_000_000
    assert refused(ran(watts=50_000.0)) == "750000 J in 15 s at 12:00:15 UTC are more than --max-watts"


def test_counters_that_stand_still_are_refused() -> None:
    assert refused(ran(watts=0.0)) == "no energy was counted"


def test_an_intensity_beyond_all_electricity_is_refused() -> None:
    machine = Machine(grams_per_kwh=MOST_INTENSITY / 1000).run(NOON - 60.0, NOON + HOUR)
    assert measured(machine).intensity == MOST_INTENSITY
    machine = Machine(grams_per_kwh=2100.0).run(NOON - 60.0, NOON + HOUR)
    assert refused(machine) == "2100 g/kWh is no carbon intensity of electricity"


def test_samples_taken_seldom_may_be_old_when_they_are_scraped() -> None:
    machine = ran()
    with_value("ecotrack_last_sample_timestamp_seconds", NOON + 1440.0 - 170.0)(machine)
    assert refused(machine) == "the exporter's last sample was 3 min old at 12:24:00 UTC"
    machine.at = NOON + 60.0
    machine.store("ecotrack_sample_interval_seconds", 60.0)
    assert measured(machine).energy == 43_200_000
    machine.store("ecotrack_sample_interval_seconds", 400.0)
    assert refused(machine) == "the exporter took samples less often than every 5 min"


def test_sensors_and_bands_are_told() -> None:
    machine = ran()
    series = []
    for one in machine.series():
        if one.labels["__name__"] != "ecotrack_power_source_info":
            series.append(one)
            continue
        series.append(Series(labels={**one.labels, "source": "rapl+nvml", "model": "package-0"}, points=one.points))
    for name, watts in (("ecotrack_power_watts", 4.0), ("_low", 3.0), ("_high", 6.0)):
        full = name if name.startswith("eco") else f"ecotrack_power{name}_watts"
        series.append(Series(labels={"__name__": full, "component": "cpu"}, points=((NOON + 15.0, watts),)))
    assert measure(series, NOON, MOST_MILLIWATTS).models == (
        "cpu: rapl+nvml (package-0); memory: rapl+nvml (package-0); rest: rapl+nvml (package-0); "
        "nine machines in ten lie within 0.75 to 1.50 times the figure"
    )


def test_what_the_exporter_says_of_its_hour_is_told() -> None:
    machine = ran()
    for at, joules, gaps in ((NOON, 0.0, 3.0), (NOON + 900.0, 120.0, 1.0), (NOON + HOUR + 15.0, 500.0, 9.0)):
        machine.at = at
        machine.store("ecotrack_gap_joules_total", joules, component="cpu", scope="host")
        machine.store("ecotrack_gap_joules_total", joules, component="network", scope="network")
        machine.store("ecotrack_sample_gaps_total", gaps, reason="late")
        machine.store("ecotrack_discarded_readings_total", gaps + at - NOON, source="rapl", reason="implausible")
    assert measured(machine).notes == (
        "1 samples after a gap (late)",
        "120 J of a time without the exporter are not in it",
        "898 readings of rapl were discarded (implausible)",
    )


WHOLE = ran(60.0).series()

TEXTS = st.sampled_from(["rapl", "", "a\n\u202e", "x" * 5000, "x" * 5000])

LABELS = st.fixed_dictionaries(
    {"source": TEXTS, "grid_zone": TEXTS},
    optional={"component": st.sampled_from(["cpu", "a\n\u202e"]), "scope": st.just("host"), "reason": TEXTS},
)

TIMES = st.integers(1, 239).map(lambda step: NOON + 15.0 * step) | st.floats(NOON - HOUR, NOON + 2 * HOUR) | st.floats()

VALUES = st.just(1.0) | st.sampled_from([0.0, 1.0]) | st.floats()

LIES = st.builds(
    lambda name, labels, points: Series(labels={**labels, "__name__": name}, points=tuple(points)),
    st.sampled_from([POWER_INFO, INTENSITY_INFO]) | st.sampled_from(FAMILIES),
    LABELS,
    st.lists(st.tuples(TIMES, VALUES), max_size=4),
)


@pytest.mark.slow
@settings(max_examples=100)
@given(lies=st.lists(LIES, max_size=4), left=st.none() | st.integers(0, 20), moved=st.none() | st.floats())
def test_any_samples_make_a_believable_hour_or_a_reason(
    lies: list[Series], left: int | None, moved: float | None
) -> None:
    """A Prometheus that says anything beside what it stored, leaves a series out, and has a value of another time."""
    series = [one for number, one in enumerate(WHOLE) if number != left] + lies
    if moved is not None and lies and lies[0].points:
        at = lies[0].points[0][0]
        series[0] = Series(labels=series[0].labels, points=(*series[0].points, (at, moved)))
    try:
        found = measure(series, NOON, MOST_MILLIWATTS)
    except RefusedError as error:
        assert str(error).isprintable()
        return
    assert 0 < found.energy <= MOST_MILLIWATTS * HOUR
    assert 0 <= found.intensity <= MOST_INTENSITY
    assert len(found.models.encode()) < 5000
    assert len(found.intensity_source.encode()) < 5000
