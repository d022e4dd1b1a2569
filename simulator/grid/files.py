"""Recorded grids: a CSV file in any of the known layouts, as a series without gaps."""

from pathlib import Path

import numpy as np

from simulator.arrays import FloatArray
from simulator.grid.entsoe import is_generation, is_prices, read_generation, read_prices
from simulator.grid.layouts import (
    Basis,
    Content,
    Layout,
    is_electricity_maps,
    is_plain,
    is_plain_prices,
    is_uk,
    read_electricity_maps,
    read_plain,
    read_plain_prices,
    read_uk,
)
from simulator.grid.series import GridError, GridSeries, step_means
from simulator.grid.table import read_table
from simulator.grid.timeline import Timeline, timeline

LAYOUTS = (
    Layout(name="plain", fits=is_plain, read=read_plain),
    Layout(name="plain", fits=is_plain_prices, read=read_plain_prices, prices_only=True),
    Layout(name="Electricity Maps", fits=is_electricity_maps, read=read_electricity_maps),
    Layout(name="UK Carbon Intensity API", fits=is_uk, read=read_uk, basis=Basis.DIRECT),
    Layout(name="ENTSO-E", fits=is_generation, read=read_generation),
    Layout(name="ENTSO-E", fits=is_prices, read=read_prices, prices_only=True),
)
"""All layouts; the first that fits a file's columns is taken."""


def load_grid(path: Path, *, zone: str = "", basis: Basis | None = None, prices: Path | None = None) -> GridSeries:
    """Read carbon intensity, and prices where there are any, from a CSV file; `prices` may come from another file.

    Recognised by their columns are a plain file (time, intensity in g/kWh and perhaps price per kWh) and exports of
    Electricity Maps, of the UK's Carbon Intensity API and of ENTSO-E's Transparency Platform. Without a basis it is
    direct for the UK and life-cycle for all others; a plain file has its own. `zone` chooses among the zones of the
    file and names the series. Raises GridError, in one line, for a file that cannot be used.
    """
    layout, content, found = _read(path, zone, basis)
    if layout.prices_only:
        raise GridError(f"{path}: expected carbon intensity or generation, got prices alone")
    price, told = found.price, [_told(path, layout, content, found)]
    if prices is not None:
        layout, other, priced = _read(prices, "", basis, prices_only=True)
        price, told = _fitted(priced, found), [*told, _told(prices, layout, other, priced)]
    return GridSeries(
        zone=zone or content.zone or path.stem,
        start=found.start,
        step_seconds=found.step_seconds,
        intensity_grams_per_kwh=found.intensity,
        price_per_kwh=price,
        source="; ".join(told),
    )


def _read(path: Path, zone: str, basis: Basis | None, *, prices_only: bool = False) -> tuple[Layout, Content, Timeline]:
    """Read a file in the first layout that fits. Raises GridError where none does."""
    table = read_table(path)
    layout = next((one for one in LAYOUTS if one.fits(table)), None)
    if layout is None:
        known = ", ".join(dict.fromkeys(one.name for one in LAYOUTS))
        raise GridError(f"{path}: line 1: expected the columns of one of the layouts {known}")
    content = layout.read(table, zone, basis or layout.basis)
    table.mistakes.check()
    return layout, content, timeline(content.rows, table.mistakes, prices_only=prices_only or layout.prices_only)


def _told(path: Path, layout: Layout, content: Content, found: Timeline) -> str:
    """Return what a series says of one of its files."""
    note = f", {found.note}" if found.note else ""
    return f"{path.name}: {layout.name}, {content.what}{note}"


def _fitted(prices: Timeline, grid: Timeline) -> FloatArray:
    """Return prices in the steps of a grid: their means, and NaN where they are not known."""
    step, count = prices.step_seconds, len(grid.intensity)
    edges = round((grid.start - prices.start).total_seconds()) + grid.step_seconds * np.arange(count + 1)
    before = max(0, -(edges[0] // step))
    after = max(0, -(-edges[-1] // step) - len(prices.price))
    return step_means(np.pad(prices.price, (before, after), constant_values=np.nan), step, edges + before * step)
