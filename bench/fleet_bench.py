"""Cost of the rules to one Prometheus that watches a fleet, and how long each query of each board takes there.

`python -m bench.fleet_bench [--devices 500] [--minutes 8] [--record]` gives two real Prometheus servers a day of
history and the same devices, which they scrape every 15 s; one has the rules. Their CPU seconds are compared over the
spans of time, each as long as the longest interval of a rule group. Then every query of every board is asked over a
day, with the step that Grafana would take. `--before FOLDER` names the folder `prometheus` of another commit, whose
rules a third server has. Prints figures, unless an alert is active in the fleet. Takes its minutes, and about twelve
more.
"""

import argparse
import contextlib
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from bench.fleet_blocks import multiply
from bench.fleet_devices import DAY, PATTERNS, pattern
from bench.fleet_queries import WAIT_SECONDS, Side, boards, long_windows, own_process, say
from bench.record import record, table
from prometheus.budget import seconds
from tests.processes import ending, first_line, program, running_prometheus

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "prometheus"
DEVICES = 500
MINUTES = 8
PARTS = ("rules", "boards", "months")
"""Cost of rules, queries of boards over a day of the fleet, and those over thirteen months of one device."""

HISTORY_STEP = 60
LEARNED_SECONDS = 25
"""Time for which all rules are evaluated once a second, to learn which series they record."""

BLOCK = "18h"
"""Longest block: three of the two hours that the head holds, and three of those, as in a database a day old."""

SETTLE_SECONDS = 600
"""Time before the first span: all series are in memory, and so is what the windows of most rules reach back to, as in a
server that has run for hours. The history that was written lies in blocks, which are slower to read."""

JOB = "ecotrack"
WATCHDOG = "EcotrackWatchdog"
"""The alert that always fires."""


def main() -> None:
    """Make the history, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES, help="devices of the fleet (default: %(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="length of the comparison (default: %(default)s)"
    )
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="the folder `prometheus` of another commit")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = measured(options)
    except KeyboardInterrupt:
        sys.exit("interrupted")
    print("\n\n".join(figures))
    if options.record:
        record("fleet", ["A fleet on one Prometheus: what rules cost, and how long queries take", *figures])


def measured(options: argparse.Namespace) -> list[str]:
    """Return the paragraphs of the results."""
    figures = of_fleet(options) if {"rules", "boards"} & set(options.parts) else []
    return [*figures, long_windows()] if "months" in options.parts else figures


def of_fleet(options: argparse.Namespace) -> list[str]:
    """Return the paragraphs on a day of the fleet."""
    sources: dict[str, Path | None] = {"without rules": None, "with rules": SHIPPED}
    if options.before:
        sources["before"] = options.before
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="fleet-bench-")))
        address = opened.enter_context(serving())
        count = fill(folder, options.devices, learned(folder, address, list(sources.values())))
        sides = [
            opened.enter_context(watching(name, source, folder, targets(address, options.devices)))
            for name, source in sources.items()
        ]
        until_scraped(sides, options.devices)
        figures = []
        if "rules" in options.parts:
            compare(sides, options.minutes, longest_interval(list(sources.values())))
            figures += [describe(sides, options.devices, count), by_group(sides)]
        if "boards" in options.parts:
            figures += boards(sides[1], time.time() // HISTORY_STEP * HISTORY_STEP)
    return figures


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run the process of the devices; yield its address."""
    argv = [sys.executable, "-m", "bench.fleet_devices"]
    with ending(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)) as process:
        yield first_line(process)


def device(number: int) -> str:
    """Name a device; its pattern is the last digit."""
    return f"device-{number:04d}:10110"


def targets(address: str, devices: int) -> list[dict[str, object]]:
    """Return the devices as a file of targets lists them; those of the last pattern are in no team."""
    return [
        {
            "targets": [address],
            "labels": {"__metrics_path__": f"/{number}", **target_labels(number)},
        }
        for number in range(devices)
    ]


def target_labels(number: int) -> dict[str, str]:
    """Return the labels that a device has as a target, beside its job."""
    team = number % PATTERNS
    return {"instance": device(number)} | ({"team": f"team-{team}"} if team < PATTERNS - 1 else {})


