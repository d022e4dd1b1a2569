"""Cost of a provider of carbon intensity that fails: the grams of the samples concerned, and nothing else."""

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.build import PROVIDERS
from exporter.core.units import JOULES_PER_KWH, Grams
from exporter.exposition.health import KNOWN_EVENTS
from exporter.intensity.reading import HIGHEST, IntensityUnavailableError
from exporter.intensity.section import Grid
from exporter.usage.events import Event, EventKind
from exporter.week import WeekProfile
from tests.exporter.fake_site import make_site
from tests.exporter.fakes import FakeProvider, Machine, Rig, rig, series
from tests.exporter.test_page import Document, page
from tests.exporter.test_views import answer, table
from tests.fake_clock import FakeClock

QUARTER = 900.0
FAILED = Event(kind=EventKind.DISCARD, source="grid", reason="unavailable")
LATE = IntensityUnavailableError("its file is two days old")

TROUBLES = [
    LATE,
    IntensityUnavailableError(),
    FileNotFoundError(2, "No such file or directory", "/run/grid.json"),
    TimeoutError("timed out"),
    KeyError("token=secret"),
]


def joules(sampling: Rig) -> float:
    return sum(sampling.now.totals.exported.energy.values())


def grams(sampling: Rig) -> float:
    return sum(sampling.now.totals.exported.emissions.values())


def learned_grams(week: WeekProfile) -> float:
    return sum(rate * weight for rate, weight in zip(week.rates, week.weights, strict=True)) + week.hour_grams


values = st.floats(0.0, 1500.0)


@given(
    answers=st.lists(
        st.one_of(values, st.sampled_from(TROUBLES), st.just(math.nan), st.just(-1.0), st.just(117_000.0)), max_size=40
    )
)
def test_a_failing_provider_costs_the_grams_of_its_samples_and_nothing_else(answers: list[float | Exception]) -> None:
    provider, steady = FakeProvider(), FakeProvider()
    sampling = rig(Machine(FakeClock()), intensity=provider, limits={Period.DAY: Grams(1e4)})
    usual = rig(Machine(FakeClock()), intensity=steady)
    expected, good, counters = 0.0, 0, series(sampling.now, "counter")
    for told in answers:
        provider.trouble = told if isinstance(told, Exception) else None
        provider.value = told if isinstance(told, float) else 300.0
        before = joules(sampling)
        now = sampling.sample_after(QUARTER, bytes_per_second=1e5)
        usual.sample_after(QUARTER, bytes_per_second=1e5)
        works = isinstance(told, float) and 0.0 <= told <= HIGHEST
        if isinstance(told, float) and works:
            expected += (joules(sampling) - before) / JOULES_PER_KWH * told
        good += works
        shown = series(now, "gauge")
        assert shown["ecotrack_grid_provider_up", "fake"] == works
        assert (now.readings.intensity is not None) is works
        for gauge in (
            ("ecotrack_grid_carbon_intensity_grams_per_kwh", "XX"),
            ("ecotrack_grid_carbon_intensity_timestamp_seconds", "fake"),
            ("ecotrack_emissions_grams_per_second",),
            ("ecotrack_eco_score_factor_ratio", "grid"),
            ("ecotrack_eco_score_ratio",),
            ("ecotrack_budget_projected_grams", "day"),
        ):
            assert (gauge in shown) is works
        assert shown["ecotrack_power_watts", "cpu", "host"] > 0.0
        counted = series(now, "counter")
        assert all(counted[name] >= total for name, total in counters.items())
        counters = counted
    totals = sampling.now.totals
    assert totals.exported.energy == usual.now.totals.exported.energy
    assert totals.exported.devices == usual.now.totals.exported.devices
    assert totals.exported.activities.keys() == usual.now.totals.exported.activities.keys()
    booked = sum(sum(starts.values()) for starts in [totals.booked.get(Period.WEEK, {})])
    assert [grams(sampling), totals.lifetime_emissions, booked] == pytest.approx([expected] * 3, rel=1e-9)
    assert totals.exported.events.get(FAILED, 0) == len(answers) - good
    # What the week keeps is rounded to three digits and more.
    assert totals.week.counted == pytest.approx(good * QUARTER, rel=1e-2)
    assert learned_grams(totals.week) == pytest.approx(expected, rel=2e-2)


def test_a_failure_is_announced() -> None:
    assert FAILED in KNOWN_EVENTS


