"""Histories of recordings: what lies before the run is learnt from, and nothing of the run itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from simulator.arrays import FloatArray
from simulator.assembly.forecasts import TOO_SHORT, Request, sources_of, zones_of
from simulator.assembly.layout import layout_of
from simulator.forecast.intensity import Zone
from simulator.forecast.interface import State
from simulator.forecast.serving import Past, Source
from simulator.run.job import Job, Method
from simulator.run.simulate import simulate
from simulator.scenario.schema import ForecastSection, GridSection, Scenario
from simulator.scenario.supply import WeatherSection
from tests.simulator.scenario.scenarios import edge

FIRST_DAY = date(2025, 3, 20)
CONVEX = Request(choice="convex", checkpoints=(), days=2)
NASA_POWER = Path(__file__).parents[1] / "energy/fixtures/nasa_power.csv"


def weather_file(folder: Path, name: str, before: int, seed: int, later: int) -> str:
    """Write hourly weather of so many days before the first day from one seed, and of four from another."""
    head = NASA_POWER.read_text().splitlines()[:13]
    random, other = np.random.default_rng(seed), np.random.default_rng(later)
    rows = []
    for hour in range(-24 * before, 24 * 4):
        time = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(hours=hour)
        draw = (random if hour < 0 else other).random()
        sun = max(0.0, 800.0 * np.sin((time.hour - 6) / 12 * np.pi)) * draw
        rows.append(f"{time.year},{time.month},{time.day},{time.hour},{sun:.2f},10.00,{8 * draw:.2f},98.00")
    path = folder / name
    path.write_text("\n".join([*head, *rows]) + "\n")
    return str(path)


def grid_file(folder: Path, name: str, before: int, seed: int, later: int) -> str:
    """Write hours of a grid of so many days before the first day from one seed, and of four from another."""
    random, other = np.random.default_rng(seed), np.random.default_rng(later)
    start = datetime(2025, 3, 20, 5, tzinfo=UTC)
    hours = range(-24 * before, 24 * 4)
    rows = [
        f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%MZ},{200 + 100 * (random if hour < 0 else other).random():.3f},"
        for hour in hours
    ]
    path = folder / name
    path.write_text("\n".join(["time,intensity,price", *rows]) + "\n")
    return str(path)


def recorded(weather: str | None = None, grid: str | None = None) -> Scenario:
    """Return the shipped scenario with recordings."""
    scenario = edge(forecast=ForecastSection())
    if weather is not None:
        scenario = msgspec.structs.replace(scenario, weather=WeatherSection(file=weather))
    return scenario if grid is None else msgspec.structs.replace(scenario, grid=GridSection(file=grid))


def same(first: State, second: State) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def pasts(past: Past) -> FloatArray:
    return np.stack([past.values, past.clear_sky, past.beside])


def alike(first: Sequence[Source | Zone], second: Sequence[Source | Zone]) -> bool:
    """Tell whether two lists of sources or zones have learnt the same and saw the same."""
    return all(
        same(one.learnt.fitted.state(), other.learnt.fitted.state()) and (pasts(one.past) == pasts(other.past)).all()
        for one, other in zip(first, second, strict=True)
    )


def test_recorded_weather_of_the_run_teaches_nothing(tmp_path: Path) -> None:
    files = [weather_file(tmp_path, f"{seed}{later}.csv", 80, seed, later) for seed, later in ((1, 2), (1, 3), (4, 2))]
    found = [sources_of(layout_of(recorded(file)), CONVEX) for file in files]
    assert alike(found[0], found[1])
    assert not alike(found[0], found[2])
    assert {one.learnt.model for one in found[0]} == {"convex"}


def test_days_before_a_missing_value_teach_nothing(tmp_path: Path) -> None:
    """Only the days next to the run, without a gap between them and it, are learnt from."""
    longer, shorter = (Path(weather_file(tmp_path, f"{days}.csv", days, 1, 2)) for days in (80, 60))
    rows = longer.read_text().splitlines()
    rows[13 + 24 * 20 :] = shorter.read_text().splitlines()[13:]
    rows[13 + 24 * 20 - 1] = rows[13 + 24 * 20 - 1].replace(",10.00,", ",-999,")
    longer.write_text("\n".join(rows) + "\n")
    found = [sources_of(layout_of(recorded(str(file))), CONVEX) for file in (longer, shorter)]
    assert alike(*found)
    assert {one.learnt.model for one in found[0]} == {"convex"}


def test_a_recorded_grid_of_the_run_teaches_nothing(tmp_path: Path) -> None:
    files = [grid_file(tmp_path, f"{seed}{later}.csv", 80, seed, later) for seed, later in ((1, 2), (1, 3), (4, 2))]
    found = [zones_of(layout_of(recorded(grid=file)), CONVEX) for file in files]
    assert alike(found[0], found[1])
    assert not alike(found[0], found[2])


def test_what_was_before_the_run_is_the_recording_s_own(tmp_path: Path) -> None:
    file = grid_file(tmp_path, "a.csv", 80, 1, 2)
    (zone,) = zones_of(layout_of(recorded(grid=file)), CONVEX)
    values = [float(line.split(",")[1]) for line in Path(file).read_text().splitlines()[1:]]
    assert zone.past.values.tolist() == values[24 * 72 : 24 * 80]


def test_a_run_on_a_short_recording_is_served_by_what_learns_nothing(tmp_path: Path) -> None:
    weather, grid = weather_file(tmp_path, "w.csv", 3, 1, 2), grid_file(tmp_path, "g.csv", 3, 1, 2)
    scenario = recorded(weather, grid)
    layout = layout_of(scenario)
    asked: list[Source | Zone] = [*sources_of(layout, CONVEX), *zones_of(layout, CONVEX)]
    served = [one.learnt for one in asked]
    assert {(one.model, one.why) for one in served} == {("smart persistence", TOO_SHORT)}
    result = simulate(Job(scenario=scenario, method=Method(name="x", policy="shifting"), seed=1))
    assert result.tasks_completed > 4000
