"""Comparison of the simulator's sun and wind with the typical years from which its climates come.

`python -m bench.supply_bench --record` simulates 200 years at both stations, in about a minute, and writes
`bench/results/supply.md` and the picture beside it.
"""

import argparse
import calendar
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np

from bench.record import RESULTS, record, table
from simulator.arrays import FloatArray
from simulator.energy.solar import SolarArray
from tests.simulator.energy.typical_years import STATIONS, by_month, simulated_months

SEEDS = 200
MONTHS = tuple(calendar.month_abbr[month] for month in range(1, 13))
QUANTITIES = ("Sun on level ground, W/m\u00b2", "Turbine of 80 W, W")

TILTED = SolarArray(
    area_square_metres=1.0,
    efficiency=0.2,
    tilt_degrees=30.0,
    azimuth_degrees=180.0,
    system_losses_ratio=0.0,
    incidence_coefficient=0.0,
)


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/supply.md and supply.png")
    options = parser.parse_args()
    observed = {name: by_month(station.days()) for name, station in STATIONS.items()}
    simulated = {name: np.array([simulated_months(name, seed) for seed in range(SEEDS)]) for name in STATIONS}
    parts = [months(name, observed[name], simulated[name]) for name in STATIONS]
    parts += ["## Panels over a typical year", panels()]
    print("\n\n".join(parts))
    if options.record:
        told = (
            f"Means of {SEEDS} seeds, and the deviation of single years; stations and turbine are those of the tests."
        )
        record("supply", ["Sun and wind beside typical years", told, *parts])
        (RESULTS / "supply.png").write_bytes(picture(observed, simulated))


def months(name: str, observed: FloatArray, simulated: FloatArray) -> str:
    """Return the table of a station: observed (2, 12), and simulated (seeds, 2, 12)."""
    head = ["month"] + [text for one in QUANTITIES for text in (one, "simulated", "off by")]
    return f"## {name}\n\n{table(head, _rows(observed, simulated))}"


def _rows(observed: FloatArray, simulated: FloatArray) -> Iterator[list[str]]:
    mean, spread = simulated.mean(axis=0), simulated.std(axis=0)
    for month, name in enumerate(MONTHS):
        row = [name]
        for which, digits in ((0, 0), (1, 2)):
            seen, found, deviation = (one[which, month] for one in (observed, mean, spread))
            row += [f"{seen:.{digits}f}", f"{found:.{digits}f} ({deviation:.{digits}f})", f"{found / seen - 1:+.1%}"]
        yield row


def panels() -> str:
    """Return what a level panel, and what reflection, loses over the year."""
    rows = []
    for name, station in STATIONS.items():
        days = station.days()

        def taken_in(panel: SolarArray, days: list = days) -> float:  # type: ignore[type-arg]
            return float(np.mean([panel.irradiance(day) for day in days]))

        level, best = replace(TILTED, tilt_degrees=0.0), taken_in(TILTED)
        shares = [
            1 - taken_in(level) / best,
            1 - taken_in(replace(TILTED, incidence_coefficient=0.05)) / best,
            1 - taken_in(replace(level, incidence_coefficient=0.05)) / taken_in(level),
        ]
        rows.append([name, f"{best * 8.76:.0f}", *(f"{share:.1%}" for share in shares)])
    head = [
        "station",
        "kWh/m\u00b2 at 30 degrees",
        "less when level",
        "reflected at 30 degrees",
        "reflected when level",
    ]
    return table(head, rows)


def picture(observed: dict[str, FloatArray], simulated: dict[str, FloatArray]) -> bytes:
    """Return a PNG with a plot for each station and quantity."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for the record

    figure = Figure(figsize=(10, 6), layout="constrained")
    plots = figure.subplots(2, len(observed), sharex=True)
    at = np.arange(12)
    for column, name in enumerate(observed):
        for which, quantity in enumerate(QUANTITIES):
            plot, values = plots[which, column], simulated[name][:, which]
            plot.bar(at, observed[name][which], color="#c9d3dd", label="typical year")
            plot.errorbar(
                at,
                values.mean(axis=0),
                values.std(axis=0),
                fmt="o",
                color="#1f5f8b",
                ms=4,
                capsize=3,
                label="simulated",
            )
            plot.set_title(name if which == 0 else "")
            plot.set_ylabel(quantity if column == 0 else "")
            plot.set_xticks(at, MONTHS)
            plot.set_ylim(bottom=0)
            plot.spines[["top", "right"]].set_visible(False)
    plots[0, 0].legend(frameon=False, loc="upper left")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()


if __name__ == "__main__":
    main()
