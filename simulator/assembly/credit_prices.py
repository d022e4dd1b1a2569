"""Prices of credits by date, from a file. The ledger knows none of them, and no credit depends on one."""

import csv
import functools
import io
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.whole_lines import read_lines
from simulator.assembly.layout import first_day_of
from simulator.scenario.schema import Scenario

COLUMNS = ["date", "dollars_per_tonne"]
"""Header of a price file."""

HIGHEST_PLAUSIBLE = 200.0
"""Price in dollars per tonne of CO2e above which a warning is given: the highest price in force in April 2024 was $167
(the tax of Uruguay; World Bank, State and Trends of Carbon Pricing 2024), and the damage of a tonne that was emitted in
2020 was put at $190 (United States Environmental Protection Agency, final report of December 2023). The latter figure
was confirmed in the press of that month, not in the report itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPrices:
    """Prices in dollars per tonne, each in force from its day on until the next; days ascend."""

    path: Path
    days: tuple[date, ...]
    dollars_per_tonne: tuple[float, ...]

    def on(self, day: date) -> float:
        """Return the price in force on a day. Raises ConfigError where the file begins later."""
        place = bisect_right(self.days, day)
        if not place:
            raise ConfigError([f"{self.path}: expected a price on or before {day}, got none before {self.days[0]}"])
        return self.dollars_per_tonne[place - 1]

    def warnings(self) -> Iterator[str]:
        """Yield what is odd about the prices."""
        highest = max(self.dollars_per_tonne)
        if highest > HIGHEST_PLAUSIBLE:
            yield (
                f"{self.path}: ${highest:,.0f} per tonne is above any carbon price in force, of which the highest was "
                "$167 in 2024"
            )


@functools.lru_cache(maxsize=8)
def load_prices(path: Path) -> CreditPrices:
    """Read a price file. Raises ConfigError with a line for each mistake."""
    try:
        with io.TextIOWrapper(io.BytesIO(read_lines(path)), encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if row]
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([f"{path}: expected a CSV file in UTF-8: {error}"]) from error
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    if header != COLUMNS:
        raise ConfigError([f'{path}: line 1: expected the columns {",".join(COLUMNS)}, got "{",".join(header)}"'])
    if len(rows) == 1:
        raise ConfigError([f"{path}: expected at least one price, got none"])
    return _prices(path, rows[1:])


def price_mistakes(scenario: Scenario) -> Iterator[str]:
    """Yield what a scenario's price file lacks for its runs; nothing without one."""
    if scenario.ledger.prices is None:
        return
    for seed in range(max(1, len(scenario.run.first_days))):
        try:
            load_prices(Path(scenario.ledger.prices)).on(first_day_of(scenario, seed))
        except ConfigError as error:
            yield from error.mistakes


def _prices(path: Path, rows: Sequence[tuple[int, list[str]]]) -> CreditPrices:
    mistakes, found = [], []
    for line, row in rows:
        try:
            found.append((line, *_price(row)))
        except ValueError as error:
            mistakes.append(f"{path}: line {line}: {error}")
    for (_, before, _), (line, day, _) in pairwise(found):
        if day <= before:
            mistakes.append(f"{path}: line {line}: expected a day after {before}, got {day}")
    if mistakes:
        raise ConfigError(mistakes)
    return CreditPrices(
        path=path, days=tuple(day for _, day, _ in found), dollars_per_tonne=tuple(price for *_, price in found)
    )


def _price(row: Sequence[str]) -> tuple[date, float]:
    """Return day and price of a line. Raises ValueError with what was expected."""
    if len(row) != len(COLUMNS):
        raise ValueError(f"expected {len(COLUMNS)} values, got {len(row)}")
    day, price = (cell.strip() for cell in row)
    try:
        parsed = date.fromisoformat(day)
    except ValueError as error:
        raise ValueError(f'expected a date as 2025-03-20, got "{day}"') from error
    try:
        dollars = float(price)
    except ValueError:
        dollars = math.nan
    if not 0.0 <= dollars < math.inf:
        raise ValueError(f'expected dollars per tonne >= 0, got "{price}"')
    return parsed, dollars
