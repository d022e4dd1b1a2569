"""Speed and size of a whole run of the simulator, with SimPy placing the same tasks beside it.

`python -m bench.simulator_bench [--record]` prints tasks per CPU second of the policy `joint` with batteries and all
five operating points, by the number of nodes, and the memory of a run of a hundred million tasks.
"""

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import simpy

from bench.first_compile import cpu_seconds
from bench.record import record, table
from exporter.core.units import SECONDS_PER_DAY
from simulator.run.engine import Engine
from simulator.run.job import Method
from simulator.run.simulate import build_engine, figures, fixed_tasks
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.workload.trace import TraceWorkload

SIZES = {4: 4_000_000, 32: 4_000_000, 1000: 2_000_000}
GOALS = {4: 2_000_000, 32: 600_000, 1000: 40_000}
SIMPY_TASKS = {4: 100_000, 32: 100_000, 1000: 20_000}
DISTINCT_TASKS = {4: 4_000_000, 32: 1_000_000, 1000: 100_000}
REPEATS = 5
LOAD = 0.6
METHOD = Method(name="full", policy="joint")
MANY_TASKS = 100_000_000
LARGE_REPEATS = 3
STEPS_PER_DAY = 288
DAYS_LIVE = 20


def scenario() -> Scenario:
    """Return the scenario `edge`, from which the figures are."""
    loaded = load_scenario("edge")
    if not isinstance(loaded, Scenario):
        raise TypeError("edge is a physical scenario")
    return loaded


def engine_of(nodes: int, tasks: int, *, alike: bool) -> Engine:
    """Return an engine for a day of so many tasks, made so short that they load the cluster's speed to `LOAD`.

    Where nodes are not `alike`, each is a little slower than the one before: then nothing can be pruned.
    """
    idle = build_engine(scenario(), METHOD, 1, nodes=nodes)
    mean_work = LOAD * SECONDS_PER_DAY / tasks * float((1 / idle.plant.cluster.service[:, 0, -1]).sum())
    drawn = fixed_tasks(scenario(), tasks, tasks / 24.0, 1)
    shortened = type(drawn)(
        arrival=drawn.arrival,
        task_class=drawn.task_class,
        work=drawn.work * (mean_work / drawn.work.mean()),
        deadline=drawn.deadline,
    )
    engine = build_engine(scenario(), METHOD, 1, nodes=nodes, workload=TraceWorkload(shortened))
    if alike:
        return engine
    slower = 1.0 + 1e-4 * np.arange(nodes)[:, None, None]
    cluster = replace(engine.plant.cluster, service=engine.plant.cluster.service * slower)
    return Engine(replace(engine.plant, cluster=cluster))


def tasks_per_second(nodes: int, tasks: int, *, alike: bool) -> float:
    """Return the median speed of some whole runs, in tasks per CPU second."""
    rates = []
    for _ in range(REPEATS):
        engine = engine_of(nodes, tasks, alike=alike)
        begin = time.process_time()
        engine.run(STEPS_PER_DAY)
        rates.append(int(engine.totals.class_offered.sum()) / (time.process_time() - begin))
    return statistics.median(rates)


def simpy_tasks_per_second(nodes: int, tasks: int) -> float:
    """Return the speed of SimPy, placing the same arrivals on the least loaded node, in tasks per CPU second."""
    drawn = fixed_tasks(scenario(), tasks, tasks / 24.0, 1)
    speeds = 1 / build_engine(scenario(), METHOD, 1, nodes=nodes).plant.cluster.service[:, 0, -1]
    scale = LOAD * SECONDS_PER_DAY / tasks * float(speeds.sum()) / drawn.work.mean()
    environment = simpy.Environment()
    servers = [simpy.Resource(environment) for _ in range(nodes)]

    def execute(server: simpy.Resource, seconds: float) -> simpy.events.ProcessGenerator:
        with server.request() as turn:
            yield turn
            yield environment.timeout(seconds)

    def arrive() -> simpy.events.ProcessGenerator:
        for arrival, work in zip(drawn.arrival.tolist(), (drawn.work * scale).tolist(), strict=True):
            yield environment.timeout(max(0.0, arrival - environment.now))
            chosen = min(range(nodes), key=lambda node: servers[node].count + len(servers[node].queue))
            environment.process(execute(servers[chosen], work / speeds[chosen]))

    environment.process(arrive())
    gc.collect()
    begin = time.process_time()
    environment.run()
    return tasks / (time.process_time() - begin)


