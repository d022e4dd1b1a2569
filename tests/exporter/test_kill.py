"""Killing the exporter under scrapes: no counter falls, and Prometheus sees exactly the energy that was added."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.exporter.exporter_process import counters, running_exporter, saved
from tests.processes import free_port, join, running_prometheus, series, until

KILLS = [5, pytest.param(200, marks=pytest.mark.full)]

BY_THE_MINUTE = "sampling: {interval_seconds: 60}\n"
"""An interval so long that on a busy machine, too, a restart comes within three of them and goes on."""

SCRAPES_OF_A_LIFE = 10
"""Least number of scrapes before a kill."""

LONGEST_LIFE = 2.2
"""Lengths of lives in seconds; the first sample of a life comes after one."""

TRIES = 20
"""Lives after the last kill, of which a busy Prometheus scrapes one in the second before its first sample."""

SCRAPES = """\
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: ecotrack, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
"""


class Scraper:
    """A scraper that reads one address without rest, over restarts, and notes every counter that falls or goes away."""

    def __init__(self, url: str) -> None:
        self.scrapes = 0
        self.falls: list[str] = []
        self._url = f"{url}/metrics"
        self._stop = threading.Event()
        self._last: dict[str, float] = {}

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Scrape from a thread until the block ends."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            join(thread)

    def _run(self) -> None:
        with requests.Session() as session:
            while not self._stop.wait(0.005):
                try:
                    body = session.get(self._url, timeout=240).text
                except requests.RequestException:
                    continue
                self._note(counters(series(body)))

    def _note(self, now: dict[str, float]) -> None:
        self.scrapes += 1
        self.falls += [
            f"{name}: {before} -> {now.get(name)}"
            for name, before in self._last.items()
            if name not in now or now[name] < before
        ]
        self._last = now


@pytest.mark.servers
@pytest.mark.parametrize("kills", KILLS)
def test_no_counter_falls_and_increase_is_the_energy_added_over_kills(tmp_path: Path, kills: int) -> None:
    chance = random.Random(20261121)  # noqa: S311 - chooses moments
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(SCRAPES % port)
    scraper = Scraper(f"http://127.0.0.1:{port}")
    with running_prometheus(tmp_path / "prometheus.yml", tmp_path) as prometheus, scraper.at_work():
        for _ in range(kills):
            with running_exporter(tmp_path, config=BY_THE_MINUTE, port=port) as exporter:
                until(lambda: bool(_scraped_joules(prometheus)), "a first scrape")
                wanted = scraper.scrapes + SCRAPES_OF_A_LIFE
                until(lambda: scraper.scrapes > wanted, "scrapes of this life")  # noqa: B023 - called before the next
                _wait_for_a_bad_moment(exporter.state / "state.json", chance)
                exporter.process.kill()
                exporter.process.wait(240)
        for _ in range(TRIES):
            added = saved(tmp_path / "state").totals["lifetime_energy"]
            course = _scraped_in_one_more_life(tmp_path, port, prometheus)
            if any(_equal(joules, added) for _, joules in course):
                break
        began, at_first = course[0]
        ended = max(at for at, joules in course if _equal(joules, added))
        increase = _increase(prometheus, began, ended)
    assert scraper.scrapes > SCRAPES_OF_A_LIFE * kills
    assert scraper.falls == []
    assert added > at_first
    assert increase == pytest.approx(added - at_first, rel=1e-3)


def _scraped_in_one_more_life(folder: Path, port: int, prometheus: str) -> list[tuple[float, float]]:
    """Return what was scraped up to the first scrape of one more life: the saved totals, unless it came too late."""
    began = time.time()
    with running_exporter(folder, config=BY_THE_MINUTE, port=port):
        until(lambda: _scraped_joules(prometheus)[-1][0] > began, "a scrape of the last life")
        return _scraped_joules(prometheus)


def _wait_for_a_bad_moment(file: Path, chance: random.Random) -> None:
    """Wait for any moment of a short life, or for one near a save and its publication, where a kill is most awkward."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0.0, LONGEST_LIFE))
        return
    before, deadline = _changed(file), time.monotonic() + LONGEST_LIFE
    while _changed(file) == before and time.monotonic() < deadline:
        time.sleep(0.0002)
    time.sleep(chance.uniform(0.0, 0.003))


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def _equal(joules: float, other: float) -> bool:
    """Tell whether two sums of the same terms are the same, in whatever order they were added."""
    return joules == pytest.approx(other, rel=1e-9)


def _scraped_joules(prometheus: str) -> list[tuple[float, float]]:
    """Return the time and total energy of every scrape so far, oldest first."""
    totals: dict[float, float] = {}
    for one in _query(prometheus, "ecotrack_energy_joules_total[1h]"):
        for at, value in one["values"]:
            totals[at] = totals.get(at, 0.0) + float(value)
    return sorted(totals.items())


def _increase(prometheus: str, began: float, ended: float) -> float:
    """Return `increase()` from one scrape to another. The range begins a moment before the first, since later versions
    of Prometheus leave its first moment out."""
    milliseconds = round(1000 * (ended - began)) + 1
    expression = f"sum(increase(ecotrack_energy_joules_total[{milliseconds}ms]))"
    [result] = _query(prometheus, expression, at=ended)
    return float(result["value"][1])


def _query(prometheus: str, expression: str, at: float | None = None) -> list[Any]:
    parameters = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
    answer = requests.get(f"{prometheus}/api/v1/query", params=parameters, timeout=240)
    result: list[Any] = answer.json()["data"]["result"]
    return result
