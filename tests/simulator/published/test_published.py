"""The published model lands on the published tables, and its runs obey the laws of paired experiments."""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from exporter.core.config import ConfigError, convert
from exporter.core.units import JOULES_PER_KWH
from exporter.core.yaml_file import load_yaml
from simulator.published.draws import tasks_of
from simulator.published.figures import ABLATION, PUBLISHED, REPLICATION
from simulator.published.model import replicated, rules_of, run_published, table_of
from simulator.run.job import MeasureName, Method, RunResult
from simulator.scenario.check import published_contradictions
from simulator.scenario.published import PublishedScenario
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.published import PublishedTasks, executed
from tests.processes import TOOL_SECONDS

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "bench/results/experiments"
SEEDS = range(1, 31)

STANDARD = Method(name="standard", policy="round-robin", compression=False, dvfs=False, forecast=False, ledger=False)
FULL = Method(name="full", policy="weighted")
METHODS = {
    method.name: method
    for method in (
        STANDARD,
        FULL,
        msgspec.structs.replace(FULL, name="energy-aware-only", ledger=False),
        msgspec.structs.replace(STANDARD, name="ledger-only", ledger=True),
        msgspec.structs.replace(STANDARD, name="compression-only", compression=True),
        msgspec.structs.replace(FULL, name="without-forecast", forecast=False),
        msgspec.structs.replace(FULL, name="without-dvfs", dvfs=False),
        msgspec.structs.replace(FULL, name="without-compression", compression=False),
        msgspec.structs.replace(FULL, name="without-ledger", ledger=False),
        Method(name="single-node:Wind-without-dvfs", policy="single-node:Wind", dvfs=False, ledger=False),
        Method(name="single-node:Wind", policy="single-node:Wind", ledger=False),
    )
}


def parameters() -> dict[str, Any]:
    """Read the shipped file, without the key that says which model it is for."""
    data = load_yaml(ROOT / "simulator/scenario/published.yaml")
    assert data.pop("model") == "published"
    return data


@cache
def scenario() -> PublishedScenario:
    return convert(parameters(), PublishedScenario, origin="published.yaml")


@cache
def runs(method: str) -> list[RunResult]:
    """Return a method's 30 replications, with the same seeds for every method."""
    return [run_published(scenario(), METHODS[method], seed) for seed in SEEDS]


def mean(method: str, metric: MeasureName) -> float:
    return fmean(getattr(run, metric) for run in runs(method))


def change(method: str) -> float:
    """Return the change of energy against the full method: 0.18 is 18% more."""
    return mean(method, "energy_joules") / mean("full", "energy_joules") - 1


@pytest.mark.parametrize("method", ["standard", "full"])
def test_means_land_on_the_published_table(method: str) -> None:
    published = PUBLISHED[method]
    assert mean(method, "energy_joules") == pytest.approx(published["energy_joules"], rel=0.03)
    assert mean(method, "latency_seconds") == pytest.approx(published["latency_seconds"], rel=0.03)
    assert mean(method, "renewable_ratio") == pytest.approx(published["renewable_ratio"], abs=0.01)


def test_emissions_land_on_the_published_table() -> None:
    assert mean("standard", "emissions_grams") == pytest.approx(PUBLISHED["standard"]["emissions_grams"], rel=0.03)
    assert 0 < mean("full", "emissions_grams") < 0.03


