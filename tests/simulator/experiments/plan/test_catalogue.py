"""The cases of the experiments."""

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exporter.core.config import ConfigError
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.catalogue import CONSOLIDATING, EXPERIMENTS, PEERS, RIVALS, is_simple
from simulator.experiments.plan.request import Request, check
from simulator.experiments.plan.settings import FACTORS
from simulator.experiments.plan.sizes import NODES
from simulator.published.figures import ABLATION, PUBLISHED
from simulator.run.job import Job
from simulator.scenario.load import load_scenario
from simulator.scenario.published import AnyScenario
from simulator.scenario.schema import NodeSection, RunSection, Scenario, SchedulerSection
from simulator.scenario.variation import VARIATIONS
from simulator.scheduling.policies import traits
from tests.simulator.scenario.scenarios import edge


def cases(experiment: str, scenario: str, tasks: int | None = None) -> dict[str, Case]:
    loaded: AnyScenario = load_scenario(scenario)
    found = EXPERIMENTS[experiment].cases(loaded, tasks)
    assert len({case.label for case in found}) == len(found)
    return {case.label: case for case in found}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_ledgers_of_whole_days_can_be_kept(experiment: str) -> None:
    """Methods without a ledger have none to keep, and searches for saturation last no whole days."""
    for case in cases(experiment, "edge").values():
        work = case.on_chain().work
        is_kept = isinstance(work, Job) and work.chain
        assert is_kept == (isinstance(case.work, Job) and case.work.method.ledger)


@pytest.mark.parametrize(("scenario", "told"), [("published", "the published model"), ("regions", "several sites")])
def test_a_ledger_that_cannot_be_kept_is_refused(tmp_path: Path, scenario: str, told: str) -> None:
    request = Request(experiment="baseline", scenario=load_scenario(scenario), output=tmp_path, chain=True)
    with pytest.raises(ConfigError, match=f"^--ledger: expected profile with {told}, "):
        check(request)


@pytest.mark.parametrize(("experiment", "scenario"), [*itertools.product(EXPERIMENTS, ("edge", "published"))])
def test_every_case_runs_a_policy_that_exists(experiment: str, scenario: str) -> None:
    for case in cases(experiment, scenario).values():
        traits(case.work.method.policy)


def test_the_published_methods_have_their_published_names() -> None:
    assert PUBLISHED.keys() <= cases("baseline", "published").keys()
    assert ABLATION.keys() <= cases("ablation", "published").keys()


@pytest.mark.parametrize("scenario", ["edge", "published"])
def test_an_ablation_changes_one_thing(scenario: str) -> None:
    found = cases("ablation", scenario)
    full = found.pop("full").work.method
    for label, case in found.items():
        method = case.work.method
        if label in RIVALS:
            continue
        names = [name for name in method.__struct_fields__ if name != "name"]
        changed = [name for name in names if getattr(method, name) != getattr(full, name)]
        assert len(changed) == 1, label


def test_runs_on_edge_last_whole_days_but_for_saturation() -> None:
    works = [case.work for experiment in EXPERIMENTS for case in cases(experiment, "edge", 5000).values()]
    assert {work.tasks for work in works if isinstance(work, Job)} == {None}


def test_a_number_of_tasks_sets_the_rate_on_edge_and_ends_the_run_on_published() -> None:
    on_edge, published = cases("baseline", "edge", 4800)["full"].work, cases("baseline", "published", 4800)["full"].work
    assert isinstance(on_edge, Job)
    assert isinstance(published, Job)
    assert (on_edge.rate_per_hour, on_edge.tasks) == (200.0, None)
    assert (published.rate_per_hour, published.tasks) == (None, 4800)


def test_saturation_puts_nothing_off() -> None:
    for nodes in NODES:
        assert cases("scaling", "edge")[f"{nodes} nodes"].work.method.shift is False


