"""Every query of every board, asked of one Prometheus as Grafana would send it, and the time that each takes."""

import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from bench.dashboard_bench import DAY, Asked, asked
from bench.record import table
from tests.long_past import FIRST, LAST, write_long_past
from tests.processes import running_prometheus

BOARDS = Path(__file__).parent.parent / "grafana/dashboards"
WAIT_SECONDS = 300
SLOWEST = 12
REPEATS = 3


@dataclass
class Side:
    """One server under way: its address, its process, and the CPU seconds of each span."""

    name: str
    url: str
    process: psutil.Process
    spans: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        """Return the CPU seconds so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def own_process(config: Path) -> psutil.Process:
    """Return the server that was started with a configuration."""
    return next(one for one in psutil.Process().children() if str(config) in " ".join(one.cmdline()))


def say(text: str) -> None:
    """Tell on standard error what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def boards(side: Side, end: float) -> list[str]:
    """Ask every query of every board over a day, and return the slowest."""
    taken: list[tuple[float, float, str, Asked]] = []
    with requests.Session() as session:
        for path in sorted(BOARDS.glob("*.json")):
            board = json.loads(path.read_text(encoding="utf-8"))
            say(f"asking {path.stem}")
            taken += [(*timed(session, side, one), board["title"], one) for one in asked(board, int(end), DAY)]
        taken.sort(key=lambda row: -row[1])
        again = [(*repeated(session, side, one), board, one) for _, _, board, one in taken[:SLOWEST]]
    again.sort(key=lambda row: -row[1])
    rows = [
        (
            board,
            one.title,
            f"{wall:.2f}",
            f"{cpu:.2f}",
            f"`{one.parameters.get('query', one.path)[:100]}`".replace("\n", " "),
        )
        for wall, cpu, board, one in again
    ]
    whole = sum(cpu for _, cpu, *_ in taken)
    wall, cpu, board, one = again[0]
    slowest = f"The slowest takes **{cpu:.2f} s** of CPU time, {wall:.2f} s in all: {one.title} of {board}."
    head = ("board", "panel", "s", "CPU s", "query")
    return [
        f"{len(taken)} queries of all boards over a day take {whole:.0f} s of CPU time in sum. {slowest}",
        table(head, rows),
    ]


def timed(session: requests.Session, side: Side, one: Asked) -> tuple[float, float]:
    """Return wall time and CPU time of a query, in seconds."""
    before, began = side.cpu(), time.perf_counter()
    answer = session.get(f"{side.url}/api/v1/{one.path}", params=one.parameters, timeout=WAIT_SECONDS)
    took = time.perf_counter() - began
    assert answer.status_code == 200, f"{one.title}: {answer.text}"
    return took, side.cpu() - before


def repeated(session: requests.Session, side: Side, one: Asked) -> tuple[float, float]:
    """Return the medians of a few runs of a query."""
    runs = [timed(session, side, one) for _ in range(REPEATS)]
    return statistics.median(wall for wall, _ in runs), statistics.median(cpu for _, cpu in runs)


def long_windows() -> str:
    """Ask every query of the boards of devices over thirteen months of recorded series; returns the slowest."""
    say("writing 13 months of recorded series of one device")
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        folder = Path(name)
        write_long_past(folder)
        config = folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 15s}\n", encoding="utf-8")
        with (
            running_prometheus(config, folder, "--storage.tsdb.retention.time=20y") as url,
            requests.Session() as session,
        ):
            side = Side("long", url, own_process(config))
            shown = int((LAST - FIRST).total_seconds())
            taken = [
                (*timed(session, side, one), board["title"], one)
                for board in (json.loads(path.read_text(encoding="utf-8")) for path in BOARDS.glob("*.json"))
                for one in asked(board, int(LAST.timestamp()), shown)
            ]
    wall, cpu, board, one = max(taken, key=lambda row: row[1])
    return (
        f"Over 13 months of the recorded series of one device, the slowest of {len(taken)} queries takes {wall:.2f} s, "
        f"{cpu:.2f} s of CPU time: {one.title} of {board}."
    )
