"""Layouts of files that give carbon intensity itself: a plain one, Electricity Maps, the UK's Carbon Intensity API."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simulator.grid.series import GridError
from simulator.grid.table import INTENSITY_RANGE, PRICE_RANGE, Table
from simulator.grid.timeline import Row, utc

TOLD_ZONES = 5
"""Zones of a file that an error names."""


class Basis(StrEnum):
    """Emissions that count: those of the stack, or those of the whole life cycle."""

    DIRECT = "direct"
    LIFE_CYCLE = "life-cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Rows of a file with the zone that it names, if any, and `what` it gives, in words."""

    rows: tuple[Row, ...]
    zone: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Layout of a file: its name, the columns by which it is recognised, and how it is read for a zone and a basis.

    `basis` is that of a file for which none is asked.
    """

    name: str
    fits: Callable[[Table], bool]
    read: Callable[[Table, str, Basis], Content]
    basis: Basis = Basis.LIFE_CYCLE
    prices_only: bool = False


def is_plain(table: Table) -> bool:
    """Tell whether a table has the columns time and intensity."""
    return {"time", "intensity"} <= set(table.names)


def read_plain(table: Table, zone: str, _basis: Basis) -> Content:
    """Read the columns time, intensity in g/kWh and, where there is one, price per kWh. The basis is the file's own."""
    rows = _rows(table, table.column("time"), (table.column("intensity"),), table.place("price"))
    return Content(rows=rows, zone=zone, what="its own intensity")


def is_plain_prices(table: Table) -> bool:
    """Tell whether a table has the columns time and price, and no intensity."""
    return {"time", "price"} <= set(table.names) and "intensity" not in table.names


def read_plain_prices(table: Table, zone: str, _basis: Basis) -> Content:
    """Read the columns time and price per kWh, whatever the basis of the intensity."""
    rows = _rows(table, table.column("time"), (), table.column("price"))
    return Content(rows=rows, zone=zone, what="prices")


def is_electricity_maps(table: Table) -> bool:
    """Tell whether a table has Electricity Maps' columns. The subscript of CO2 may have been lost on the way."""
    return "datetime (utc)" in table.names and any(_maps_column(table, basis) is not None for basis in Basis)


def read_electricity_maps(table: Table, zone: str, basis: Basis) -> Content:
    """Read an hourly export of Electricity Maps (from 2021 on). Raises GridError where it has no such zone or basis."""
    column = _maps_column(table, basis)
    if column is None:
        raise GridError(f"{table.path}: expected a column with the {basis} carbon intensity, found none")
    zones = table.place("zone id", "zone key", "zone name")
    chosen, zone = only_zone(table, zones, zone)
    return Content(
        rows=_rows(chosen, table.column("datetime (utc)"), (column,), None),
        zone=zone,
        what=f"{basis} intensity",
    )


def _maps_column(table: Table, basis: Basis) -> int | None:
    endings = ("(direct)",) if basis is Basis.DIRECT else ("(life cycle)", "(lca)")
    places = [
        place
        for place, name in enumerate(table.names)
        if name.startswith("carbon intensity g") and name.endswith(endings)
    ]
    return places[0] if places else None


UK_TIMES = ("from", "datetime (utc)", "datetime")
UK_ACTUAL = ("actual", "actual carbon intensity (gco2/kwh)", "intensity.actual")
UK_FORECAST = ("forecast", "forecast carbon intensity (gco2/kwh)", "intensity.forecast")


def is_uk(table: Table) -> bool:
    """Tell whether a table has the columns of the Carbon Intensity API, of its website or of NESO's data portal."""
    return all(table.place(*names) is not None for names in (UK_TIMES, UK_ACTUAL, UK_FORECAST))


def read_uk(table: Table, zone: str, basis: Basis) -> Content:
    """Read half hours of Great Britain: the actual value, or the forecast where there is none. All are direct."""
    if basis is not Basis.DIRECT:
        raise GridError(f"{table.path}: expected the basis direct for the UK's Carbon Intensity API, got {basis}")
    rows = _rows(table, table.column(*UK_TIMES), (table.column(*UK_ACTUAL), table.column(*UK_FORECAST)), None)
    return Content(rows=rows, zone=zone or "GB", what="direct intensity, forecasts where there is no actual one")


def only_zone(table: Table, place: int | None, zone: str) -> tuple[Table, str]:
    """Return the table with the rows of one zone alone, and its name. Raises GridError where it is not clear which."""
    if place is None:
        return table, zone
    zones = sorted({cells[place].strip() for _, cells in table.rows if len(cells) > place})
    if zone in zones:
        chosen = zone
    elif len(zones) == 1 and not zone:
        chosen = zones[0]
    else:
        asked = f'the zone "{zone}"' if zone else "one zone, or to be told which"
        told = ", ".join(zones[:TOLD_ZONES]) + (", ..." if len(zones) > TOLD_ZONES else "")
        raise GridError(f"{table.path}: expected {asked}, got {told}")
    rows = tuple((line, cells) for line, cells in table.rows if len(cells) <= place or cells[place].strip() == chosen)
    return Table(path=table.path, names=table.names, rows=rows, mistakes=table.mistakes), chosen


def _rows(table: Table, time: int, intensities: Sequence[int], price: int | None) -> tuple[Row, ...]:
    """Return the rows of a table whose times are ISO 8601, in UTC where they do not say otherwise.

    The intensity is that of the first of its columns that has one.
    """
    rows = []
    for line, cells in table.complete_rows():
        try:
            begins = utc(datetime.fromisoformat(cells[time].strip()))
        except (ValueError, OverflowError):
            begins = None
        if begins is None or begins.microsecond:
            told = f'expected a time such as 2020-03-29T14:00Z, got "{cells[time]}"'
            table.mistakes.add(line, f"{table.names[time]}: {told}")
            continue
        values = (table.number(line, place, cells, INTENSITY_RANGE) for place in intensities)
        rows.append(
            Row(
                line=line,
                time=begins,
                intensity=next((value for value in values if not math.isnan(value)), math.nan),
                price=table.number(line, price, cells, PRICE_RANGE),
            )
        )
    return tuple(rows)