def write_config(folder: Path, source: Path | None, listed: list[dict[str, object]]) -> Path:
    """Copy prometheus.yml and the rules of `source` as they are, and list the devices as the only targets."""
    folder.mkdir()
    shutil.copy(SHIPPED / "prometheus.yml", folder)
    if source:
        shutil.copytree(source / "rules", folder / "rules")
    (folder / "targets").mkdir()
    for name in ("ecotrack", "ecochain", "alertmanager", "prometheus"):
        (folder / f"targets/{name}.yml").write_text(yaml.safe_dump(listed if name == JOB else []), encoding="utf-8")
    return folder / "prometheus.yml"


def learned(folder: Path, address: str, sources: Sequence[Path | None]) -> dict[str, float]:
    """Return the series that the rules record of one device of each pattern, with a value of each, as text.

    Raises AssertionError where an alert lasts: the cost is that of a fleet in which nothing fails.
    """
    found: dict[str, float] = {}
    for number, source in enumerate(filter(None, sources)):
        say("learning which series the rules record")
        config = write_config(folder / f"learning-{number}", source, targets(address, PATTERNS))
        hurry(config)
        with running_prometheus(config, config.parent) as url:
            time.sleep(LEARNED_SECONDS)
            for one in ask(url, "query", {"query": '{__name__=~".+:.+|ALERTS|ALERTS_FOR_STATE"}'})["result"]:
                found[written(one["metric"])] = float(one["value"][1])
            # Where a scrape is missed, an alert is there for a moment.
            lasting = f'count_over_time(ALERTS{{alertname!="{WATCHDOG}"}}[{LEARNED_SECONDS}s]) > {LEARNED_SECONDS // 2}'
            active = ask(url, "query", {"query": f"group by (alertname) ({lasting})"})["result"]
            assert not active, f"active alerts: {sorted(one['metric']['alertname'] for one in active)}"
        shutil.rmtree(config.parent)
    return found