def live_speed() -> float:
    """Return simulated seconds per CPU second of the scenario, as a live run without a limit advances it."""
    engine = build_engine(scenario(), Method(name="full", policy="shifting"), 1)
    engine.run(1)
    begin = time.process_time()
    engine.run(DAYS_LIVE * STEPS_PER_DAY)
    return DAYS_LIVE * SECONDS_PER_DAY / (time.process_time() - begin)


def import_seconds() -> float:
    """Return the CPU time that importing the command line takes beyond that of an empty Python."""

    def spent(program: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", program], check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return statistics.median(spent("import simulator.cli") - spent("pass") for _ in range(REPEATS))


def memory() -> dict[str, float]:
    """Return the median figures of some runs with a hundred million tasks, each in a process of its own."""
    command = [sys.executable, "-m", "bench.simulator_bench", "--large"]
    found = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(LARGE_REPEATS)
    ]
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def large_run() -> None:
    """Run a hundred million tasks in a day and print the figures as JSON."""
    base = scenario()
    workload = at_rate(base, MANY_TASKS / 24.0)
    engine = build_engine(workload, METHOD, 1)
    begin = cpu_seconds()
    engine.run(STEPS_PER_DAY)
    tasks = figures(engine, 1).tasks_offered
    rate = tasks / (cpu_seconds() - begin)
    # Not getrusage: its maximum begins with that of the process which started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"mebibytes": peak, "child_mebibytes": child, "tasks": tasks, "rate": rate}))


def at_rate(base: Scenario, rate_per_hour: float) -> Scenario:
    """Return the scenario at another rate, with tasks so short that the cluster can follow."""
    workload = base.workload
    factor = workload.arrivals.rate_per_hour / rate_per_hour * 20
    classes = tuple(msgspec.structs.replace(one, work_seconds=one.work_seconds * factor) for one in workload.classes)
    arrivals = msgspec.structs.replace(workload.arrivals, rate_per_hour=rate_per_hour)
    changed = msgspec.structs.replace(workload, arrivals=arrivals, classes=classes)
    return msgspec.structs.replace(base, workload=changed)


def main() -> None:
    """Measure, print, and keep the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/simulator.md")
    parser.add_argument("--large", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.large:
        large_run()
        return
    rows = []
    for nodes, tasks in SIZES.items():
        alike = tasks_per_second(nodes, tasks, alike=True)
        distinct = tasks_per_second(nodes, DISTINCT_TASKS[nodes], alike=False)
        peer = simpy_tasks_per_second(nodes, SIMPY_TASKS[nodes])
        figures_of_size = (alike, distinct, GOALS[nodes], peer, distinct / peer)
        rows.append([f"{nodes}", *(f"{figure:,.0f}" for figure in figures_of_size)])
    head = ["nodes", "four kinds of node", "all different", "goal", "SimPy, least loaded", "all different over SimPy"]
    large = memory()
    parts = [
        "Simulator",
        "Whole runs of a day in 300 s steps: arrivals, the policy `joint` over nodes and five operating points with "
        f"batteries, balance, ledger cost and statistics; loaded to {LOAD:.0%}. Tasks per CPU second, median of "
        f"{REPEATS} runs. With few kinds of node the search skips what cannot win; SimPy looks at every node.",
        table(head, rows),
        f"{large['tasks']:,.0f} tasks on 4 nodes: {large['mebibytes']:.0f} MiB peak resident (goal 300), "
        f"{large['rate']:,.0f} tasks per CPU second, arrivals drawn as it runs; median of {LARGE_REPEATS} runs. Before "
        "its kernels are loaded, a child that takes "
        f"{large['child_mebibytes']:.0f} MiB computes the weather; its CPU time is in the rate.",
        f"The scenario `edge` at 208 tasks per hour: {live_speed():,.0f} simulated seconds per CPU second, steps of "
        "300 s.",
        f"Importing the command line: {import_seconds():.2f} s of CPU time (goal 0.3).",
    ]
    print("\n\n".join(parts))
    if options.record:
        record("simulator", parts)


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
