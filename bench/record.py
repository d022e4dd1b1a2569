"""Layout of a benchmark's figures, and a file that keeps them with the commit and the machine of the measurement."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def commit() -> str:
    """Return the commit in the working tree, marked where the tree differs from it; to be asked for before writing."""
    root = Path(__file__).parent.parent
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.strip()
    return told or "unknown"


def record(name: str, parts: Sequence[str], measured: str = "") -> None:
    """Write `results/NAME.md` from paragraphs, headed by commit, date and machine.

    `measured` is the commit where other files of the results have been written since.
    """
    machine = (
        f"{os.cpu_count()} CPUs ({platform.machine()}), Linux {platform.release()}, Python {platform.python_version()}"
    )
    head = f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {measured or commit()} on {machine}."
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n\n".join([f"# {parts[0]}", head, *parts[1:]]) + "\n", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
