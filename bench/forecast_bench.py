"""Speed and size of asking forecasts: the time of a site, of a tick of a thousand nodes, and the memory of `serve`.

`python -m bench.forecast_bench [--record]` learns from a year of generated weather, in a minute, and prints CPU times.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from bench.record import record, table
from exporter.core.units import HOURS_PER_DAY, Seconds
from simulator.assembly.history import supply_days
from simulator.assembly.layout import layout_of
from simulator.energy.interface import POINTS_PER_DAY, Site
from simulator.energy.supply import LocalSupply
from simulator.forecast.checkpoint import FORMAT, Heading
from simulator.forecast.conformal import Calibrated
from simulator.forecast.dataset import TYPICAL_DAYS, typical_year
from simulator.forecast.gate import BAND_ENDS
from simulator.forecast.interface import HOURLY, LEVELS, MONTHS, Fitted, Kind, Series
from simulator.forecast.learnt import Learnt
from simulator.forecast.models.banded import Banded
from simulator.forecast.models.catalogue import LEARNING, MODELS, TORCH
from simulator.forecast.pair import Pair
from simulator.forecast.serving import LOOKBACK_DAYS, POINTS_PER_HOUR, HourlyForecaster, Past, Source
from simulator.forecast.splits import fixed_split
from simulator.forecast.training import train
from simulator.live.course import Course
from simulator.live.forecasts import KEPT_HOURS
from simulator.live.lessons import SKY_EVERY, Hours, Lesson, LessonHeading, Skies, panels_of
from simulator.live.told import ToldForecaster
from simulator.scenario import load
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario

NODES, SITES = 1000, 20
GOALS = {"site": 1.0, "tick": 20.0, "serve": 90.0, "train": 180.0}
"""Most milliseconds of a site and of a tick, MiB of `serve`, and seconds of a training that are aimed at."""

LEARNING_DAYS = {True: 90, False: 365}
"""Days from which a network learns here, and others: the time of asking does not depend on them."""

REPEATS = 300
WARM_SECONDS = 90.0
SPEED = 7200.0
"""Time after which memory is read, and the speed until then: the child has learnt, and forecasts of days were held
against what came."""

PORT = "127.0.0.1:0"


def main() -> None:
    """Print the figures, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/forecast_serving.md")
    options = parser.parse_args()
    parts = list(figures())
    print("\n\n".join(parts))
    if options.record:
        told = f"""\
`python -m bench.forecast_bench --record`: medians of CPU time on one core. A site is one asking for the next 24 hours
with the {LOOKBACK_DAYS} days before; a tick, once in a simulated hour, asks for the buses of {NODES} nodes at
{SITES} sites, whose panels differ, and spreads the answers over the steps. A live one asks the reference as well, with
the bands of both, and holds them against what came. Goals: {GOALS["site"]:g} ms a site for
linear models and trees, {GOALS["tick"]:g} ms a tick, {GOALS["serve"]:g} MiB for `serve` without torch,
{GOALS["train"]:g} s for a training on two cores."""
        record("forecast_serving", ["Asking forecasts", told, *parts])


def figures() -> Iterator[str]:
    """Yield the tables."""
    series = year()
    rows: list[list[str]] = []
    for name in ("convex", "ridge", "boosting", "MLP", "ensemble", "published LSTM", "LSTM", "attention"):
        if name == "MLP":  # the first that learns by torch, with which it is not asked
            before = ", ".join(row[0] for row in rows)
            yield f"torch was loaded by none of {before}: {'torch' not in sys.modules}."
        fitted = MODELS[name].fit(series.observed_until(LEARNING_DAYS[name in TORCH] * HOURS_PER_DAY - 1), 1)
        ticks = [f"{one(fitted, series):.1f}" for one in (tick_milliseconds, live_milliseconds)]
        rows.append([name, f"{site_milliseconds(fitted, series):.2f}", *ticks])
    tick = f"a tick of {NODES} nodes, ms"
    yield table(["model", "a site, ms", tick, f"{tick}, live"], rows)
    for kind in (Kind.SOLAR, Kind.WIND):
        yield (
            f"All {len(LEARNING)} models compete on {kind} power of Greensboro's typical year, and the best learn "
            f"anew, in {training_seconds(kind):.0f} s of CPU time."
        )
    for section in ("", "forecast: {}"):
        told = f" with `{section}`" if section else ""
        yield f"`serve`{told} takes {serve_mebibytes(section):.0f} MiB of memory after {WARM_SECONDS:g} s."


