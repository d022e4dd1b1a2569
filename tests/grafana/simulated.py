"""A real simulator with too many tasks of one class, and the kept results of experiments for it to export."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.processes import free_port, running

ROOT = Path(__file__).parents[2]
KEPT_RESULTS = ROOT / "bench/results/experiments"
"""Results that `make up` and Compose show too. Made-up figures would fill panels that real ones leave empty."""

SPEED = 600
TASKS_PER_HOUR = 8_000
"""Of which a quarter, the texts, are too many for the one node that has the memory for them: some are late and some
dropped, while the last decision nearly always had another node to compare with."""

TOO_LARGE = {"memory_megabytes": 12_000, "work_seconds": 8}


MARKET = "{name: carbon exchange, currency: EUR, method: settlement, file: price.json, price_at: /price}"
"""A market whose price somebody has written into a file."""


@contextlib.contextmanager
def running_simulator(folder: Path) -> Iterator[str]:
    """Run edge with prices and too many large tasks, so that some are late and some dropped; yields host and port."""
    scenario = yaml.safe_load((ROOT / "simulator/scenario/edge.yaml").read_text(encoding="utf-8"))
    scenario["workload"]["arrivals"]["rate_per_hour"] = TASKS_PER_HOUR
    classes = {one["name"]: one for one in scenario["workload"]["classes"]}
    classes["text"].update(TOO_LARGE)
    classes["report"].update(work_seconds=2)
    scenario["ledger"] = {"prices": "prices.csv"}
    (folder / "prices.csv").write_text("date,dollars_per_tonne\n2025-01-01,80\n", encoding="utf-8")
    (folder / "market.yml").write_text(MARKET, encoding="utf-8")
    (folder / "price.json").write_text('{"price": 74.5}', encoding="utf-8")
    (folder / "busy.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--scenario={folder / 'busy.yaml'}", f"--speed={SPEED}"]
    argv += [f"--web.listen-address={address}", f"--experiments={KEPT_RESULTS}", f"--ledger={folder / 'ledger.db'}"]
    argv += [f"--credit-market={folder / 'market.yml'}"]
    log = folder / "simulator.log"
    with running(argv, ready=f"http://{address}/-/ready", log=log):
        yield address