@pytest.mark.parametrize(
    "experiment",
    [name for name, one in EXPERIMENTS.items() if (one.compared and name != "factorial") or name == "scaling"],
)
@pytest.mark.parametrize("scenario", ["edge", "regions"])
def test_whole_days_are_held_against_the_bound(experiment: str, scenario: str) -> None:
    jobs = [case.work for case in cases(experiment, scenario).values() if isinstance(case.work, Job)]
    assert jobs
    assert all(job.bound for job in jobs)


@pytest.mark.parametrize("scenario", ["edge", "regions"])
def test_every_setting_has_the_reference_and_the_scenario_s_own_policy(scenario: str) -> None:
    found = list(cases("sensitivity", scenario).values())
    for reference, own in zip(found[::2], found[1::2], strict=True):
        assert isinstance(reference.work, Job)
        assert isinstance(own.work, Job)
        assert (reference.panel, reference.size, reference.work.scenario) == (own.panel, own.size, own.work.scenario)
        assert (reference.work.method.policy, reference.work.method.sleep) == ("least-loaded", False)
        assert isinstance(own.work.scenario, Scenario)
        assert own.work.method.policy == own.work.scenario.scheduler.policy
        assert not reference.work.method.ledger
        assert not own.work.method.ledger
    assert [case.panel for case in found[:2]] == ["", ""]
    assert {(case.panel, case.size) for case in found[2:]} == set(itertools.product(VARIATIONS, FACTORS))


def test_a_setting_that_changes_nothing_is_left_out() -> None:
    bare = edge(nodes=tuple(NodeSection(name=f"node-{one}", device="raspberry-pi-4") for one in range(2)))
    panels = {case.panel for case in EXPERIMENTS["sensitivity"].cases(bare, None)}
    assert panels == {"", *VARIATIONS} - {"batteries", "supply"}


def test_a_policy_that_is_the_reference_has_a_name_of_its_own() -> None:
    scenario = edge(scheduler=SchedulerSection(policy="least-loaded", sleeping="timeout"))
    labels = [case.label for case in EXPERIMENTS["sensitivity"].cases(scenario, None)]
    assert len(labels) == len(set(labels))
    assert "full, load x 2" in labels


def test_a_number_of_tasks_sets_the_rate_that_load_varies() -> None:
    rates = {
        (case.panel, case.size): case.work.scenario.workload.arrivals.rate_per_hour  # type: ignore[union-attr]
        for case in cases("sensitivity", "edge", 2400).values()
    }
    assert (rates["", 1.0], rates["load", 0.5], rates["load", 2.0], rates["speeds", 2.0]) == (100, 50, 200, 100)


def test_only_peers_have_a_bound_that_takes_far_longer_than_the_run() -> None:
    year = edge(run=RunSection(days=365))
    for name, expected in (("baseline", False), ("peers", True)):
        works = [case.work for case in EXPERIMENTS[name].cases(year, None)]
        assert {isinstance(work, Job) and work.bound for work in works} == {expected}


@pytest.mark.parametrize("experiment", ["baseline", "peers", "ablation"])
@pytest.mark.parametrize("scenario", ["edge", "regions"])
def test_the_reference_is_least_loaded_with_the_same_compression_and_everything_awake(
    experiment: str, scenario: str
) -> None:
    found = cases(experiment, scenario)
    method = found["least-loaded"].work.method
    assert (method.policy, method.compression, method.sleep, method.batteries) == ("least-loaded", True, False, True)
    first = next(iter(found))
    assert first == ("full" if experiment == "ablation" else "least-loaded")


@pytest.mark.parametrize("scenario", ["edge", "regions"])
def test_peers_have_equal_service_but_for_who_sleeps(scenario: str) -> None:
    same = ("compression", "dvfs", "forecast", "supply", "intensity", "batteries", "ledger")
    found = cases("peers", scenario)
    told = found.pop("rolling-horizon-oracle").work.method
    assert (told.policy, told.supply, told.intensity) == ("rolling-horizon", "perfect", "perfect")
    methods = [case.work.method for case in found.values()]
    assert len({tuple(getattr(method, name) for name in same) for method in methods}) == 1
    assert {method.name for method in methods if not method.sleep} == {"least-loaded"}
    sleepers = {method.name: (method.policy, method.sleeping) for method in methods if method.sleeping}
    assert sleepers.pop("consolidation") == ("least-loaded", "consolidate")
    # Where the scenario consolidates, all of the others do.
    others = {f"{name}-consolidation": (name, "consolidate") for name in CONSOLIDATING}
    assert sleepers == (others if scenario == "edge" else {})


