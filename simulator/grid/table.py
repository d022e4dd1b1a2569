"""Tables of CSV files: cells by column and line, and the mistakes in them, told together."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.core.whole_lines import read_lines
from simulator.grid.series import GridError

TOLD_MISTAKES = 3
"""Mistakes of a file that are told in full; of the others, only how many there are."""

INTENSITY_RANGE = (0.0, 1500.0)
"""Bounds of carbon intensity in g/kWh: no grid is above the worst fuel, lignite at 800 to 1,300 (Turconi and
others 2013), rounded up; one provider's error was once exported as 117,000."""

PRICE_RANGE = (-2.0, 25.0)
"""Bounds of a price per kWh, in dollars, pounds or euros: wider than those of any market, -1 to 20.3 AUD/kWh
(Australian Energy Market Commission, 2025), and narrow enough to see most prices per MWh."""

MISSING = {"", "-", "n/a", "n/e", "na", "null"}
"""Cells that stand for a missing value, in lower case."""


@dataclass(slots=True, kw_only=True)
class Mistakes:
    """Mistakes found in a file so far."""

    path: Path
    found: list[str] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        """Note a mistake in a line, counted from 1."""
        self.found.append(f"line {line}: {text}")

    def check(self) -> None:
        """Raise GridError where there are mistakes: one line with the first of them, and the number of the others."""
        if self.found:
            others = len(self.found) - TOLD_MISTAKES
            more = f"; and {others} more" if others > 0 else ""
            raise GridError(f"{self.path}: {'; '.join(self.found[:TOLD_MISTAKES])}{more}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Table of a file: the columns' names in lower case with single spaces, and the rows, each with its line's number.

    `mistakes` collects what is wrong with its cells.
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    mistakes: Mistakes

    def place(self, *names: str) -> int | None:
        """Return the place of the first of some columns that is there; None where none is."""
        return next((self.names.index(name) for name in names if name in self.names), None)

    def column(self, *names: str) -> int:
        """Return the place of the first of some columns that is there; one of them has to be."""
        return next(self.names.index(name) for name in names if name in self.names)

    def complete_rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the rows that have a cell for each column; note the others."""
        for line, cells in self.rows:
            if len(cells) < len(self.names):
                self.mistakes.add(line, f"expected {len(self.names)} values, got {len(cells)}")
            else:
                yield line, cells

    def number(self, line: int, place: int | None, cells: Sequence[str], bounds: tuple[float, float]) -> float:
        """Return the number in a cell; NaN where it is missing, or noted as none or out of bounds."""
        cell = "" if place is None else cells[place].strip()
        if place is None or cell.lower() in MISSING:
            return math.nan
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not bounds[0] <= value <= bounds[1]:
            told = f'{self.names[place]}: expected a number from {bounds[0]:g} to {bounds[1]:g}, got "{cell}"'
            self.mistakes.add(line, told)
            return math.nan
        return value


def read_table(path: Path) -> Table:
    """Read a CSV file with a line of names, divided by commas, semicolons or tabs.

    Raises GridError for a file that cannot be read or that has no rows.
    """
    try:
        # Bytes that are not UTF-8 do no harm in a name; anywhere else they fail as a number or a time.
        text = read_lines(path).decode("utf-8-sig", "replace")
    except OSError as error:
        raise GridError(f"{path}: cannot be read: {error.strerror}") from error
    lines = text.splitlines()
    first = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count))
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        names = tuple(" ".join(name.lower().split()) for name in next(reader, []))
        rows.extend((reader.line_num, tuple(cells)) for cells in reader if any(cell.strip() for cell in cells))
    except csv.Error as error:
        raise GridError(f"{path}: line {reader.line_num}: {error}") from error
    if not rows:
        raise GridError(f"{path}: expected a line with the names of columns, and rows below it, found none")
    return Table(path=path, names=names, rows=tuple(rows), mistakes=Mistakes(path=path))
