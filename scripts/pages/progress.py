"""Progress of trying pages: each command that takes long is named once, while it runs."""

import re
import time
from collections.abc import Callable, Sequence

from scripts.pages.commands import Command
from scripts.pages.markdown import Block, Page

PATIENCE_SECONDS = 10.0
"""Time in seconds of a command after which somebody who waits is told its name."""

MOST_LETTERS = 90
"""Letters of a command that are told; a line of a terminal has room for them."""


class Progress:
    """Listener to what a page prints that tells which command has been running for long."""

    def __init__(self, page: Page, found: Sequence[tuple[Block, Command]], tell: Callable[[str], None]) -> None:
        self._page, self._found, self._tell = page, found, tell
        self._number = -1
        self._since: float | None = None

    def __call__(self, said: str) -> None:
        """Look at what was printed so far."""
        begun = re.findall(r"^@@ begin (\d+)$", said, re.MULTILINE)
        if not begun:
            return
        if int(begun[-1]) != self._number:
            self._number, self._since = int(begun[-1]), time.monotonic()
        elif self._since is not None and time.monotonic() - self._since > PATIENCE_SECONDS:
            self._since = None
            block, command = self._found[self._number]
            self._tell(f"  at {self._page.name}:{block.line}: {first_line(command.text)}")


def first_line(text: str) -> str:
    """Return the first line of a command, with three dots where there is more of it."""
    line, *more = text.strip().split("\n")
    return f"{line[:MOST_LETTERS]} ..." if more or len(line) > MOST_LETTERS else line
