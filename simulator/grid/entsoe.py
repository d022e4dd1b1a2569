"""Layouts of ENTSO-E's Transparency Platform: generation by production type, and day-ahead prices.

Times are those of a "market time unit" (MTU): "25.10.2020 02:00 - 25.10.2020 03:00", or with slashes and seconds. They
are in UTC, or in the local time that the column's name or the cell itself gives in brackets.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from zoneinfo import ZoneInfo

from simulator.grid.emission_factors import DIRECT, LIFE_CYCLE, Fuel
from simulator.grid.layouts import Basis, Content, only_zone
from simulator.grid.series import KWH_PER_MWH, GridError
from simulator.grid.table import INTENSITY_RANGE, PRICE_RANGE, Table
from simulator.grid.timeline import Row

MEGAWATT_RANGE = (-1e6, 1e6)
"""Bounds of a zone's generation by one type in MW: all of Europe has about 1e6 MW of capacity (ENTSO-E 2023). Stations
that take more than they give are below 0."""

ZONES = {
    "UTC": "UTC",
    "CET/CEST": "Europe/Brussels",
    "WET/WEST": "Europe/Lisbon",
    "EET/EEST": "Europe/Helsinki",
    "GMT/BST": "Europe/London",
}
"""Time zones by the name in brackets, each with a place that keeps its time."""

MTU = ("mtu", *(f"mtu ({zone.lower()})" for zone in ZONES))
"""Names of the column of market time units."""

FUELS: dict[str, Fuel | None] = {
    "biomass": Fuel.BIOMASS,
    "energy storage": None,
    "fossil brown coal/lignite": Fuel.COAL,
    "fossil coal-derived gas": Fuel.COAL,
    "fossil gas": Fuel.GAS,
    "fossil hard coal": Fuel.COAL,
    "fossil oil": Fuel.OIL,
    "fossil oil shale": Fuel.COAL,
    "fossil peat": Fuel.COAL,
    "geothermal": Fuel.GEOTHERMAL,
    "hydro pumped storage": None,
    "hydro run-of-river and poundage": Fuel.HYDRO,
    "hydro run-of-river and pondage": Fuel.HYDRO,
    "hydro water reservoir": Fuel.HYDRO,
    "marine": Fuel.MARINE,
    "nuclear": Fuel.NUCLEAR,
    "other": None,
    "other renewable": None,
    "solar": Fuel.SOLAR,
    "waste": None,
    "wind offshore": Fuel.WIND_OFFSHORE,
    "wind onshore": Fuel.WIND_ONSHORE,
}
"""Fuel by ENTSO-E's production type. Storage only gives back what others made, and the fuel of waste and others is not
known: they are left out, which gives them the mean of the rest. Peat, oil shale and gas from coal count as coal."""

_GENERATION = re.compile(r"^(?P<type>.*?) - actual (?:aggregated|consumption) [\[(]mw[\])]$")
_PRICE = re.compile(r"^day-ahead price [\[(](?P<currency>[a-z]{3})/mwh[\])]$")
_UNIT = re.compile(r"^(?P<begins>.+?)(?: - (?P<ends>.+?))?(?: \((?P<zone>[A-Za-z/]+)\))?$")
_FORMS = ("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S")


def is_generation(table: Table) -> bool:
    """Tell whether a table has market time units and generation by type."""
    return table.place(*MTU) is not None and any(_GENERATION.match(name) for name in table.names)


def read_generation(table: Table, zone: str, basis: Basis) -> Content:
    """Read generation by type: the carbon intensity of what the zone makes, without imports, by published factors.

    A row counts where each type that has figures at all has one. Raises GridError for an unknown type or zone.
    """
    factors = LIFE_CYCLE if basis is Basis.LIFE_CYCLE else DIRECT
    table, area = only_zone(table, table.place("area"), zone)
    columns = _columns(table)
    megawatts = {
        line: [table.number(line, place, cells, MEGAWATT_RANGE) for place, _ in columns]
        for line, cells in table.complete_rows()
    }
    used = [number for number in range(len(columns)) if any(not math.isnan(row[number]) for row in megawatts.values())]
    rows = []
    for line, time in _times(table, megawatts):
        made = [megawatts[line][number] for number in used]
        grams = [factors[columns[number][1]] for number in used]
        total = sum(made)
        intensity = sum(one * gram for one, gram in zip(made, grams, strict=True)) / total if total > 0 else math.nan
        if not math.isnan(intensity) and not INTENSITY_RANGE[0] <= intensity <= INTENSITY_RANGE[1]:
            table.mistakes.add(line, f"expected generation of 0 to 1500 g/kWh, got {intensity:g}")
        rows.append(Row(line=line, time=time, intensity=intensity, price=math.nan))
    return Content(rows=tuple(rows), zone=area, what=f"{basis} intensity of generation by IPCC factors")


def _columns(table: Table) -> list[tuple[int, Fuel]]:
    """Return the places of generation with their fuels, without those that are left out. Raises GridError."""
    found = [(place, match) for place, name in enumerate(table.names) if (match := _GENERATION.match(name))]
    unknown = [match["type"] for _, match in found if match["type"] not in FUELS]
    if unknown:
        raise GridError(f"{table.path}: expected ENTSO-E's production types, got {', '.join(unknown)}")
    fuels = [(place, FUELS[match["type"]]) for place, match in found if " consumption " not in match[0]]
    return [(place, fuel) for place, fuel in fuels if fuel is not None]


def is_prices(table: Table) -> bool:
    """Tell whether a table has market time units and day-ahead prices."""
    return table.place(*MTU) is not None and any(_PRICE.match(name) for name in table.names)


def read_prices(table: Table, zone: str, _basis: Basis) -> Content:
    """Read day-ahead prices per MWh, whatever the basis of the intensity. Raises GridError for an unknown zone."""
    area = table.place("area")
    if area is not None:
        table, zone = only_zone(table, area, "")
    place, match = next((place, found) for place, name in enumerate(table.names) if (found := _PRICE.match(name)))
    bounds = (PRICE_RANGE[0] * KWH_PER_MWH, PRICE_RANGE[1] * KWH_PER_MWH)
    prices = {line: [table.number(line, place, cells, bounds)] for line, cells in table.complete_rows()}
    rows = [
        Row(line=line, time=time, intensity=math.nan, price=prices[line][0] / KWH_PER_MWH)
        for line, time in _times(table, prices)
    ]
    return Content(rows=tuple(rows), zone=zone, what=f"day-ahead prices in {match['currency'].upper()}")


def _times(table: Table, figures: Mapping[int, Sequence[float]]) -> Iterator[tuple[int, datetime]]:
    """Yield the lines of some figures, each with the beginning of its unit in UTC; note those that have none.

    In autumn an hour comes twice: the row of a time that was already there is that of the second. In spring an hour
    does not exist: an empty row for it is left out, and one with figures is a mistake.
    """
    place = table.column(*MTU)
    default = table.names[place].removeprefix("mtu").strip(" ()").upper()
    last: datetime | None = None
    for line, cells in table.rows:
        if line not in figures:
            continue
        match = _UNIT.match(cells[place].strip())
        zone = ZONES.get(((match["zone"] if match else None) or default).upper())
        local = _local(match["begins"]) if match else None
        if match is None or local is None:
            told = f'expected a time such as 25.10.2020 02:00 - 25.10.2020 03:00, got "{cells[place]}"'
            table.mistakes.add(line, f"mtu: {told}")
            continue
        if zone is None:
            table.mistakes.add(line, f"mtu: expected one of {', '.join(ZONES)} in brackets, after the name or the time")
            continue
        first, second = (_moment(local, zone, fold) for fold in (0, 1))
        if first > second:
            if not all(math.isnan(figure) for figure in figures[line]):
                table.mistakes.add(line, f"mtu: there is no {local:%Y-%m-%d %H:%M} in {zone}, where clocks go forward")
            continue
        time = second if last is not None and last >= first else first
        last = time
        yield line, time


def _moment(local: datetime, zone: str, fold: int) -> datetime:
    """Return a local time in UTC: the first, or with a fold of 1 the second time that the clock showed it."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def _local(text: str) -> datetime | None:
    """Return a time without its zone; None for a text that is none, or for one at the ends of the calendar."""
    for form in _FORMS:
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the zone stands elsewhere
        except ValueError:
            continue
        return found if MINYEAR < found.year < MAXYEAR else None
    return None
