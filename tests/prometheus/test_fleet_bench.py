"""The benchmark of a fleet at a small size: its history is that of the devices, and it runs to its end."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench import fleet_bench
from bench.dashboard_bench import MOST_POINTS, asked
from bench.fleet_devices import DAY, IDENTITY, PATTERNS, exposition, identity, pattern
from bench.fleet_queries import BOARDS, Side
from tests.processes import running_prometheus

pytestmark = [pytest.mark.servers, pytest.mark.slow]

DEVICES = 23
"""Some patterns have three devices, others two."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    recorded = {f'recorded:of:device{{job="ecotrack",instance="{fleet_bench.device(3)}"}}': 2.0}
    fleet_bench.fill(folder, DEVICES, recorded | {'fleet:of:all{x="y"}': 5.0})
    (folder / "blocks").rename(folder / "prometheus-data")
    return folder


def test_each_device_has_the_whole_past_of_its_pattern(history: Path) -> None:
    config = history / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n", encoding="utf-8")
    end = int(time.time()) // 60 * 60 - 300
    with running_prometheus(config, history) as url:

        def values(query: str) -> dict[tuple[str, str], float]:
            found = fleet_bench.ask(url, "query", {"query": query, "time": str(end)})["result"]
            return {
                (one["metric"].get("instance", ""), one["metric"].get("team", "")): float(one["value"][1])
                for one in found
            }

        names = [fleet_bench.target_labels(number) for number in range(DEVICES)]
        everybody = {(one["instance"], one.get("team", "")) for one in names}
        counted = values(f"count_over_time(ecotrack_samples_total[{DAY - 3600}s])")
        assert counted.keys() == everybody
        assert len(everybody) == DEVICES
        assert min(counted.values()) >= (DAY - 3600) / 60
        samples = {
            number: one for number in range(PATTERNS) for one in pattern(number) if one.name.endswith("samples_total")
        }
        for number, name in enumerate(names):
            of_pattern = number % PATTERNS
            expected = samples[of_pattern].at(end, of_pattern)
            assert values("ecotrack_samples_total")[name["instance"], name.get("team", "")] == pytest.approx(expected)
        assert len(values("recorded:of:device")) == 2
        assert values("count(fleet:of:all)") == {("", ""): 1}


def test_it_runs_to_its_end(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "bench.fleet_bench",
        "--devices",
        "12",
        "--minutes",
        "0.05",
        "--parts",
        "rules",
        "boards",
    ]
    ran = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        cwd=fleet_bench.ROOT,
        env={"TMPDIR": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stderr
    assert "| with rules | ecotrack-budget-alerts | 20 s |" in ran.stdout
    assert "The slowest takes **" in ran.stdout
    assert list(tmp_path.iterdir()) == []


def test_devices_of_one_pattern_are_told_apart() -> None:
    assert identity(0) != identity(PATTERNS)
    assert [line.split()[0] for line in identity(0).decode().splitlines()] == [*IDENTITY]
    assert not any(name in exposition(0, DAY).decode() for name in IDENTITY)


def test_a_span_shorter_than_a_tick_of_the_clock_says_nothing_of_what_is_more() -> None:
    sides = [Side(name, "", psutil.Process()) for name in ("without rules", "with rules")]
    for side, parts in zip(sides, ([0.0], [0.01]), strict=True):
        side.spans.extend(parts)
    assert "| with rules | 1.00% | 1.00 to 1.00% | - |" in fleet_bench.describe(sides, 12, 1)
    sides[0].spans.append(0.02)
    sides[1].spans.append(0.03)
    assert "| +50% |" in fleet_bench.describe(sides, 12, 1)


def test_no_query_over_thirteen_months_asks_for_more_points_than_prometheus_returns() -> None:
    end, shown = 400 * DAY, 395 * DAY
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in BOARDS.glob("*.json")]
    ranges = [one.parameters for board in boards for one in asked(board, end, shown) if one.path == "query_range"]
    assert len(ranges) > 100
    assert max((int(one["end"]) - int(one["start"])) / int(one["step"]) for one in ranges) < MOST_POINTS + 1