def year() -> Series:
    """Return a year of generated sun at the site of the scenario `edge`."""
    scenario = load_scenario("edge")
    if not isinstance(scenario, Scenario):
        raise TypeError("edge is a physical scenario")
    layout = layout_of(scenario)
    place = layout.places[0]
    supply = next(bus.supply for bus in layout.buses if bus.supply.kind == "hybrid")
    days, _ = supply_days(place.site, place.weather, supply, scenario.run.days)
    return Series(
        site=replace(place.site, first_day=days.first_day),
        kind=Kind.SOLAR,
        step=HOURLY,
        rated=LocalSupply(solar=supply.solar).solar_peak_watts,
        values=days.values,
        clear_sky=days.clear_sky,
        beside=days.beside,
    )


def training_seconds(kind: Kind) -> float:
    """Return the CPU time in which `forecast train` has all models compete with one seed."""
    series = typical_year("greensboro", kind)
    began = time.process_time()
    train([MODELS["convex"], *LEARNING], series, fixed_split(series), 1, lambda _done, _of: None)
    return time.process_time() - began


def window(series: Series, end: int) -> tuple[Site, Past]:
    """Return the days before a midnight, and the site with the day that begins then."""
    begin = end - LOOKBACK_DAYS * HOURS_PER_DAY
    site = replace(series.site, first_day=series.site.first_day + timedelta(days=end // HOURS_PER_DAY))
    hours = slice(begin, end)
    return site, Past(values=series.values[hours], clear_sky=series.clear_sky[hours], beside=series.beside[hours])


def site_milliseconds(fitted: Fitted, series: Series) -> float:
    """Return the time in which a model tells the next 24 hours of a site at noon."""
    end = 200 * HOURS_PER_DAY
    site, past = window(series, end)
    asked = replace(
        series,
        site=replace(site, first_day=site.first_day - timedelta(days=LOOKBACK_DAYS)),
        values=np.append(past.values, series.values[end : end + 12]),
        clear_sky=series.clear_sky[end - len(past.values) : end + 36],
        beside=np.append(past.beside, series.beside[end : end + 12]),
    )
    origins = np.array([len(asked.values) - 1])
    return milliseconds(lambda: fitted.expect(asked, origins))


def tick_milliseconds(fitted: Fitted, series: Series) -> float:
    """Return the time of an hour's first asking for NODES nodes, each on a bus of its own at one of SITES sites."""
    start = 200 * HOURS_PER_DAY
    site, past = window(series, start)
    learnt = Learnt(kind=Kind.SOLAR, rated=series.rated, model="", why="", fitted=fitted)
    sources = [
        Source(
            buses=tuple(range(one, NODES, SITES)), beside=None, site=site, lead=Seconds(0.0), learnt=learnt, past=past
        )
        for one in range(SITES)
    ]

    def parts(step: int) -> tuple[np.ndarray, np.ndarray]:
        watts = np.full(NODES, series.values[start + step // POINTS_PER_HOUR])
        return watts, watts

    def sky(day: int) -> np.ndarray:
        hours = series.clear_sky[start + day * HOURS_PER_DAY :][:HOURS_PER_DAY]
        return np.repeat(hours, POINTS_PER_HOUR)[:, np.newaxis].repeat(NODES, axis=1)

    forecaster = HourlyForecaster("", sources, NODES, parts, sky, Seconds(300.0))
    times = []
    for step in range(2 * POINTS_PER_DAY):
        begin = time.process_time()
        forecaster.observe(step, parts(step)[0])
        if (step + 1) % POINTS_PER_HOUR == 0:
            forecaster.forecast(step + 1, POINTS_PER_DAY)
            times.append(time.process_time() - begin)
    return statistics.median(times) * 1000.0


def live_milliseconds(fitted: Fitted, series: Series) -> float:
    """Return the time of an hour in a live run: all sites are asked, model and reference, and a policy is told."""
    start = 200 * HOURS_PER_DAY
    scenario = load_scenario("edge")
    if not isinstance(scenario, Scenario):
        raise TypeError("edge is a physical scenario")
    layout = layout_of(scenario, count=NODES)
    places = tuple(replace(layout.places[0], name=f"{site}") for site in range(SITES))
    buses = tuple(replace(bus, place=number % SITES) for number, bus in enumerate(layout.buses))
    layout = replace(layout, places=places, buses=buses)
    hours = Hours(site=window(series, start)[0], lead=0)
    courses = [Course(_lesson(fitted, series), "", hours) for _ in range(SITES)]
    power = np.ones((TYPICAL_DAYS // SKY_EVERY, POINTS_PER_DAY, int(panels_of(layout).max())), np.float32)
    skies, watts = Skies(power), np.ones(len(layout.buses))

    def told(site: int, kind: Kind) -> np.ndarray | None:
        return courses[site].ahead if kind is series.kind else None

    forecaster = ToldForecaster("", layout, told, lambda: skies, lambda _step: (watts, watts), Seconds(300.0))
    times = []
    for hour in range(LOOKBACK_DAYS * HOURS_PER_DAY):
        seen = slice(start + max(0, hour + 1 - KEPT_HOURS), start + hour + 1)
        forecaster.observe((hour + 1) * POINTS_PER_HOUR - 1, watts)
        begin = time.process_time()
        for course in courses:
            course.hour(hour, series.values[seen], series.beside[seen])
        forecaster.forecast((hour + 1) * POINTS_PER_HOUR, POINTS_PER_DAY)
        times.append(time.process_time() - begin)
    return statistics.median(times[2 * HOURS_PER_DAY :]) * 1000.0


def _lesson(fitted: Fitted, series: Series) -> Lesson:
    """Return a lesson of a model and the convex reference, whose bands are as wide as they are."""
    count, moves = len(BAND_ENDS), np.zeros((MONTHS, len(LEVELS), series.horizons))
    heading = Heading(
        format=FORMAT,
        models=("",) * count,
        candidates=(),
        kind=series.kind,
        step_seconds=series.step,
        horizons=series.horizons,
        seed=1,
        data="",
        training="",
        validation=(),
        versions={},
    )
    model, reference = (
        Calibrated(Banded((one,) * count, BAND_ENDS), moves) for one in (fitted, MODELS["convex"].fit(series, 1))
    )
    none = ("",) * count
    pair = Pair(model=model, reference=reference, heading=heading, ends=BAND_ENDS, references=none, reasons=none)
    first = series.site.first_day
    of = LessonHeading(site=0, kind=series.kind, rated=series.rated, reasons=none, refused="", sky_from=first)
    return Lesson(heading=of, pair=pair, sky=series.clear_sky[: TYPICAL_DAYS * HOURS_PER_DAY])


def milliseconds(ask: Callable[[], object]) -> float:
    """Return the median CPU time of an asking."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        ask()
        times.append(time.process_time() - begin)
    return statistics.median(times) * 1000.0


def serve_mebibytes(section: str) -> float:
    """Return the resident memory of the live job, with a section added to the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.yaml"
        shipped = (Path(load.__file__).parent / "edge.yaml").read_text(encoding="utf-8")
        file.write_text(f"{shipped}\n{section}\n", encoding="utf-8")
        return _resident([f"--scenario={file}", f"--speed={SPEED:g}", f"--web.listen-address={PORT}"])


def _resident(flags: list[str]) -> float:
    job = subprocess.Popen([sys.executable, "-m", "simulator", "serve", *flags], stderr=subprocess.DEVNULL)
    try:
        time.sleep(WARM_SECONDS)
        status = Path(f"/proc/{job.pid}/status").read_text(encoding="ascii")
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return float(kilobytes) / 1024.0
    finally:
        job.terminate()
        job.wait(WARM_SECONDS)


if __name__ == "__main__":
    main()
