"""LaTeX tables: floats that fit a column of a two-column page, or that go across both columns.

Each needs the packages `array` and `booktabs` (Debian: texlive-latex-recommended). Decimal points stand below
one another; figures are set in math mode, so that a minus is one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.experiments.write.display import Display, Rounded
from simulator.experiments.write.latex_text import LONGEST_LABEL, broken, latex, math_width, width

COLUMN_POINTS = 249.0
"""Width of a column in printer's points, 72.27 an inch: 88 mm, a little less than the 3.5 inches of IEEE's journals."""

PAGE_POINTS = 515.0
"""Width of both columns and the gap between them: 181 mm, a little less than the 7.16 inches of IEEE's journals."""

MOST_LINES = 46
"""Lines of a table that stands in a column: two thirds of the 9.25 inches at IEEE, with lines of 9.5 points. What has
more goes across both columns.
"""

PAGE_LINES = 62
"""Lines of a table on a page of its own, which also has its caption."""

GAP_POINTS = 3.0
"""Space on either side of a table's column, half of LaTeX's own."""

SIGN_POINTS = 9.4
"""Width of the sign between mean and half-width, with a thin space on either side."""

NEEDS = r"% needs \usepackage{array,booktabs}"

MISSING = "--"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Figures below the lines of a heading, all in all `points` wide.

    `spec` aligns the parts of a figure, for the package array. A cell has a text for each part, or one for them all.
    """

    lines: Sequence[str]
    points: float
    spec: str
    parts: int
    cells: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows with their labels under one heading. Columns that no row has a figure for do not belong here."""

    heading: str
    labels: Sequence[str]
    columns: Sequence[Column]


def estimates(display: Display, found: Sequence[Rounded | None]) -> Column:
    """Return a column of means with half-widths: both aligned at their decimal points."""
    cells = [[MISSING] if one is None else _split(one) for one in found]
    spec = r">{$}r<{$}@{}>{$}l<{$}@{$\,\pm\,$}>{$}r<{$}@{}>{$}l<{$}"
    return _column(display.title, spec, 4, cells, SIGN_POINTS)


def intervals(heading: str, found: Sequence[tuple[float, float, float] | None]) -> Column:
    """Return a column of means with the ends of their intervals in brackets, all with their sign and one decimal."""
    cells = [[MISSING] if one is None else [_math(f"{end:+,.1f}") for end in one] for one in found]
    spec = r">{$}r<{$}@{\,$[$}>{$}r<{$}@{$,\,$}>{$}r<{]$}"
    return _column(heading, spec, 3, cells, width("[, ]"))


def _column(heading: str, spec: str, parts: int, cells: Sequence[Sequence[str]], between: float) -> Column:
    """Return a column; what its `spec` sets between the parts is `between` points wide."""
    aligned = [cell for cell in cells if len(cell) == parts]
    figures = sum(max(map(math_width, part)) for part in zip(*aligned, strict=True)) + between
    most = max(figures, *(math_width(cell[0]) for cell in cells if len(cell) == 1), 0.0)
    lines = _heading_lines(heading, most)
    points = max(most, *map(width, lines)) + 2 * GAP_POINTS
    return Column(lines=lines, points=points, spec=spec, parts=parts, cells=cells)


def _heading_lines(heading: str, most: float) -> list[str]:
    """Break a heading between words, but not within its unit, where it would be wider than the figures below it."""
    title, bracket, unit = heading.partition(" (")
    words = [*title.split(), *([f"({unit}"] if bracket else [])]
    room = max(most, *map(width, words))
    found = [words[0]]
    for word in words[1:]:
        longer = f"{found[-1]} {word}"
        found[-1:] = [longer] if width(longer) <= room else [found[-1], word]
    return found


def floats(name: str, caption: str, tables: Sequence[Table]) -> str:
    """Return the tables as floats, each cut into as many as fit beside its labels; `name` is for references.

    It is one float, in a column where there is room; what is too high for a page goes on in another.
    """
    parts = [part for one in tables for part in _cut(one, COLUMN_POINTS)]
    fits = sum(map(_lines, parts)) <= MOST_LINES and all(_points(part) <= COLUMN_POINTS for part in parts)
    stacks = [parts] if fits else _stacked([part for one in tables for part in _cut(one, PAGE_POINTS)])
    told = " ".join(broken(word) if width(word) > LONGEST_LABEL else latex(word) for word in caption.split(" "))
    label = re.sub("[^A-Za-z0-9]+", "-", name)
    captions = [told, *([f"{told} Continued."] * (len(stacks) - 1))]
    labels = [label, *(f"{label}-{number}" for number in range(2, len(stacks) + 1))]
    kind = "table" if fits else "table*"
    return "".join(_float(kind, *one) for one in zip(captions, labels, stacks, strict=True))


