"""Generated grids: the moments of the real ones, physics in each hour, and the same beginning whatever follows."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.grid.demand import demand_shape, storage_course
from simulator.grid.generator import Dispatch, carbon_intensity, dispatch, generate, mean_lacking
from simulator.grid.merit_order import Offer, clear
from simulator.grid.power_system import PowerSystem
from simulator.grid.presets import GB_WORKDAY, GREAT_BRITAIN, PRESETS
from simulator.grid.series import GridError
from simulator.grid.weather import Memory, clear_sky, processes
from simulator.streams import Stream, generator

START = datetime(2020, 1, 1, tzinfo=UTC)
YEAR_HOURS = 8784
SEEDS = range(20)
COUNTRIES = {"gb": (218, 68), "de": (315, 111), "fr": (57, 20)}
"""Mean and standard deviation of the intensity in 2020, in g/kWh, by the hour or finer (from ENTSO-E)."""


def system(name: str) -> PowerSystem:
    """Return the power system of a preset."""
    model = PRESETS[name].model
    assert isinstance(model, PowerSystem)
    return model


@cache
def run(name: str, seed: int, hours: int = 24 * 60, start: datetime = START) -> Dispatch:
    """Return hours of a preset, which many tests look at."""
    return dispatch(system(name), start, hours, generator(seed, Stream.GRID))


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTRIES)
def test_mean_and_spread_are_those_of_the_real_grid(name: str) -> None:
    years = [carbon_intensity(run(name, seed, YEAR_HOURS), system(name)) for seed in SEEDS]
    mean, deviation = COUNTRIES[name]
    assert np.mean([year.mean() for year in years]) == pytest.approx(mean, rel=0.03)
    assert np.mean([year.std() for year in years]) == pytest.approx(deviation, rel=0.1)


def test_the_flat_grid_is_flat() -> None:
    flat = generate(PRESETS["flat"], START, 100, generator(1, Stream.GRID))
    assert set(flat.intensity_grams_per_kwh.tolist()) == {400.0}
    assert set(flat.price_per_kwh.tolist()) == {0.12}


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    first, again, other = (generate(PRESETS[name], START, 500, generator(seed, Stream.GRID)) for seed in (4, 4, 5))
    assert first.intensity_grams_per_kwh.tobytes() == again.intensity_grams_per_kwh.tobytes()
    assert first.price_per_kwh.tobytes() == again.price_per_kwh.tobytes()
    same = first.intensity_grams_per_kwh.tobytes() == other.intensity_grams_per_kwh.tobytes()
    assert same == (name == "flat")


@pytest.mark.parametrize("name", COUNTRIES)
@pytest.mark.parametrize("start", [START, datetime(2021, 3, 27, 17, tzinfo=UTC)])
def test_a_longer_run_begins_like_a_shorter_one(name: str, start: datetime) -> None:
    long = generate(PRESETS[name], start, 700, generator(3, Stream.GRID))
    for hours in (1, 6, 7, 24, 25, 500):
        short = generate(PRESETS[name], start, hours, generator(3, Stream.GRID))
        assert short.intensity_grams_per_kwh.tolist() == long.intensity_grams_per_kwh[:hours].tolist()
        assert short.price_per_kwh.tolist() == long.price_per_kwh[:hours].tolist()


def test_another_future_changes_nothing_in_the_past() -> None:
    memories = (Memory(days=1.0, hours=2.0), Memory(days=10.0, hours=24.0))

    class Shuffled(np.random.Generator):
        """Source of draws whose later hours come in another order."""

        def standard_normal(self, size: tuple[int, int]) -> np.ndarray:  # type: ignore[override]
            draws = super().standard_normal(size)
            draws[30:] = draws[30:][::-1]
            return np.asarray(draws)

    plain = processes(memories, 60, np.random.Generator(np.random.PCG64(1)))
    shuffled = processes(memories, 60, Shuffled(np.random.PCG64(1)))
    assert plain[:30].tolist() == shuffled[:30].tolist()
    assert (plain[31:] != shuffled[31:]).any()


@pytest.mark.parametrize("name", COUNTRIES)
def test_in_each_hour_supply_meets_demand(name: str) -> None:
    hours = run(name, 2, YEAR_HOURS)
    supply = hours.output.sum(axis=1) + hours.imported + hours.stored
    assert supply == pytest.approx(hours.demand, abs=1e-9)
    assert hours.output.min() >= 0
    assert np.abs(hours.imported).max() <= system(name).exchange.limit_gigawatts


@pytest.mark.parametrize("name", COUNTRIES)
def test_the_sun_gives_nothing_at_night_and_most_in_summer(name: str) -> None:
    sun = run(name, 2, YEAR_HOURS).output[:, 1].reshape(366, 24)
    assert sun[:, [0, 1, 2, 22, 23]].max() == 0
    assert sun[150:210].mean() > 2.5 * sun[:30].mean()


@pytest.mark.parametrize("name", COUNTRIES)
def test_wind_keeps_its_mean_and_blows_more_in_winter(name: str) -> None:
    years = np.array([run(name, seed, YEAR_HOURS).output[:, 0] for seed in SEEDS])
    wind = system(name).wind
    # What is switched off at negative prices is missing: a few percent at most.
    assert years.mean() == pytest.approx(wind.gigawatts * wind.capacity_factor, rel=0.05)
    winter, summer = years[:, : 24 * 60].mean(), years[:, 24 * 180 : 24 * 240].mean()
    assert winter > 1.3 * summer
    assert years.max() <= wind.gigawatts


@pytest.mark.parametrize("name", COUNTRIES)
def test_dearer_hours_are_dirtier(name: str) -> None:
    year = generate(PRESETS[name], START, YEAR_HOURS, generator(0, Stream.GRID))
    assert np.corrcoef(year.intensity_grams_per_kwh, year.price_per_kwh)[0, 1] > 0.5


def test_workdays_need_more_than_sundays_and_holidays() -> None:
    hours = run("de", 1, YEAR_HOURS)
    days = hours.demand.reshape(366, 24).mean(axis=1)
    weekdays = np.array([(START + timedelta(days=number)).weekday() for number in range(366)])
    assert days[weekdays < 5].mean() > 1.1 * days[weekdays == 6].mean()
    shape = demand_shape(system("gb").demand, "Europe/London", datetime(2020, 12, 24, tzinfo=UTC), 72)
    assert shape[33:48] == pytest.approx(shape[9:24] * system("gb").demand.sunday)


@pytest.mark.parametrize(
    ("before", "moved"), [(datetime(2020, 3, 25, tzinfo=UTC), 1), (datetime(2020, 10, 21, tzinfo=UTC), -1)]
)
def test_people_live_by_the_local_clock_when_it_changes(before: datetime, moved: int) -> None:
    """The clocks of Europe change early on the Sunday between the two Wednesdays."""
    demand = GREAT_BRITAIN.demand
    summer_or_winter = demand_shape(demand, "Europe/London", before, 24)
    changed = demand_shape(demand, "Europe/London", before + timedelta(days=7), 24)
    assert changed.tolist() == np.roll(summer_or_winter, -moved).tolist()
    weekend = before + timedelta(days=3)
    saturday_and_sunday = demand_shape(demand, "Europe/London", weekend, 48)
    local = [(weekend + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/London")) for hour in range(48)]
    for one, factor in zip(local, saturday_and_sunday.tolist(), strict=True):
        if one.hour >= 9:
            day = demand.saturday if one.weekday() == 5 else demand.sunday
            assert factor == pytest.approx(day * GB_WORKDAY[one.hour] * 24 / sum(GB_WORKDAY))
    assert {one.utcoffset() for one in local} == {timedelta(0), timedelta(hours=1)}


def test_a_leap_day_has_its_hours() -> None:
    leap = run("fr", 1, 72, datetime(2020, 2, 28, tzinfo=UTC))
    plain = generate(PRESETS["fr"], datetime(2021, 2, 28, tzinfo=UTC), 48, generator(1, Stream.GRID))
    assert len(leap.demand) == 72
    assert plain.end == datetime(2021, 3, 2, tzinfo=UTC)


@given(
    demand=st.lists(st.floats(-20, 100), min_size=1, max_size=20),
    offers=st.lists(st.tuples(st.floats(0, 40), st.floats(-90, 90), st.floats(1, 60)), min_size=1, max_size=6),
)
def test_the_cheapest_offers_run_first(demand: list[float], offers: list[tuple[float, float, float]]) -> None:
    wanted = np.array(demand)
    given_offers = [
        Offer(available=np.full(len(demand), available), cheap=cheap, dear=cheap + width)
        for available, cheap, width in offers
    ]
    price, output = clear(wanted, given_offers)
    most = sum(available for available, _, _ in offers)
    assert output.sum(axis=1) == pytest.approx(np.clip(wanted, 0, most), abs=1e-9 * (1 + most))
    for hour, row in enumerate(output):
        for (available, cheap, width), one in zip(offers, row, strict=True):
            assert 0 <= one <= available
            if one > 1e-6:
                assert price[hour] >= cheap
            if one < available - 1e-6:
                assert price[hour] <= cheap + width


def test_a_dispatch_by_hand() -> None:
    wind = Offer(available=np.array([4.0, 4.0, 12.0]), cheap=-10.0, dear=0.0)
    gas = Offer(available=np.full(3, 10.0), cheap=20.0, dear=40.0)
    price, output = clear(np.array([9.0, 20.0, 6.0]), [wind, gas])
    assert price == pytest.approx([30.0, 40.0, -5.0])
    assert output == pytest.approx(np.array([[4.0, 5.0], [4.0, 10.0], [6.0, 0.0]]))


@given(day=st.lists(st.floats(-50, 50), min_size=24, max_size=24), limit=st.floats(0, 30))
def test_storage_gives_back_each_day_what_it_took(day: list[float], limit: float) -> None:
    expected = np.array(day * 6)
    stored = storage_course(expected, limit)[48:96].reshape(2, 24)
    assert stored.sum(axis=1) == pytest.approx(0, abs=1e-9)
    assert np.abs(stored).max() <= limit
    assert (expected[:24] - stored[0]).std() <= np.std(day) + 1e-9


@given(days=st.lists(st.lists(st.floats(-50, 50), min_size=24, max_size=24), min_size=1, max_size=6))
def test_storage_keeps_its_limit_whatever_the_days(days: list[list[float]]) -> None:
    assert np.abs(storage_course(np.array(days).ravel(), 3.0)).max() <= 3.0


@pytest.mark.parametrize("name", COUNTRIES)
def test_nothing_happens_at_midnight(name: str) -> None:
    """A change of day, of week or of plan is no step: in the mean no hour moves much more than the steepest others."""
    weeks = [carbon_intensity(run(name, seed, 52 * 168), system(name)) for seed in range(6)]
    moves = np.mean([np.diff(week, append=week[-1]).reshape(52, 7, 24).mean(axis=0) for week in weeks], axis=0)
    nights = np.abs(np.concatenate([moves[:, :2], moves[:, 22:]], axis=1))
    assert nights.max() <= np.abs(moves[:, 2:22]).max()


@pytest.mark.parametrize("memory", [Memory(days=1.0, hours=1.0), Memory(days=0.5, hours=3.0)])
def test_a_process_is_standard_normal_from_its_first_hour_on(memory: Memory) -> None:
    random = generator(7, Stream.GRID)
    starts = np.array([processes((memory,), 3, random)[:, 0] for _ in range(4000)])
    assert starts.mean(axis=0) == pytest.approx(0, abs=0.06)
    assert starts.std(axis=0) == pytest.approx(1, abs=0.05)
    long = processes((memory,), 40_000, random)[:, 0]
    near, far = (float(np.corrcoef(long[lag:], long[:-lag])[0, 1]) for lag in (1, 24))
    assert near > 0.95
    assert far == pytest.approx(np.exp(-1 / memory.days), abs=0.1)


@settings(max_examples=40)
@given(latitude=st.floats(-66, 66), longitude=st.floats(-180, 180))
def test_a_year_of_sun_has_as_much_day_as_night(latitude: float, longitude: float) -> None:
    days = np.arange(0.0, 365.0, 1 / 96)
    light = clear_sky(days, latitude, longitude)
    assert light.min() == 0
    assert light.max() < 1098
    assert (light > 0).mean() == pytest.approx(0.5, abs=0.01)


def test_the_noon_of_an_equinox_by_hand() -> None:
    """At the equinox the sun stands in the zenith of the equator: 1098 x exp(-0.057) W/m2."""
    days = 80 + np.arange(24) / 24
    assert clear_sky(days, 0.0, 0.0).max() == pytest.approx(1098 * np.exp(-0.057), rel=1e-3)
    assert int(np.argmax(clear_sky(days, 0.0, 90.0))) == 6


def test_lines_carry_in_the_mean_what_the_preset_says() -> None:
    for name in COUNTRIES:
        years = [run(name, seed, YEAR_HOURS).imported.mean() for seed in range(5)]
        lines = system(name).exchange
        assert np.mean(years) == pytest.approx(lines.mean_import_gigawatts, abs=0.1 * lines.limit_gigawatts)
        assert mean_lacking(system(name)) > 0


def test_a_small_run_is_as_it_was() -> None:
    """A change of these figures changes every result that was made with a generated grid."""
    day = generate(PRESETS["gb"], START, 6, generator(11, Stream.GRID))
    assert day.intensity_grams_per_kwh == pytest.approx(
        [225.0729, 220.3209, 233.6134, 240.47, 235.1405, 238.1725], abs=1e-4
    )
    assert day.price_per_kwh == pytest.approx(
        [0.0392235, 0.0386375, 0.0395098, 0.0397571, 0.039351, 0.0396936], abs=1e-7
    )


def test_hours_follow_one_another_without_jumps() -> None:
    year = carbon_intensity(run("gb", 3, YEAR_HOURS), system("gb"))
    steps = [abs(later - earlier) for earlier, later in pairwise(year.tolist())]
    assert max(steps) < 110


@pytest.mark.parametrize(("start", "hours"), [(START.replace(tzinfo=None), 5), (START, 0)])
def test_a_run_that_makes_no_sense_is_refused(start: datetime, hours: int) -> None:
    with pytest.raises(GridError, match="GB: expected a start with its time zone and hours >= 1"):
        generate(PRESETS["gb"], start, hours, generator(1, Stream.GRID))
