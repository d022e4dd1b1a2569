"""Seconds from the first evaluation at which a critical budget alert holds to its arrival, and what evaluation costs.

Real Prometheus and Alertmanager run on the shipped files, changed in nothing but addresses, over made-up devices. Half
of the first ones use up a budget of which a warning has told that most is used, at moments spread over the five minutes
in which Alertmanager then keeps warnings back; half burn too fast. `--before FOLDER` names the folder `prometheus` of
another commit: a second pair of programs watches the same devices at the same time. Takes a quarter of an hour, most of
it waiting. Prints figures; fails on nothing.
"""

import argparse
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from bench.record import record, table
from tests.processes import program, running_alertmanager, running_prometheus
from tests.prometheus import stack
from tests.prometheus.devices import LEAP_GRAMS, LIMIT, Devices, serving_devices

GOLDEN = Path(__file__).parent.parent / "tests/golden/exporter.prom"
DEVICES = 50
TOLD = 12
"""Devices whose budgets move; the others are there for what they cost."""

WARNED_AFTER, SPREAD_FROM, SPREAD, TAIL = 60.0, 300.0, 300.0, 450.0
"""Seconds: when warnings begin to hold, when the first critical alert does, over how long the others follow, and how
long is waited for the last."""

HISTORY_SECONDS, STEP = 7200, 15
IMPORT_SECONDS = 300
EXHAUSTED, FAST, SLOW = "EcotrackBudgetExhausted", "EcotrackDailyBudgetFastBurn", "EcotrackDailyBudgetSlowBurn"


@dataclass
class Side:
    """One configuration under way: its Prometheus, that one's process, and what has been received."""

    name: str
    url: str
    process: psutil.Process
    received: list[dict[str, Any]]
    active_since: dict[tuple[str, str], float] = field(default_factory=dict)
    cpu_before: float = 0.0
    cpu_hourly: float = 0.0


