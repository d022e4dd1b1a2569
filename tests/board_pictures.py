"""`python -m tests.board_pictures` makes the pictures of the boards in docs/images, and takes about twenty minutes.

They are drawn by `grafana.draw`, of a machine whose load is made up, with a past and on a live grid that are made up as
well, and of a simulated cluster with the kept results. Names of boards after the command are all that is drawn.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from exporter.budget import Period
from exporter.sources.machine import boot_id
from exporter.sources.procfs import USUAL
from grafana.__main__ import FOLDER
from grafana.draw.__main__ import main as draw
from tests.budget_past import PRICE, begin_with, write_past
from tests.exporter.sources.process_bytes.ebpf.mover import STREAM
from tests.exporter.sources.process_bytes.ebpf.networks import connected_networks
from tests.grafana.fake_grid import fake_grid
from tests.grafana.moving_machine import PROGRAMS, MovingMachine, moving_machine
from tests.grafana.simulated import KEPT_RESULTS
from tests.kept_audit import keep_audit
from tests.kept_proof import keep_proof, last_hour
from tests.processes import free_port, join, running, running_prometheus

ROOT = Path(__file__).parent.parent

MINUTES = 20.0
SCRAPE_SECONDS = 5

SPEED = 120
"""Two simulated hours a minute, so that a picture shows more than a day."""

HEIGHT = 1200
"""Pixels from the top: the answer and the trends below it."""

HEIGHTS = {"host-power-and-processes": 2330, "device-carbon": 2985, "home": 1040}
"""Boards of which more is shown, down to the programs and to the last proof; or less: the first three questions."""

LIMITS = {Period.DAY: 9000.0, Period.WEEK: 55_000.0, Period.MONTH: 240_000.0}
"""Budgets in grams that the made-up traffic, which is that of a busy server, just keeps on that grid."""

CONFIGURATION = """
sampling: {{interval_seconds: 5}}
power: {{idle_watts: 8, full_watts: 45, machine: laptop}}
budget: {{day_grams: {day}, week_grams: {week}, month_grams: {month}, time_zone: UTC}}
grid: {{price_per_kwh: {price}, currency: EUR, live: {{provider: uk, zone: GB, url: "{url}"}}}}
attribution: {{by: groups, groups: {groups}}}
attestation: {{proof: {proof}}}
"""

TELLING = ("--collector.processes", "--collector.process_bytes")
"""Flags that tell programs apart."""

TALKERS = {"nginx": 400_000, "rsync": 250_000, "postgres": 60_000}
"""Programs that move bytes between two networks of this machine, and how many each moves in a step; the made-up ones of
these names share the row of what each program used with them."""

TALKING_STEP_SECONDS = 2.0

HOURS_TO_THE_CLEANEST = 6.0
RETENTION = "--storage.tsdb.retention.time=60d"

OF_A_DAY = "carbon-budget-and-alerts"
"""The board that shows a day by itself."""


def main(boards: Sequence[str]) -> int:
    """Write the pictures; return the exit status."""
    with (
        TemporaryDirectory() as name,
        moving_machine(Path(name) / "machine", seed=1) as machine,
        fake_grid(HOURS_TO_THE_CLEANEST) as grid,
        _talking_programs(),
    ):
        folder = Path(name)
        # The sockets are those of this machine, which the made-up one has to be for that.
        (machine.procfs / "sys/kernel/random/boot_id").write_text(boot_id(USUAL), encoding="ascii")
        with _exporter(folder, machine, grid) as exporter, _simulator(folder) as simulator:
            config = folder / "prometheus.yml"
            config.write_text(yaml.safe_dump(_scraping(exporter, simulator)), encoding="utf-8")
            with running_prometheus(config, folder, RETENTION) as url:
                time.sleep(60.0 * MINUTES)
                return max(_draw(url, one) for one in boards or sorted(path.stem for path in FOLDER.glob("*.json")))


def _draw(url: str, board: str) -> int:
    minutes = 1440.0 if board == OF_A_DAY else MINUTES
    shown = ["--prometheus", url, "--minutes", f"{minutes:g}", "--scrape", f"{SCRAPE_SECONDS}"]
    return draw([board, *shown, "--height", f"{HEIGHTS.get(board, HEIGHT)}", "--output", str(ROOT / "docs/images")])


@contextmanager
def _exporter(folder: Path, machine: MovingMachine, grid: str) -> Iterator[str]:
    config, address = folder / "ecotrack.yml", f"127.0.0.1:{free_port()}"
    limits = {str(period): limit for period, limit in LIMITS.items()}
    # What else runs on this machine moves bytes too, and is nobody's business.
    groups = {program: [program] for program in PROGRAMS}
    proof = keep_proof(folder / "proof.json", last_hour())
    told = CONFIGURATION.format(url=grid, price=PRICE, groups=groups, proof=proof, **limits)
    config.write_text(told, encoding="utf-8")
    now = time.time()
    past = write_past(folder, address, now=now, limits=LIMITS, cleanest=now + 3600.0 * HOURS_TO_THE_CLEANEST)
    begin_with(folder / "state", config, machine.procfs, past, LIMITS[Period.DAY])
    keep_audit(folder / "state")
    argv = [sys.executable, "-m", "exporter", f"--config.file={config}", f"--web.listen-address={address}"]
    argv += [f"--state.dir={folder / 'state'}", *machine.flags, *TELLING]
    with running(argv, ready=f"http://{address}/-/ready", log=folder / "exporter.log"):
        yield address


@contextmanager
def _talking_programs() -> Iterator[None]:
    """Let programs send to one another over a cable between two networks; needs root."""
    stop = threading.Event()
    with connected_networks() as (one, other), contextlib.ExitStack() as programs:
        other.program.ask("name", "python3")
        port = other.program.ask_for_two("listen", other.address4, STREAM)[1]
        senders = []
        for name, size in TALKERS.items():
            sender = programs.enter_context(one.another_program(name))
            senders.append((sender, sender.ask("connect", other.address4, port, STREAM), size))
            other.program.ask("accept", 0)

        def talk() -> None:
            while not stop.wait(TALKING_STEP_SECONDS):
                for place, (sender, number, size) in enumerate(senders, start=1):
                    sender.tell("send", number, size)
                    other.program.ask("receive", place, size)
                    sender.answer()

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            join(thread)


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--speed={SPEED}", f"--experiments={KEPT_RESULTS}"]
    argv += [f"--web.listen-address={address}"]
    log = folder / "simulator.log"
    with running(argv, ready=f"http://{address}/-/ready", log=log):
        yield address


def _scraping(exporter: str, simulator: str) -> dict[str, object]:
    """Return the committed rules, and a scrape of both every few seconds."""
    jobs = {"ecotrack": exporter, "ecochain": simulator}
    return {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": [str(ROOT / "prometheus/rules/*.yml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in jobs.items()
        ],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
