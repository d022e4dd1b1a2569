"""The backfill's question to a Prometheus, and its call of promtool."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.prometheus import Prometheus, quoted
from exporter.journal.backfill import FAMILIES, DaySpan


def refuse_what_is_there(url: str, days: Iterable[DaySpan], labels: Mapping[str, str]) -> None:
    """Ask a Prometheus about each day. Raises ConfigError where it has a sample, or does not answer."""
    prometheus = Prometheus(url)
    chosen = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    names = "|".join(f"{family}_total" for family in FAMILIES)
    for day in days:
        seconds = ceil(day.last - day.first) + 1
        query = f'count(last_over_time({{__name__=~"{names}",{chosen}}}[{seconds}s]))'
        if prometheus.query(query, day.last):
            raise ConfigError(
                [f"--prometheus: {url} already has samples of {day.day} under these labels; nothing was written"]
            )


def take_in(files: Sequence[Path], data: Path) -> None:
    """Let promtool make blocks of each file in a data folder. Raises ConfigError."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise ConfigError(["--promtool: promtool is not installed; run the printed command where it is"])
    for path in files:
        done = subprocess.run(  # noqa: S603 - a fixed program, and files that we wrote
            [promtool, "tsdb", "create-blocks-from", "openmetrics", str(path), str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ConfigError([f"--promtool: {path}: {told[0] if told else f'status {done.returncode}'}"])