def main() -> None:
    """Run one or two configurations on the same devices, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="the folder `prometheus` of another commit")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    sources = ({"before": options.before} if options.before else {}) | {"now": stack.SHIPPED}
    names = [f"device-{number:02d}" for number in range(DEVICES)]
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="alert-delay-")))
        devices = opened.enter_context(serving_devices(names, rest()))
        fill(folder, devices)
        sides = [
            opened.enter_context(watching(name, source, folder / name, devices)) for name, source in sources.items()
        ]
        move(devices, sides)
    figures = [describe(sides), costs(sides), leaks(sides)]
    print("\n\n".join(figures))
    if options.record:
        record("alert_delay", ["Critical budget alerts: from the first evaluation that holds to the arrival", *figures])


def rest() -> str:
    """Return what an exporter has besides the metrics that move, so that all rules have something to read."""
    moving = ("ecotrack_budget_", "ecotrack_emissions_grams_total", "ecotrack_lifetime_start_timestamp_seconds")
    lines = GOLDEN.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("#", *moving)))


def fill(folder: Path, devices: Devices) -> None:
    """Write two hours of history of the metrics that alerts read over time, and make a block of them."""
    end = int(time.time()) // STEP * STEP
    file = folder / "samples.txt"
    with file.open("w", encoding="utf-8") as out:
        for device in devices.by_name.values():
            for line in device.exposition().splitlines():
                series, _, value = line.rpartition(" ")
                name, _, labels = series.rstrip("}").partition("{")
                target = f'job="ecotrack",instance="{device.name}"' + (f",{labels}" if labels else "")
                times = range(end - HISTORY_SECONDS, end - STEP, STEP)
                out.writelines(f"{name}{{{target}}} {value} {moment}\n" for moment in times)
        out.write("# EOF\n")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", str(file), str(folder / "blocks")]
    subprocess.run(argv, check=True, timeout=IMPORT_SECONDS, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def watching(name: str, source: Path, folder: Path, devices: Devices) -> Iterator[Side]:
    """Run Prometheus and Alertmanager on the files in `source`, with the history that was written."""
    folder.mkdir()
    subprocess.run(["cp", "-r", str(folder.parent / "blocks"), str(folder / "prometheus-data")], check=True, timeout=60)
    with (
        stack.webhook() as (url, received),
        running_alertmanager(
            stack.write_shipped_alertmanager(folder, webhook=url, source=source), folder
        ) as alertmanager,
    ):
        config = stack.write_shipped(
            folder, targets=devices.targets(), alertmanager=alertmanager.removeprefix("http://"), source=source
        )
        with running_prometheus(config, folder) as prometheus:
            process = next(one for one in psutil.Process().children() if str(config) in " ".join(one.cmdline()))
            yield Side(name, prometheus, process, received)


def move(devices: Devices, sides: list[Side]) -> None:
    """Let the first devices exceed their budgets one after the other, and note since when each alert has held.

    Those that use up a budget burn too fast at the same time, which a used-up budget mutes.
    """
    told = list(devices.by_name.values())[:TOLD]
    exhausted, burning = told[: TOLD // 2], told[TOLD // 2 :]
    steps = [(WARNED_AFTER, device, 0.85 * LIMIT, 0.0) for device in exhausted]
    for number in range(TOLD // 2):
        moment = SPREAD_FROM + SPREAD * number / (TOLD // 2)
        steps += [
            (moment, exhausted[number], 1.02 * LIMIT, LEAP_GRAMS),
            (moment, burning[number], 0.5 * LIMIT, LEAP_GRAMS),
        ]
    began = time.monotonic()
    for side in sides:
        side.cpu_before = cpu(side)
    while (passed := time.monotonic() - began) < SPREAD_FROM + SPREAD + TAIL:
        while steps and steps[0][0] <= passed:
            _, moved, used, emitted = steps.pop(0)
            moved.used, moved.emitted = used, emitted
        for side in sides:
            since(side)
        time.sleep(5)
    for side in sides:
        side.cpu_hourly = (cpu(side) - side.cpu_before) * 3600 / (time.monotonic() - began)


def cpu(side: Side) -> float:
    """Return the CPU seconds of Prometheus so far."""
    times = side.process.cpu_times()
    return float(times.user + times.system)


def since(side: Side) -> None:
    """Note the first evaluation at which each alert held, which Prometheus keeps as the value of a series."""
    answer = requests.get(f"{side.url}/api/v1/query", params={"query": "ALERTS_FOR_STATE"}, timeout=60).json()
    for one in answer["data"]["result"]:
        key = one["metric"]["alertname"], one["metric"].get("instance", "")
        side.active_since.setdefault(key, float(one["value"][1]))


def arrivals(side: Side, name: str) -> dict[str, float]:
    """Return the seconds from the first evaluation to the first notification that names the alert, by device."""
    found: dict[str, float] = {}
    for alert in side.received:
        instance = alert["labels"].get("instance", "")
        if alert["labels"]["alertname"] == name and instance not in found:
            found[instance] = alert["arrived"] - side.active_since[name, instance]
    return found


def describe(sides: list[Side]) -> str:
    """Write the delays of the critical alerts of each side."""
    rows = [
        (side.name, name, str(len(told)), *(f"{one:.1f}" for one in (min(told), sum(told) / len(told), max(told))))
        for side in sides
        for name in (EXHAUSTED, FAST)
        if (told := list(arrivals(side, name).values()))
    ]
    return table(("configuration", "alert", "told", "shortest, s", "mean, s", "longest, s"), rows)


def costs(sides: list[Side]) -> str:
    """Write what the alerts and the whole of each Prometheus cost."""
    rows = []
    for side in sides:
        spent = side.cpu_hourly
        rows.append((side.name, f"{spent:.0f}", f"{100 * spent / 3600:.2f}%", f"{spent / DEVICES:.2f}"))
    head = ("configuration", "Prometheus, CPU s per hour", "of one core", "per device, CPU s per hour")
    return f"{DEVICES} devices of {len(rest().splitlines()) + 8} series:\n\n{table(head, rows)}"


def leaks(sides: list[Side]) -> str:
    """Write how many muted alerts were sent: slow burns beside fast ones, and what came with used-up budgets."""
    rows = []
    for side in sides:
        burnt, used = arrivals(side, FAST), arrivals(side, EXHAUSTED)
        slow = sum(1 for instance in arrivals(side, SLOW) if instance in burnt)
        both = sum(1 for instance in burnt if instance in used)
        rows.append((side.name, f"{slow} of {len(burnt)}", f"{both} of {len(used)}"))
    return table(("configuration", "slow burns sent beside fast ones", "fast burns sent beside used-up budgets"), rows)


if __name__ == "__main__":
    main()
