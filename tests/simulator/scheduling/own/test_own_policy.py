"""The policy that the documents show, and the ways in which one of one's own can be wrong."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import yaml

from exporter.core.config import ConfigError
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval, mean_interval, relative_difference
from simulator.experiments.run.work import Figures
from simulator.experiments.write.display import DISPLAYS, with_half_width
from simulator.run.job import Job, Method
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.check import policy_mistakes
from tests.processes import free_port
from tests.simulator.scenario.scenarios import edge, shipped
from tests.simulator.simulator_process import run_once

DOCS = Path(__file__).parents[4] / "docs"

EXAMPLE = "greenest:Greenest"

ALL_METHODS = "one_awake:OneAwake"

MOST_LINES = 20
"""Lines of the example with all methods, as the page says."""

KEPT = DOCS.parent / "bench/results/own-policy"
"""Results of the commands on the page, each of which compares an example with the first of these and with others."""

STRONGEST = "weighted-shifting"
"""The simple method that emits least with as many tasks on time, with which the page compares both examples."""

COMPARED = {
    EXAMPLE: ("peers-greenest", ("least-loaded", "round-robin", STRONGEST)),
    ALL_METHODS: ("peers-one-awake", ("least-loaded", "consolidation", STRONGEST)),
}

PAGE = DOCS / "how-to/write-a-policy.md"

STEPS_OF_A_DAY = 288

OWN = Path(__file__).parent / "own_policies.py"

PAIR = "expected two whole numbers, the node and its operating point, or None, got "
ADMITTED = "expected a node that fits and one of its operating points, got "

WHEN_ASKED = {
    "Raises": "ZeroDivisionError: float division by zero",
    "RaisesElsewhere": "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: "
    "line 1 column 2 (char 1)",
    "Exits": "SystemExit: 3",
    "RaisesOdd": "tests.simulator.scheduling.own.own_policies.Odd: <exception str() failed>",
    "TellsMuch": r"ValueError: one\ntwo",
    "WrongSignature": "TypeError: WrongSignature.choose() takes 2 positional arguments but 3 were given",
    "PlacesNothing": "KeyError: 'tasks'",
    "Text": f"{PAIR}'pi'",
    "One": f"{PAIR}0",
    "Three": f"{PAIR}(0, 0, 0)",
    "NaN": f"{PAIR}(nan, 0)",
    "Truth": f"{PAIR}(True, False)",
    "Absent": f"{ADMITTED}(9, 0)",
    "TooFast": f"{ADMITTED}(0, 7)",
}

WHEN_MADE = {
    "NeedsArgument": "TypeError: NeedsArgument.__init__() missing 1 required positional argument: 'argument'",
    "FailsAtOnce": "LookupError: nothing",
    "LeavesAtOnce": "SystemExit: 3",
}

MODULES = {
    "class Mine(:\n": "SyntaxError: invalid syntax",
    "import no_such_library\n": "ModuleNotFoundError: No module named 'no_such_library'",
    "raise SystemExit(3)\n": "SystemExit: 3",
    "1 / 0\n": "ZeroDivisionError: division by zero",
}


def line_of(policy: str) -> int:
    """Return the number of the line that a mistake is to name."""
    lines = OWN.read_text(encoding="utf-8").splitlines()
    marked = policy if any(line.endswith(f"# here: {policy}") for line in lines) else "answers"
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# here: {marked}"))


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "examples"))


@pytest.mark.parametrize("policy", COMPARED)
def test_the_document_shows_the_example(policy: str) -> None:
    file, text = f"{policy.partition(':')[0]}.py", PAGE.read_text(encoding="utf-8")
    shown = re.search(rf"```python\n# {file}\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == (DOCS / "examples" / file).read_text(encoding="utf-8")


def test_the_example_with_all_methods_is_as_short_as_the_page_says() -> None:
    lines = (DOCS / "examples/one_awake.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= MOST_LINES
    assert f"in {MOST_LINES} lines" in PAGE.read_text(encoding="utf-8")


def kept(folder: str) -> dict[str, list[Figures]]:
    """Return the figures of all runs behind a table of the page, by policy."""
    found = msgspec.json.decode((KEPT / folder / "results.json").read_bytes(), type=Results)
    return {case.method: [run.figures for run in case.runs] for case in found.cases}


def values(runs: Sequence[Figures], measure: str) -> list[float]:
    return [run[measure] for run in runs]


@pytest.mark.parametrize("policy", COMPARED)
def test_the_page_says_what_the_kept_results_say_of_the_example(policy: str) -> None:
    page, (folder, others) = PAGE.read_text(encoding="utf-8"), COMPARED[policy]
    runs = kept(folder)
    assert {*others, policy} <= runs.keys()
    for method in runs:
        cells = [
            with_half_width(mean_interval(values(runs[method], measure)), DISPLAYS[measure].factor)
            for measure in ("emissions_grams", "latency_seconds", "deadline_miss_ratio")
        ]
        name = "the example" if method == policy else f"`{method}`"
        assert f"| {name} | {' | '.join(cells)} |" in page
    own = values(runs[policy], "emissions_grams")
    for other in others:
        change = relative_difference(own, values(runs[other], "emissions_grams"))
        assert change is not None
        assert f"{told(change)} than `{other}`" in page.replace("\n", " ")


def told(change: Interval) -> str:
    """Return a relative difference as the page tells it, which it may where the interval has one sign."""
    assert change.low > 0.0 or change.high < 0.0
    if change.low > 0.0:
        return f"{with_half_width(change, 100.0)}% more"
    return f"{with_half_width(Interval(mean=-change.mean, low=-change.high, high=-change.low), 100.0)}% less"


def test_the_page_says_how_far_the_planner_is_ahead_of_the_example() -> None:
    runs = kept("peers-one-awake")
    change = relative_difference(*(values(runs[name], "emissions_grams") for name in ("rolling-horizon", ALL_METHODS)))
    assert change is not None
    assert f"`rolling-horizon`, which plans the next day every hour, emits {told(change)} than the example" in (
        PAGE.read_text(encoding="utf-8").replace("\n", " ")
    )


@pytest.mark.parametrize("policy", COMPARED)
def test_the_kept_report_itself_begins_with_the_strongest_opponent(policy: str) -> None:
    folder, _ = COMPARED[policy]
    first = (KEPT / folder / "report.md").read_text(encoding="utf-8").split("\n\n")[1]
    assert re.search(rf"`{policy}` emits (more|less) than `{STRONGEST}` ", first)


@pytest.mark.slow
@pytest.mark.usefixtures("examples")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_example_with_all_methods_sleeps_and_moves_and_is_late_with_nothing(seed: int) -> None:
    scenario = shipped("regions")
    short = msgspec.structs.replace(scenario, run=msgspec.structs.replace(scenario.run, days=1))
    engine = build_engine(short, Method(name="x", policy=ALL_METHODS, ledger=False), seed)
    assert engine.plant.charging is not None
    engine.run(STEPS_OF_A_DAY)
    totals = engine.totals
    reference = build_engine(short, Method(name="x", policy="least-loaded", ledger=False, sleep=False), seed)
    reference.run(STEPS_OF_A_DAY)
    assert totals.class_tasks[:, 1:].sum() == 0
    assert totals.emissions.sum() < reference.totals.emissions.sum()
    assert totals.moved_joules.sum() > 0.0
    assert totals.asleep_seconds.sum() > 0.5 * len(scenario.nodes) * engine.clock


@pytest.mark.slow
@pytest.mark.usefixtures("examples")
def test_the_example_emits_less_than_the_simple_policies_and_is_late_with_nothing() -> None:
    own, *others = (
        [
            simulate(Job(scenario=edge(), method=Method(name=policy, policy=policy, ledger=False), seed=seed))
            for seed in range(1, 5)
        ]
        for policy in (EXAMPLE, "least-loaded", "round-robin")
    )
    assert [run.deadline_miss_ratio for run in own] == [0.0] * 4
    for runs in others:
        assert sum(run.emissions_grams for run in own) < sum(run.emissions_grams for run in runs)
        assert all(run.deadline_miss_ratio > 0.0 for run in runs)


@pytest.mark.parametrize("policy", WHEN_ASKED)
def test_whatever_a_policy_does_wrong_is_one_line_with_its_place(policy: str) -> None:
    name = f"tests.simulator.scheduling.own.own_policies:{policy}"
    with pytest.raises(ConfigError) as caught:
        simulate(Job(scenario=edge(), method=Method(name="x", policy=name), seed=3))
    assert caught.value.mistakes == [f"scheduler.policy: {name}: {OWN}:{line_of(policy)}: {WHEN_ASKED[policy]}"]


@pytest.mark.parametrize("policy", WHEN_MADE)
def test_a_policy_that_cannot_be_made_is_one_line_with_its_place(policy: str) -> None:
    name = f"tests.simulator.scheduling.own.own_policies:{policy}"
    said = f"scheduler.policy: {name}: {OWN}:{line_of(policy)}: {WHEN_MADE[policy]}"
    assert list(policy_mistakes(name, [])) == [said]
    with pytest.raises(ConfigError) as caught:
        simulate(Job(scenario=edge(), method=Method(name="x", policy=name), seed=3))
    assert caught.value.mistakes == [said]


@pytest.mark.parametrize("source", MODULES)
def test_a_module_that_cannot_be_imported_is_one_line_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    module = tmp_path / f"module_of_{len(source)}.py"
    module.write_text(f"\n{source}", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"{module.stem}:Mine"
    assert list(policy_mistakes(name, [])) == [f"scheduler.policy: {name}: {module}:2: {MODULES[source]}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["experiment", "baseline", "--replications=2"],
        ["experiment", "baseline", "--replications=2", "--workers=2"],
        ["serve", "--log.level=error"],
    ],
    ids=["here", "workers", "served"],
)
@pytest.mark.parametrize("policy", ["Raises", "Exits", "Truth"])
def test_every_command_ends_in_that_line(tmp_path: Path, command: list[str], policy: str) -> None:
    name = f"tests.simulator.scheduling.own.own_policies:{policy}"
    scenario = {
        "nodes": [{"name": "pi", "device": "raspberry-pi-4"}],
        "workload": {
            "classes": [{"name": "vision", "model": "cnn", "work_seconds": 1, "share": 1, "deadline_seconds": 10}]
        },
        "scheduler": {"policy": name},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    where = (
        [f"--output={tmp_path}"] if command[0] == "experiment" else [f"--web.listen-address=127.0.0.1:{free_port()}"]
    )
    ended = run_once(*command, f"--scenario={tmp_path / 'mine.yaml'}", *where)
    assert ended.returncode == 2
    # The log tells of progress and, where the cache has no kernel, of compiling.
    told = [line for line in re.split("[\r\n]", ended.stderr) if line and not line.startswith("ts=")]
    assert told == [f"ecochain: scheduler.policy: {name}: {OWN}:{line_of(policy)}: {WHEN_ASKED[policy]}"]
