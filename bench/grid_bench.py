"""Moments of the generated grids beside those of the real ones, and how much a scheduler can save in them.

`python -m bench.grid_bench [--record]` prints, as means over the seeds of one year, what the presets were fitted to
(mean and standard deviation of the intensity) and, as checks to which nothing was fitted, all else. `--calibrate` fits
the two parameters of each preset anew, over other seeds: `base_gigawatts` of its demand to the mean, `share` of its
exchange to the standard deviation. `--plot FILE` draws a week in January and one in July.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.record import record, table
from simulator.arrays import FloatArray
from simulator.grid.generator import Dispatch, carbon_intensity, dispatch, generate
from simulator.grid.power_system import PowerSystem
from simulator.grid.presets import PRESETS
from simulator.grid.series import KWH_PER_MWH
from simulator.streams import Stream, generator

START = datetime(2020, 1, 1, tzinfo=UTC)
HOURS = 8784
SEEDS = range(20)
CALIBRATION_SEEDS = range(100, 300)
SLACK_HOURS = 12
LAGS = (1, 6, 24)
STEPS = 12
GWH_PER_TWH = 1000.0
WEEKS = {"a week in January": 12, "a week in July": 194}
PRICE_AXIS = (-30, 90)
HEAD = ("preset", "figure", "generated, mean of 20 seeds", "their range", "real, 2020")
TITLE = "Generated grids beside the real ones"
EXPLANATION = """`python -m bench.grid_bench --record`: the year 2020 with each of 20 seeds. Two parameters
of each preset were fitted to the mean and the standard deviation, over 200 other seeds; nothing was fitted to the other
figures. A saving is what a job of an hour saves of its carbon when it may begin up to 12 hours later: by the
year's mean of each hour of the day, or by perfect knowledge. "-": not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """Figures of a real grid in 2020, by the hour or finer, from ENTSO-E: g/kWh, and savings as shares.

    `price` is the mean of the day-ahead market in EUR/MWh, `errors` are those of persistence at `LAGS`; energies are
    TWh, from the statistics that the presets name.
    """

    mean: float
    deviation: float
    by_hour: float
    by_foresight: float
    price: float
    demand: float
    wind: float
    solar: float
    errors: tuple[float | None, ...] = (None, None, None)


REAL = {
    "gb": Real(
        mean=218,
        deviation=68,
        by_hour=0.081,
        by_foresight=0.156,
        price=39.6,
        demand=313,
        wind=75,
        solar=13,
        errors=(17, 48, 67),
    ),
    "de": Real(mean=315, deviation=111, by_hour=0.083, by_foresight=0.141, price=30.5, demand=488, wind=131, solar=51),
    "fr": Real(mean=57, deviation=20, by_hour=0.053, by_foresight=0.108, price=32.2, demand=457, wind=40, solar=13),
}


def runs(system: PowerSystem, seeds: Iterable[int]) -> list[Dispatch]:
    """Return a year of a power system for each seed."""
    return [dispatch(system, START, HOURS, generator(seed, Stream.GRID)) for seed in seeds]


def savings(intensity: FloatArray) -> tuple[float, float]:
    """Return the share of its carbon that a job of an hour saves when it begins up to `SLACK_HOURS` later.

    The first goes by the year's mean of each hour of the day, the second by perfect knowledge. A job comes each hour.
    """
    starts = len(intensity) - SLACK_HOURS
    choices = np.stack([intensity[wait : wait + starts] for wait in range(SLACK_HOURS + 1)], axis=1)
    hours = np.arange(starts) % 24
    by_hour = np.array([intensity[hour::24].mean() for hour in range(24)])
    waits = np.array([np.argmin(np.roll(by_hour, -hour)[: SLACK_HOURS + 1]) for hour in range(24)])
    at_once = choices[:, 0].mean()
    chosen = choices[np.arange(starts), waits[hours]].mean()
    return 1 - float(chosen / at_once), 1 - float(choices.min(axis=1).mean() / at_once)


def persistence_error(intensity: FloatArray, hours: int) -> float:
    """Return the root mean square error of the value of some hours ago."""
    return float(np.sqrt(np.mean((intensity[hours:] - intensity[:-hours]) ** 2)))


def moments(system: PowerSystem) -> FloatArray:
    """Return mean and standard deviation of the intensity, as means over the seeds of the fit."""
    years = [carbon_intensity(run, system) for run in runs(system, CALIBRATION_SEEDS)]
    return np.array([np.mean([year.mean() for year in years]), np.mean([year.std() for year in years])])


def changed(system: PowerSystem, parameters: FloatArray) -> PowerSystem:
    """Return a power system with other values of the two parameters that are fitted."""
    base, share = parameters.tolist()
    return replace(
        system,
        demand=replace(system.demand, base_gigawatts=base),
        exchange=replace(system.exchange, share=share),
    )


def calibrate(name: str) -> str:
    """Fit the parameters of a preset by Newton's method on the moments of the same seeds, and say which they are."""
    system, real = PRESETS[name].model, REAL[name]
    assert isinstance(system, PowerSystem)
    target = np.array([real.mean, real.deviation])
    parameters, nudges = np.array([system.demand.base_gigawatts, system.exchange.share]), np.array([0.2, 0.02])
    for _ in range(STEPS):
        here = moments(changed(system, parameters))
        if np.abs(here / target - 1).max() < 1e-3:
            break
        slopes = [(moments(changed(system, parameters + nudge)) - here) / nudge.sum() for nudge in np.diag(nudges)]
        parameters = parameters + np.linalg.solve(np.array(slopes).T, target - here)
    return f"{name}: base_gigawatts={parameters[0]:.2f}, share={parameters[1]:.3f}: {here.round(1).tolist()}"