@pytest.mark.slow
def test_hours_without_an_intensity_are_not_learned_as_hours_without_emissions() -> None:
    def lived(failing: range) -> dict[int, float]:
        provider = FakeProvider()
        sampling = rig(Machine(FakeClock()), intensity=provider)
        for hour in range(24):
            provider.trouble = LATE if hour in failing else None
            for _ in range(60):
                sampling.sample_after(60.0)
        week = sampling.now.totals.week
        return {hour: rate for hour, rate in enumerate(week.rates) if week.weights[hour] > 0.0}

    usual, gappy = lived(range(0)), lived(range(6, 12))
    assert len(usual) - len(gappy) in {5, 6}
    assert gappy == pytest.approx({hour: usual[hour] for hour in gappy}, rel=1e-3)


def test_time_off_before_a_start_is_known_even_where_the_first_samples_have_no_intensity() -> None:
    clock = FakeClock()
    first = rig(Machine(clock), intensity=FakeProvider())
    first.sample_after(5.0)
    clock.advance(8 * 3600.0)
    second = rig(Machine(clock), totals=first.now.totals, intensity=FakeProvider(trouble=LATE))
    second.sample_after(3600.0)
    week = second.now.totals.week
    assert week.counted == pytest.approx(8 * 3600.0, rel=1e-2)
    assert learned_grams(week) == pytest.approx(learned_grams(first.now.totals.week), rel=1e-2)


def test_time_of_which_the_cpu_and_then_the_intensity_were_unknown_is_left_out_whole() -> None:
    """Its grams come in one sum, of which a part is missing: it belongs to no hour."""
    provider = FakeProvider()
    sampling = rig(Machine(FakeClock()), intensity=provider)
    sampling.sample_after(QUARTER)
    known = sampling.now.totals.week.counted
    sampling.machine.broken = {"cpu"}
    for trouble in (None, LATE, None):
        provider.trouble = trouble
        sampling.sample_after(QUARTER, bytes_per_second=1e5)
    sampling.machine.broken = set()
    sampling.sample_after(QUARTER)
    assert sampling.now.totals.week.counted == pytest.approx(known, rel=1e-2)
    assert grams(sampling) > 0.0
    sampling.sample_after(QUARTER)
    assert sampling.now.totals.week.counted == pytest.approx(known + QUARTER, rel=1e-2)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (TROUBLES[0], "its file is two days old"),
        (TROUBLES[1], "no value"),
        (TROUBLES[2], "No such file or directory: /run/grid.json"),
        (TROUBLES[3], "its answer is not understood (TimeoutError)"),
        (TROUBLES[4], "its answer is not understood (KeyError)"),
    ],
)
def test_every_view_says_plainly_what_is_wrong(trouble: Exception, told: str) -> None:
    provider = FakeProvider()
    site = make_site(intensity=provider)
    site.sample_after(5.0)
    provider.trouble = trouble
    site.sample_after(5.0)
    said = answer(site, "/api/v1/summary")
    assert (said["intensity"], said["intensity_troubles"]) == (None, {"fake": told})
    warning = f"No carbon intensity from fake: {told}. Energy still counts, its grams do not"
    assert any(flag["level"] == "warning" and flag["text"].startswith(warning) for flag in said["flags"])
    text = Document(page(site)).text
    assert f"carbon intensity unknown; fake: {told}" in text
    assert warning in text
    value, why = table(site)["emissions"]
    assert value == "unknown"
    assert why.endswith(f"carbon intensity unknown; fake: {told}")
    provider.trouble = None
    site.sample_after(5.0)
    assert answer(site, "/api/v1/summary")["intensity_troubles"] == {}
    assert "unknown" not in table(site)["emissions"][0]


def test_the_log_says_when_a_provider_begins_to_fail_and_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    provider = FakeProvider()
    sampling = rig(Machine(FakeClock()), intensity=provider)
    for trouble in (None, LATE, KeyError("token=secret"), LATE, None, None):
        provider.trouble = trouble
        sampling.sample_after(60.0)
    assert caplog.messages == [
        "no carbon intensity from fake: its file is two days old",
        "carbon intensity from fake again",
    ]


def test_every_way_to_have_an_intensity_has_its_row() -> None:
    assert PROVIDERS.keys() == set(Grid.__struct_fields__) - {
        "currency",
        "daily_profile",
        "daily_tariff",
        "live",
        "price_per_kwh",
    }
