"""The live job with a market, as its users run it: a price from a real server, its failures, reload, and secrets."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.processes import TOOL_SECONDS, program, until
from tests.prometheus.stack import Quiet, serving
from tests.simulator.simulator_process import run_once, running_job

pytestmark = pytest.mark.servers

SECRET = "s3cret-token"
PRICE = 'ecochain_credit_market_price_per_gram{currency="EUR"}'
UP = "ecochain_credit_market_up"


@dataclass
class Exchange:
    """A server that tells a price, or fails."""

    url: str = ""
    price: float = 74.5
    status: int = 200
    tokens: list[str] = field(default_factory=list)


@contextmanager
def trading() -> Iterator[Exchange]:
    """Run an exchange."""
    exchange = Exchange()

    class Handler(Quiet):
        def do_GET(self) -> None:
            exchange.tokens.append(self.headers.get("Authorization", ""))
            told = {"price": exchange.price, "time": time.time() - 60.0}
            self.answer(exchange.status, json.dumps(told).encode())

    with serving(Handler) as address:
        exchange.url = f"http://{address}/price"
        yield exchange


def written(folder: Path, text: str) -> Path:
    """Write a configuration of a market."""
    path = folder / "market.yml"
    path.write_text(f"name: carbon exchange\ncurrency: EUR\nmethod: settlement\n{text}", encoding="utf-8")
    return path


def test_a_price_is_asked_shown_lost_and_exchanged(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{SECRET}\n", encoding="utf-8")
    token.chmod(0o600)
    with trading() as exchange:
        asked = f"url: {exchange.url}\nprice_at: /price\ntime_at: /time\ntoken_file: token\n"
        config = written(tmp_path, asked)
        with running_job(tmp_path, "--scenario=edge", f"--credit-market={config}", "--speed=0.01") as job:
            until(lambda: PRICE in job.samples(), "the price")
            first = job.samples()
            assert first[PRICE] == pytest.approx(74.5e-6)
            assert first[UP] == 1.0
            assert exchange.tokens == [f"Bearer {SECRET}"]
            assert first['ecochain_credit_market_worth{currency="EUR"}'] == 0.0  # nothing is held yet
            told = job.get("/api/v1/summary").json()["worth"]["market"]
            assert (told["price_per_tonne"], told["method"]) == (74.5, "settlement")
            assert "74.50 EUR" in job.get("/").text
            argv = [program("promtool"), "check", "metrics"]
            body = job.get("/metrics").content
            checked = subprocess.run(argv, input=body, capture_output=True, timeout=TOOL_SECONDS, check=False)
            assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
            # A market with a mistake changes nothing; another one is in force without a restart.
            config.write_text("name: 3\n", encoding="utf-8")
            hang_up(job.process.pid, job.log, "the one in force stays")
            assert job.samples()[PRICE] == first[PRICE]
            exchange.status = 500
            written(tmp_path, f"{asked}max_age_hours: 5\n")
            hang_up(job.process.pid, job.log, "in force: market of credits")
            until(lambda: job.samples().get(UP) == 0.0, "the failure")
            last = job.samples()
            assert PRICE not in last
            assert last['ecochain_credit_market_discarded_answers_total{reason="failed"}'] == 1.0
            assert "no price young enough" in job.get("/").text
            process = psutil.Process(job.process.pid)
            shown = job.get("/metrics").text + job.get("/").text + job.get("/api/v1/summary").text
            assert SECRET not in shown + " ".join(process.cmdline())
        assert SECRET not in job.log.read_text(encoding="utf-8")


def hang_up(number: int, log: Path, told: str) -> None:
    """Have the configuration read again."""
    seen = log.read_text(encoding="utf-8").count(told)
    os.kill(number, signal.SIGHUP)
    until(lambda: log.read_text(encoding="utf-8").count(told) > seen, told)


def test_a_check_reads_the_market_and_asks_nobody(tmp_path: Path) -> None:
    with trading() as exchange:
        config = written(tmp_path, f"url: {exchange.url}\nprice_at: /price\ntime_at: /time\n")
        good = run_once("serve", "--scenario=edge", f"--credit-market={config}", "--config.check")
        assert (good.returncode, good.stdout) == (0, f"edge: good\n{config}: good\n")
        written(tmp_path, f"url: {exchange.url}\nprice_at: /price\n")
        bad = run_once("serve", "--scenario=edge", f"--credit-market={config}", "--config.check")
        assert (bad.returncode, bad.stdout) == (2, "")
        assert bad.stderr == f"ecochain: {config}: expected time_at with url, such as time_at: /time\n"
        assert exchange.tokens == []
