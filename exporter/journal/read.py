"""The reader of logs: line by line, so that damage ends where its line ends.

Not by the csv module, for which a stray quotation mark joins all lines up to the next one.
"""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from exporter.core.config import ConfigError
from exporter.journal.entry import Entry
from exporter.journal.formats import parser_for

BLOCK_BYTES = 1 << 20

MAX_LINE_BYTES = 64 * 1024

MAX_NAMED = 20
"""Damaged rows that are named one by one; all are counted."""


def shown(path: Path) -> str:
    """Return the name of a file as text that can be printed and encoded, whatever bytes are in it."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


class _Line(NamedTuple):
    """Line of a file without its end. One that has none is the last: its writer was stopped, or is still writing it."""

    text: str
    ended: bool = True


NO_LINE = _Line("")


@dataclass(slots=True)
class Damage:
    """Rows that could not be read: their number, and where the first of them stand."""

    rows: int = 0
    places: list[str] = field(default_factory=list)

    def note(self, path: Path, line: int, reason: str) -> None:
        """Count a row, and name it while few have been named."""
        self.rows += 1
        if len(self.places) < MAX_NAMED:
            self.places.append(f"{shown(path)}:{line}: {reason}")


def read_log(
    path: Path, zone: tzinfo, damage: Damage, progress: Callable[[int], None] = lambda _read: None
) -> Iterator[Entry]:
    """Return the entries of a log; damaged rows are noted and left out.

    `progress` is told the number of bytes of each block. Raises ConfigError where the file cannot be read, or is in no
    format that is known.
    """
    lines = _lines(path, progress)
    header = next(lines, NO_LINE).text.removeprefix("\ufeff")
    try:
        parse, least, most = parser_for(_cells(header), zone)
    except ConfigError as error:
        raise ConfigError([f"{shown(path)}: {mistake}" for mistake in error.mistakes]) from error
    for number, (line, ended) in enumerate(lines, start=2):
        # Blank lines are nothing, and a header comes again where files were joined.
        if not line or line == header:
            continue
        if not ended:
            damage.note(path, number, "cut off: a whole row ends with a line break")
            continue
        cells = line.split(",") if '"' not in line else _cells(line)
        if not least <= len(cells) <= most:
            damage.note(path, number, f"{len(cells)} columns instead of {most}")
            continue
        try:
            yield parse(cells)
        except (ValueError, LookupError, OverflowError):
            damage.note(path, number, f"not understood: {ascii(line[:60])[1:-1]}")


def is_log(path: Path) -> bool:
    """Tell whether a file is a log, of whichever version. Raises ConfigError where it cannot be read."""
    if not path.is_file():
        return False
    first = next(_lines(path, lambda _read: None), NO_LINE)
    return "timestamp" in _cells(first.text.removeprefix("\ufeff"))


def _cells(line: str) -> Sequence[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _lines(path: Path, progress: Callable[[int], None]) -> Iterator[_Line]:
    """Return the lines of a file without their ends; of one that is far too long, the beginning. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            rest = b""
            while block := file.read(BLOCK_BYTES):
                progress(len(block))
                whole, found, after = block.rpartition(b"\n")
                if found:
                    yield from (_Line(line) for line in _decoded(rest + whole))
                    rest = b""
                rest = (rest + after)[:MAX_LINE_BYTES]
            if rest:
                yield from (_Line(line, ended=False) for line in _decoded(rest))
    except OSError as error:
        raise ConfigError([f"{shown(path)}: cannot be read: {error.strerror}"]) from error


def _decoded(whole: bytes) -> list[str]:
    return whole.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\r").split("\n")