def _float(environment: str, caption: str, label: str, parts: Sequence[Table]) -> str:
    rows = [rf"\begin{{{environment}}}[tbp]", r"\centering", rf"\caption{{{caption}}}", rf"\label{{tab:{label}}}"]
    rows += [r"\footnotesize", rf"\setlength{{\tabcolsep}}{{{GAP_POINTS:g}pt}}", r"\setlength{\abovetopsep}{4pt}"]
    for number, part in enumerate(parts):
        rows += [*([r"\par\medskip"] if number else []), *_tabular(part)]
    return "\n".join([*rows, rf"\end{{{environment}}}", ""])


def _stacked(parts: Sequence[Table]) -> list[list[Table]]:
    """Return the parts in their order, each below the one before it where a page has room."""
    found: list[list[Table]] = [[]]
    for part in parts:
        if found[-1] and sum(map(_lines, (*found[-1], part))) > PAGE_LINES:
            found.append([])
        found[-1].append(part)
    return found


def _math(number: str) -> str:
    """Return a number for math mode, where a comma would be followed by a space."""
    return number.replace(",", "{,}")


def _split(one: Rounded) -> Sequence[str]:
    """Return mean and half-width, each before and from its decimal point on; with a power of ten both as one text."""
    if one.power:
        return [rf"$({_math(one.mean)} \pm {_math(one.half)}) \times 10^{{{one.power}}}$"]
    split = [re.fullmatch(r"([^.]*)(.*)", number) for number in (one.mean, one.half)]
    return [_math(part) for number in split if number is not None for part in number.groups()]


def _cut(table: Table, points: float) -> Sequence[Table]:
    """Cut a table into as few parts as fit into a width, each with all rows, and these as equally wide as they can be.

    A single column may be too wide for it.
    """
    room = points - _label_points(table)
    parts = _filled(table.columns, room)
    for less in range(1, int(room)):
        narrower = _filled(table.columns, room - less)
        if len(narrower) > len(parts):
            break
        parts = narrower
    return [Table(heading=table.heading, labels=table.labels, columns=columns) for columns in parts]


def _filled(columns: Sequence[Column], room: float) -> list[list[Column]]:
    """Return the columns in their order, each beside the one before it where there is room."""
    parts: list[list[Column]] = [[]]
    for column in columns:
        if parts[-1] and sum(one.points for one in (*parts[-1], column)) > room:
            parts.append([])
        parts[-1].append(column)
    return parts


def _points(table: Table) -> float:
    return _label_points(table) + sum(column.points for column in table.columns)


def _lines(table: Table) -> int:
    """Return the lines that a table takes, with three for its rules and the space around it."""
    # A broken label leaves up to half of a line empty.
    labels = sum(1 + int(1.5 * width(label) / LONGEST_LABEL) if _wraps(table) else 1 for label in table.labels)
    return 3 + max(len(column.lines) for column in table.columns) + labels


def _wraps(table: Table) -> bool:
    return max(map(width, table.labels)) > LONGEST_LABEL


def _label_points(table: Table) -> float:
    return min(LONGEST_LABEL, max(map(width, (table.heading, *table.labels)))) + GAP_POINTS


def _tabular(table: Table) -> Iterator[str]:
    wraps = _wraps(table)
    first = rf">{{\raggedright\arraybackslash}}p{{{LONGEST_LABEL:g}pt}}" if wraps else "l"
    yield rf"\begin{{tabular}}{{@{{}}{first}{''.join(one.spec for one in table.columns)}@{{}}}}"
    yield r"\toprule"
    headings = (_spanned(one.parts, _heading(one.lines)) for one in table.columns)
    yield " & ".join([latex(table.heading), *headings]) + r" \\"
    yield r"\midrule"
    for number, label in enumerate(table.labels):
        cells = (one.cells[number] for one in table.columns)
        shown = (
            " & ".join(cell) if len(cell) == one.parts else _spanned(one.parts, cell[0])
            for one, cell in zip(table.columns, cells, strict=True)
        )
        yield " & ".join([broken(label) if wraps else latex(label), *shown]) + r" \\"
    yield from (r"\bottomrule", r"\end{tabular}")


def _spanned(parts: int, text: str) -> str:
    return rf"\multicolumn{{{parts}}}{{c}}{{{text}}}"


def _heading(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return latex(lines[0])
    stacked = r" \\ ".join(map(latex, lines))
    return rf"\begin{{tabular}}[b]{{@{{}}c@{{}}}}{stacked}\end{{tabular}}"