@pytest.mark.parametrize("experiment", ["baseline-published", "ablation-published"])
def test_every_mean_is_the_kept_one(experiment: str) -> None:
    kept = list(csv.DictReader((KEPT / experiment / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert len(kept) > 20
    for row in kept:
        # The order of a sum is another; a figure that any run has differently is far beyond it.
        assert mean(row["method"], cast(MeasureName, row["measure"])) == pytest.approx(float(row["mean"]), rel=1e-12)


@pytest.mark.parametrize("method", ["without-forecast", "without-dvfs", "without-compression"])
def test_ablations_land_on_the_published_changes(method: str) -> None:
    assert change(method) == pytest.approx(ABLATION[method]["energy_joules"], abs=0.02)


def test_the_ledger_costs_no_energy_once_runs_are_paired() -> None:
    for one, other in (("full", "without-ledger"), ("standard", "ledger-only")):
        pairs = list(zip(runs(one), runs(other), strict=True))
        assert [first.energy_joules - second.energy_joules for first, second in pairs] == [0.0] * len(SEEDS)
        assert all(first.cost_dollars != second.cost_dollars for first, second in pairs)


@pytest.mark.parametrize("method", PUBLISHED)
def test_costs_land_on_the_published_table(method: str) -> None:
    # Published to one digit where hardly anything is bought.
    tolerance = 0.00001 if method == "energy-aware-only" else 0
    assert mean(method, "cost_dollars") == pytest.approx(PUBLISHED[method]["cost_dollars"], rel=0.04, abs=tolerance)


@pytest.mark.parametrize("method", REPLICATION)
def test_means_agree_with_an_independent_replication(method: str) -> None:
    tolerances: Mapping[MeasureName, float] = {"energy_joules": 0.01, "latency_seconds": 0.01, "emissions_grams": 0.1}
    for metric, value in REPLICATION[method].items():
        if metric == "renewable_ratio":
            assert mean(method, metric) == pytest.approx(value, abs=0.01)
        else:
            assert mean(method, metric) == pytest.approx(value, rel=tolerances[metric])


@pytest.mark.parametrize("method", [name for name in METHODS if name != "without-ledger"])
def test_the_page_tells_what_comes_out(method: str) -> None:
    cells = (
        f"{mean(method, 'energy_joules') / JOULES_PER_KWH:.5f}",
        f"{mean(method, 'emissions_grams'):.3f}",
        f"{mean(method, 'latency_seconds'):.4f}",
        f"{mean(method, 'renewable_ratio'):.2%}".removesuffix("%"),
        f"{mean(method, 'cost_dollars'):.6f}",
    )
    page = (ROOT / "docs/explanation/published-model.md").read_text(encoding="utf-8")
    assert f"ours | {' | '.join(cells)} |" in page


def test_more_nodes_do_not_raise_the_throughput_of_the_published_model() -> None:
    few, many = (
        [run_published(scenario(), FULL, seed, nodes=count, tasks=2000) for seed in range(5)] for count in (2, 32)
    )
    for small, large in zip(few, many, strict=True):
        assert small.tasks_completed / small.simulated_seconds == pytest.approx(
            large.tasks_completed / large.simulated_seconds, rel=1e-4
        )
        assert small.latency_seconds == pytest.approx(large.latency_seconds, rel=0.05)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
@pytest.mark.parametrize("nodes", [4, 7])
def test_compiled_equals_plain(method: Method, nodes: int) -> None:
    cluster = replicated(scenario().nodes, nodes)
    workload = msgspec.structs.replace(scenario().workload, tasks=700)
    given = (
        tasks_of(workload, cluster, scenario().supply, seed=5),
        table_of(cluster),
        rules_of(scenario(), method, cluster),
    )
    plain, compiled = executed(*given, Backend.PLAIN), executed(*given, Backend.COMPILED)
    assert plain.node.tobytes() == compiled.node.tobytes()
    assert plain.seconds.tobytes() == compiled.seconds.tobytes()
    assert plain.watts.tobytes() == compiled.watts.tobytes()
    assert plain.renewable.tobytes() == compiled.renewable.tobytes()


def test_same_seed_same_bytes() -> None:
    first, again, other = (msgspec.json.encode(run_published(scenario(), FULL, seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def drawn(*, tasks: int = 1000, nodes: int = 4) -> PublishedTasks:
    workload = msgspec.structs.replace(scenario().workload, tasks=tasks)
    return tasks_of(workload, replicated(scenario().nodes, nodes), scenario().supply, 9)


def test_larger_runs_extend_smaller_ones() -> None:
    small, large = drawn(tasks=300, nodes=3), drawn(tasks=1000, nodes=12)
    assert np.array_equal(small.work_seconds, large.work_seconds[:300])
    assert np.array_equal(small.priority, large.priority[:300])
    assert np.array_equal(small.generation, large.generation[:300, :3])


def test_placement_never_reads_the_future() -> None:
    tasks, cluster = drawn(), replicated(scenario().nodes, None)
    shuffled = np.random.default_rng(1).permutation(np.arange(500, 1000))
    order = np.concatenate((np.arange(500), shuffled))
    changed = PublishedTasks(tasks.generation[order], tasks.work_seconds[order], tasks.priority[order])
    before, after = (
        executed(one, table_of(cluster), rules_of(scenario(), FULL, cluster), Backend.PLAIN) for one in (tasks, changed)
    )
    assert np.array_equal(before.node[:500], after.node[:500])
    assert np.array_equal(before.watts[:500], after.watts[:500])
    assert not np.array_equal(before.node[500:], after.node[500:])


def test_supply_follows_its_equations() -> None:
    tasks = drawn(tasks=20_000)
    solar, wind, hybrid, grid = (tasks.generation[:, node, :] for node in range(4))
    assert wind.min() == pytest.approx(0.2 * 0.35 * 800)
    assert wind.max() == pytest.approx(1.5 * 0.35 * 800)
    assert solar.min() == 0
    assert solar.max() <= 1.3 * 1000
    assert np.array_equal(solar > 0, hybrid > 0)
    assert not grid.any()
    # Fresh at every call: what the score saw says nothing of what the execution will see.
    assert abs(np.corrcoef(wind[:, 0], wind[:, 2])[0, 1]) < 0.05


def test_the_grid_node_alone_draws_its_power_for_the_work_and_nothing_else() -> None:
    alone = msgspec.structs.replace(STANDARD, policy="single-node:Grid", ledger=True)
    run = run_published(scenario(), alone, 2)
    # 55 W and 85% of the 165 W up to full power.
    assert run.energy_joules == pytest.approx(195.25 * run.latency_seconds * run.tasks_completed)
    assert run.renewable_ratio == 0
    assert run.credit_dollars == 0
    assert run.emissions_grams == pytest.approx(run.energy_joules / JOULES_PER_KWH * 400)


def test_compression_alone_keeps_a_third_of_the_energy_in_every_run() -> None:
    for compressed, plain in zip(runs("compression-only"), runs("standard"), strict=True):
        assert compressed.energy_joules / plain.energy_joules == pytest.approx(0.6 / 1.8)


def test_only_the_order_of_scores_counts() -> None:
    weights = scenario().weights
    normalised = replace_weights({key: value / 1.1 for key, value in msgspec.structs.asdict(weights).items()})
    assert run_published(normalised, FULL, 1).energy_joules == run_published(scenario(), FULL, 1).energy_joules


def replace_weights(weights: Mapping[str, float]) -> PublishedScenario:
    return convert(parameters() | {"weights": dict(weights)}, PublishedScenario, origin="published.yaml")


def test_nothing_heavy_is_loaded_before_something_runs() -> None:
    code = "import sys, simulator.published.model; print({'numba', 'scipy', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("section", "key", "value", "line"),
    [
        ("nodes.1", "capacity_watts", -1, "nodes[1].capacity_watts: expected a number >= 0"),
        ("nodes.0", "supply", "tidal", 'nodes[0].supply: expected one of grid, hybrid, solar, wind, got "tidal"'),
        ("nodes.0", "base_watts", 300, "nodes[0].base_watts: expected at most max_watts, 200, got 300"),
        ("nodes.2", "min_gigahertz", 4, "nodes[2].min_gigahertz: expected at most max_gigahertz, 3, got 4"),
        ("nodes.0", "cores", 4, "nodes[0].cores: unknown key"),
        ("workload.kinds.1", "models", ["gpt"], "workload.kinds[1].models: expected some of resnet"),
        ("workload", "kinds", [], "workload.kinds: expected at least one kind of task, got none"),
        ("workload", "rate_per_hour", float("nan"), "workload.rate_per_hour: expected a finite number, got nan"),
        ("supply.solar", "sunset_hour", 5, "supply.solar.sunset_hour: expected a number >= sunrise_hour + 0.1, got 5"),
        (
            "workload",
            "rate_per_hour",
            1e-320,
            "workload.rate_per_hour: expected a number >= 0.001 and <= 1,000,000,000",
        ),
        ("workload.kinds.0", "share", 1e308, "workload.kinds[0].share: expected a number > 0 and <= 1,000,000, got 1e"),
        ("dvfs", "priority_weight", 0.5, "dvfs: expected renewable_weight + priority_weight <= 1"),
    ],
)
def test_mistakes_are_named(section: str, key: str, value: object, line: str) -> None:
    data = parameters()
    part: Any = data
    for step in section.split("."):
        part = part[int(step) if step.isdigit() else step]
    part[key] = value
    with pytest.raises(ConfigError) as caught:
        convert(data, PublishedScenario, origin="my.yaml")
    assert [mistake[: len("my.yaml: ") + len(line)] for mistake in caught.value.mistakes] == [f"my.yaml: {line}"]


def figures_in(value: object, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of numbers in a file."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from figures_in(item, *path, key)
    elif isinstance(value, int | float):
        yield path


@pytest.mark.parametrize("path", list(figures_in(parameters())), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("figure", [0, 5e-324, 1e-300, 1e-12, 1e-6, 1e-3, 1e3, 1e6, 1e9, 1e12, 1e308])
def test_a_figure_is_refused_by_name_or_leads_to_figures(path: tuple[str | int, ...], figure: float) -> None:
    data = parameters()
    part: Any = data
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = figure
    # The other bound of a pair goes along, where the two are one figure that may be large.
    for low, high in (("base_watts", "max_watts"), ("min_gigahertz", "max_gigahertz"), ("least", "greatest")):
        if path[-1] in (low, high):
            part |= {low: min(part[low], figure), high: max(part[high], figure)}
    try:
        changed = convert(data, PublishedScenario, origin="my.yaml")
    except ConfigError as error:
        assert all(mistake.startswith(f"my.yaml: {path[0]}") for mistake in error.mistakes)
        return
    few = min(50, changed.workload.tasks)
    for method in (STANDARD, FULL):
        found = msgspec.structs.asdict(run_published(changed, method, 1, tasks=few))
        assert [name for name, value in found.items() if value is not None and not np.isfinite(value)] == []


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ConfigError, match="weights: expected at least one weight above 0, got all zero"):
        replace_weights({"qos": 0, "energy": 0, "renewable": 0, "load": 0})


def test_absent_and_ambiguous_nodes_are_contradictions() -> None:
    data = parameters()
    twice = convert(data | {"nodes": [data["nodes"][0]] * 2}, PublishedScenario, origin="my.yaml")
    del data["nodes"]
    assert list(published_contradictions(twice)) == ['nodes[1].name: expected different names, got "Solar" twice']
    assert list(published_contradictions(convert(data, PublishedScenario, origin="my.yaml"))) == [
        "nodes: expected at least one node, got none"
    ]
    assert list(published_contradictions(scenario())) == []


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (
            lambda: run_published(scenario(), msgspec.structs.replace(FULL, policy="oracle"), 1),
            "policy: expected one of round-robin, weighted, single-node:Solar, single-node:Wind, single-node:Hybrid, "
            'single-node:Grid in the published model, got "oracle"',
        ),
        (lambda: run_published(scenario(), FULL, 1, nodes=0), "nodes: expected a number >= 1, got 0"),
        (
            lambda: run_published(scenario(), FULL, 1, tasks=-5),
            "tasks: expected a number >= 1 and <= 10,000,000, got -5",
        ),
        (
            lambda: run_published(scenario(), FULL, 1, tasks=10_000_001),
            "tasks: expected a number >= 1 and <= 10,000,000, got 10000001",
        ),
        (
            lambda: run_published(scenario(), FULL, 1, rate_per_hour=1e-9),
            "rate_per_hour: expected a number >= 0.001 and <= 1,000,000,000, got 1e-09",
        ),
    ],
)
def test_impossible_runs_are_refused(run: Callable[[], RunResult], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run()
    assert caught.value.mistakes == [line]