def test_simple_methods_are_neither_ours_nor_a_single_node_nor_the_system_less_a_part() -> None:
    found = {name: case.work.method for name, case in cases("peers", "edge").items()}
    simple = {name for name, method in found.items() if is_simple(method, "shifting")}
    assert found.keys() - simple == {
        "shifting",
        "rolling-horizon",
        "rolling-horizon-lp",
        "rolling-horizon-oracle",
        "oracle",
    } | {name for name in found if name.startswith("single-node:")}
    for experiment in ("baseline", "ablation"):
        names = {name for name, one in cases(experiment, "edge").items() if is_simple(one.work.method, "shifting")}
        assert names == {
            "least-loaded",
            *(["standard", "compression-only"] if experiment == "baseline" else ["round-robin"]),
        }


def test_a_policy_of_ones_own_is_among_its_peers() -> None:
    own = edge(scheduler=SchedulerSection(policy="mine:Mine"))
    policies = [case.work.method.policy for case in EXPERIMENTS["peers"].cases(own, None)]
    assert policies.count("mine:Mine") == 1
    assert set(PEERS) < set(policies)


def test_a_factorial_switches_each_lever_in_half_of_its_runs_and_nothing_else() -> None:
    experiment = EXPERIMENTS["factorial"]
    assert experiment.every is not None
    for of, count in ((experiment.cases, 16), (experiment.every, 128)):
        methods = [case.work.method for case in of(load_scenario("edge"), None)]
        assert len(methods) == count
        levers = ("policy", "dvfs", "compression", "batteries", "shift", "sleep", "move")
        for lever in levers:
            one, other = {getattr(method, lever) for method in methods}
            assert [getattr(method, lever) for method in methods].count(one) == count // 2, (one, other)
        plain = {lever: getattr(methods[0], lever) for lever in ("name", *levers)}
        assert {msgspec.structs.replace(method, **plain) for method in methods} == {methods[0]}
        assert methods[0].sleeping == "consolidate"
        assert not any(case.work.bound for case in of(load_scenario("regions"), None) if isinstance(case.work, Job))
    assert experiment.cases(load_scenario("regions"), None)[0].work.method.sleeping is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"methods": ("all", "none")},
            "--methods: expected none with factorial, whose answer needs all runs, got all none",
        ),
        ({"experiment": "baseline", "full": True}, "--full: expected none with baseline, which leaves out no runs"),
        ({"reference": "place"}, r'--reference: expected one of none, place\+shift\+move, .*, all, got "place"'),
        ({"scenario": "published"}, "experiment: expected one that the scenario published has, got factorial"),
    ],
)
def test_a_factorial_that_cannot_be_done_is_refused_in_a_line(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    asked: dict[str, Any] = {"experiment": "factorial", "scenario": "edge", "output": tmp_path} | changes
    request = Request(**asked | {"scenario": load_scenario(asked["scenario"])})
    with pytest.raises(ConfigError, match=f"^{told}$"):
        check(request)


def test_a_full_factorial_may_be_held_against_any_of_its_runs(tmp_path: Path) -> None:
    asked = Request(
        experiment="factorial", scenario=load_scenario("edge"), output=tmp_path, full=True, reference="place"
    )
    check(asked)
    assert [case.label for case in asked.cases][:2] == ["place", "none"]
    assert len(asked.cases) == 128


def test_replications_differ_in_their_seed_alone() -> None:
    case = cases("baseline", "edge")["full"]
    one, other = case.seeded(3), case.seeded(4)
    assert (one.seed, other.seed) == (3, 4)
    assert case.seeded(3) == one != other