def figures(name: str) -> list[tuple[str, ...]]:
    """Return the rows of a preset: what, generated with the range of the seeds, real."""
    system, real = PRESETS[name].model, REAL[name]
    assert isinstance(system, PowerSystem)
    made = runs(system, SEEDS)
    years = [carbon_intensity(run, system) for run in made]
    saved = [savings(year) for year in years]
    rows = [
        _row(name, "mean, g/kWh (fitted)", "{:.1f}", [year.mean() for year in years], real.mean),
        _row(name, "standard deviation, g/kWh (fitted)", "{:.1f}", [year.std() for year in years], real.deviation),
        _row(name, "saved by hour of the day", "{:.1%}", [one[0] for one in saved], real.by_hour),
        _row(name, "saved by perfect knowledge", "{:.1%}", [one[1] for one in saved], real.by_foresight),
    ]
    for lag, error in zip(LAGS, real.errors, strict=True):
        errors = [persistence_error(year, lag) for year in years]
        rows.append(_row(name, f"error of persistence at {lag} h, g/kWh", "{:.1f}", errors, error))
    return [
        *rows,
        _row(name, "mean price, EUR/MWh", "{:.1f}", [run.price.mean() for run in made], real.price),
        _row(name, "demand, TWh", "{:.0f}", [_terawatt_hours(run.demand) for run in made], real.demand),
        _row(name, "wind, TWh", "{:.0f}", [_terawatt_hours(run.output[:, 0]) for run in made], real.wind),
        _row(name, "solar, TWh", "{:.1f}", [_terawatt_hours(run.output[:, 1]) for run in made], real.solar),
    ]


def _row(name: str, what: str, form: str, values: Sequence[float], real: float | None) -> tuple[str, ...]:
    """Return a row: the mean over the seeds, their range, and the real figure where it is known."""
    span = f"{form.format(min(values))} to {form.format(max(values))}"
    known = "-" if real is None else form.format(real)
    return name, what, form.format(float(np.mean(values))), span, known


def _terawatt_hours(gigawatts: FloatArray) -> float:
    return float(gigawatts.sum()) / GWH_PER_TWH


def draw(path: Path) -> None:
    """Draw carbon intensity and price of each country in a week of January and one of July."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - slow to import, and only needed here

    figure, axes = plt.subplots(
        len(REAL), len(WEEKS), figsize=(11, 7.5), sharex=True, sharey="row", layout="constrained"
    )
    for row, name in enumerate(REAL):
        year = generate(PRESETS[name], START, HOURS, generator(0, Stream.GRID))
        for column, (title, day) in enumerate(WEEKS.items()):
            hours = slice(24 * day, 24 * (day + 7))
            days = np.arange(7 * 24) / 24
            left, right = axes[row, column], axes[row, column].twinx()
            left.step(days, year.intensity_grams_per_kwh[hours], where="post", color="tab:green")
            right.step(days, KWH_PER_MWH * year.price_per_kwh[hours], where="post", color="tab:gray", linewidth=0.8)
            left.set_title(f"{name}, {title}", fontsize=10)
            left.set_ylim(bottom=0)
            right.set_ylim(*PRICE_AXIS)
            left.set_ylabel("g/kWh (green)" if column == 0 else "")
            right.set_ylabel("EUR/MWh (grey)" if column == 1 else "")
    for axis in axes[-1]:
        axis.set_xlabel("day of the week, from Monday 0:00 UTC")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the table, record it, fit or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write results/grid.md")
    parser.add_argument("--calibrate", action="store_true", help="fit the presets and print the parameters")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw two weeks of each preset")
    arguments = parser.parse_args()
    if arguments.plot:
        draw(arguments.plot)
    elif arguments.calibrate:
        for name in REAL:
            print(calibrate(name), flush=True)
    else:
        text = table(HEAD, [row for name in REAL for row in figures(name)])
        print(text)
        if arguments.record:
            record("grid", [TITLE, EXPLANATION, text])


if __name__ == "__main__":
    main()