def hurry(config: Path) -> None:
    """Scrape and evaluate once a second."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    for path in (config.parent / "rules").glob("*.yml"):
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in text["groups"]:
            group["interval"] = "1s"
        path.write_text(yaml.safe_dump(text), encoding="utf-8")


def written(metric: Mapping[str, str]) -> str:
    """Write a series as text."""
    labels = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in metric.items() if name != "__name__")
    return f"{metric['__name__']}{{{','.join(labels)}}}"


def ask(url: str, path: str, parameters: Mapping[str, str]) -> Any:
    """Return the data that Prometheus answers."""
    answer = requests.get(f"{url}/api/v1/{path}", params=parameters, timeout=WAIT_SECONDS)
    answer.raise_for_status()
    return answer.json()["data"]


def fill(folder: Path, devices: int, recorded: Mapping[str, float]) -> int:
    """Write a day of history of all devices as blocks; returns the number of series."""
    end = int(time.time()) // HISTORY_STEP * HISTORY_STEP
    moments = range(end - DAY, end + 1, HISTORY_STEP)
    say(f"writing a day of {PATTERNS} devices")
    text = folder / "history.om"
    with text.open("w", encoding="utf-8") as out:
        for number in range(min(devices, PATTERNS)):
            target = ",".join(f'{name}="{value}"' for name, value in {"job": JOB, **target_labels(number)}.items())
            own = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
            out.writelines(f"{name}{{{target}}} 1 {moment}\n" for name in own for moment in moments)
            for one in pattern(number):
                labels = f"{one.labels},{target}" if one.labels else target
                out.writelines(f"{one.name}{{{labels}}} {one.at(moment, number)!r} {moment}\n" for moment in moments)
        every = intervals()
        for series, value in recorded.items():
            # A recorded value wanders a little: what it is matters to no cost, and that it moves does.
            recorded_at = moments[:: every.get(series.partition("{")[0], HISTORY_STEP) // HISTORY_STEP]
            out.writelines(f"{series} {value * (1 + moment // 60 % 17 / 100):.6g} {moment}\n" for moment in recorded_at)
        out.write("# EOF\n")
    say("making blocks of it")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={BLOCK}"]
    few = folder / "few"
    subprocess.run([*argv, str(text), str(few)], check=True, timeout=WAIT_SECONDS, stdout=subprocess.DEVNULL)
    text.unlink()
    say(f"copying it to {devices} devices")
    copies = {device(number): [device(one) for one in range(number, devices, PATTERNS)] for number in range(PATTERNS)}
    blocks = [one for one in few.iterdir() if (one / "meta.json").exists()]
    count = max(multiply(block, folder / "blocks" / block.name, copies) for block in blocks)
    shutil.rmtree(few)
    return count


def intervals() -> dict[str, int]:
    """Return the seconds between two values of each series that the shipped rules record, a minute at least."""
    texts = [path.read_text(encoding="utf-8") for path in (SHIPPED / "rules").glob("*.yml")]
    return {
        rule["record"]: max(HISTORY_STEP, round(seconds(group["interval"])))
        for text in texts
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
        if "record" in rule
    }


@contextlib.contextmanager
def watching(name: str, source: Path | None, folder: Path, listed: list[dict[str, object]]) -> Iterator[Side]:
    """Run Prometheus with the rules in `source` and the history that was written, which the servers share."""
    say(f"starting Prometheus {name}")
    own = folder / name.replace(" ", "-")
    config = write_config(own, source, listed)
    shutil.copytree(folder / "blocks", own / "prometheus-data", copy_function=hard_link)
    flags = ("--storage.tsdb.retention.time=400d", f"--storage.tsdb.max-block-duration={BLOCK}")
    with running_prometheus(config, own, *flags, "--storage.tsdb.min-block-duration=2h") as url:
        yield Side(name, url, own_process(config))


def hard_link(source: str, target: str) -> None:
    """Give a file a second name: Prometheus never writes into a block."""
    Path(target).hardlink_to(source)


def until_scraped(sides: Sequence[Side], devices: int) -> None:
    """Return once each server has scraped all devices, and has had time to settle."""
    say("waiting for all devices to be scraped")
    deadline = time.monotonic() + WAIT_SECONDS
    for side in sides:
        while not (found := ask(side.url, "query", {"query": "count(up == 1)"})["result"]) or (
            int(found[0]["value"][1]) < devices
        ):
            assert time.monotonic() < deadline, f"{side.name} has not scraped all devices"
            time.sleep(1)
    time.sleep(min(SETTLE_SECONDS, devices))


def longest_interval(sources: Sequence[Path | None]) -> float:
    """Return the longest interval of any rule group, in seconds."""
    texts = [
        one.read_text(encoding="utf-8") for source in sources if source for one in (source / "rules").glob("*.yml")
    ]
    return max(float(seconds(group["interval"])) for text in texts for group in yaml.safe_load(text)["groups"])


def compare(sides: Sequence[Side], minutes: float, interval: float) -> None:
    """Note the CPU seconds of each server over the same spans."""
    spans = max(1, round(60 * minutes / interval))
    length = min(interval, 60 * minutes)
    for number in range(spans):
        say(f"span {number + 1} of {spans}, {length:g} s each")
        before = [side.cpu() for side in sides]
        time.sleep(length)
        for side, earlier in zip(sides, before, strict=True):
            side.spans.append((side.cpu() - earlier) / length)
            say(f"{side.name}: {100 * side.spans[-1]:.2f}% of one core")


def describe(sides: Sequence[Side], devices: int, series: int) -> str:
    """Write what each server costs, and by how much that is more than without rules."""
    rows = []
    for side in sides:
        more = [own / base - 1 for own, base in zip(side.spans, sides[0].spans, strict=True) if base]
        part = statistics.median(side.spans)
        spread = f"{100 * min(side.spans):.2f} to {100 * max(side.spans):.2f}%"
        megabytes = side.process.memory_info().rss / 1e6
        # A short span may cost less than a tick of the clock: then nothing can be said of what is more than that.
        over = f"{100 * statistics.median(more):+.0f}%" if more else "-"
        rows.append((side.name, f"{100 * part:.2f}%", spread, over, f"{megabytes:.0f}"))
    head = ("Prometheus", "of one core, median", "spans", "over none", "MB")
    return f"{devices} devices, {series} series with a day of history:\n\n{table(head, rows)}"


def by_group(sides: Sequence[Side]) -> str:
    """Write how long each rule group takes, in milliseconds a minute."""
    rows = []
    for side in sides[1:]:
        for group in ask(side.url, "rules", {})["groups"]:
            took = 1000 * group["evaluationTime"]
            rows.append(
                (side.name, group["name"], f"{group['interval']:g} s", f"{took:.0f}", took * 60 / group["interval"])
            )
    rows.sort(key=lambda row: -row[-1])
    head = ("Prometheus", "rule group", "every", "ms of wall time, the last one", "ms a minute")
    return table(head, [(*row[:-1], f"{row[-1]:.0f}") for row in rows])


if __name__ == "__main__":
    main()
