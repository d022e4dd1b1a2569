"""Outcome of trying pages: a table with a line for each, and the reasons for which commands are left out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scripts.pages.run import Outcome

HEADING = ("page", "commands", "run", "failed", "left out", "seconds", "why left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Page that was tried, with what became of its commands."""

    name: str
    outcomes: tuple[Outcome, ...]
    seconds: float


def table(pages: Sequence[Tried]) -> str:
    """Return the table of these pages, with a last line for all of them."""
    rows = [_row(page.name, page.outcomes, page.seconds) for page in pages]
    outcomes = [one for page in pages for one in page.outcomes]
    total = _row(f"all {len(pages)}", outcomes, sum(page.seconds for page in pages))
    ran = sum(one.was_run for one in outcomes)
    share = f"{ran} of {len(outcomes)} commands were run, {100 * ran / max(1, len(outcomes)):.0f}%"
    return "\n".join([*_lines([HEADING, *rows, (*total[:-1], "")]), "", share])


def reasons(outcomes: Iterable[Outcome]) -> str:
    """Return why commands are left out, each reason with its number, the most frequent first."""
    counted = Counter(one.command.needs for one in outcomes if one.command.needs)
    return ", ".join(f"{number} {reason}" for reason, number in counted.most_common())


def _row(name: str, outcomes: Sequence[Outcome], seconds: float) -> tuple[str, ...]:
    ran, failed = sum(one.was_run for one in outcomes), sum(one.fault is not None for one in outcomes)
    return (
        name,
        str(len(outcomes)),
        str(ran),
        str(failed or "-"),
        str(len(outcomes) - ran or "-"),
        f"{seconds:.0f}",
        reasons(outcomes),
    )


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as a table whose columns are as wide as they need, the first one the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    numbers = range(1, len(widths) - 1)
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if at in numbers else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
