"""`python -m tests.board_pictures` makes the pictures of the boards in docs/images, and takes about twenty minutes.

They are drawn by `grafana.draw`, of a machine whose load is made up and of a simulated cluster with the kept results.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from grafana.draw.__main__ import main as draw
from tests.grafana.moving_machine import MovingMachine, moving_machine
from tests.grafana.simulated import COMPILING_SECONDS, KEPT_RESULTS
from tests.processes import free_port, running, running_prometheus

ROOT = Path(__file__).parent.parent

MINUTES = 20.0
SCRAPE_SECONDS = 5

SPEED = 120
"""Two simulated hours a minute, so that a picture shows more than a day."""

HEIGHT = 1200
"""Pixels from the top: the answer and the trends below it."""

CONFIGURATION = """
sampling: {interval_seconds: 5}
power: {idle_watts: 8, full_watts: 45}
budget: {day_grams: 25000, week_grams: 150000, month_grams: 600000}
"""
"""Budgets that the made-up traffic, which is that of a busy server, just keeps."""


def main() -> int:
    """Write the pictures; return the exit status."""
    with TemporaryDirectory() as name, moving_machine(Path(name) / "machine", seed=1) as machine:
        folder = Path(name)
        with _exporter(folder, machine) as exporter, _simulator(folder) as simulator:
            config = folder / "prometheus.yml"
            config.write_text(yaml.safe_dump(_scraping(exporter, simulator)), encoding="utf-8")
            with running_prometheus(config, folder) as url:
                time.sleep(60.0 * MINUTES)
                shown = ["--prometheus", url, "--minutes", f"{MINUTES:g}", "--scrape", f"{SCRAPE_SECONDS}"]
                return draw([*shown, "--height", f"{HEIGHT}", "--output", str(ROOT / "docs/images")])


@contextmanager
def _exporter(folder: Path, machine: MovingMachine) -> Iterator[str]:
    config, address = folder / "ecotrack.yml", f"127.0.0.1:{free_port()}"
    config.write_text(CONFIGURATION, encoding="utf-8")
    argv = [sys.executable, "-m", "exporter", f"--config.file={config}", f"--web.listen-address={address}"]
    argv += [f"--state.dir={folder / 'state'}", *machine.flags]
    with running(argv, ready=f"http://{address}/-/ready", log=folder / "exporter.log"):
        yield address


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--speed={SPEED}", f"--experiments={KEPT_RESULTS}"]
    argv += [f"--web.listen-address={address}"]
    log = folder / "simulator.log"
    with running(argv, ready=f"http://{address}/-/ready", log=log, timeout=COMPILING_SECONDS):
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
    sys.exit(main())
