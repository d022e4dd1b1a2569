"""The explanations of figures in report and plots: their tasks, unit, policy and certainty."""

import json
import re
from pathlib import Path
from typing import cast

import msgspec
import pytest
from matplotlib.container import ErrorbarContainer

from simulator import __version__
from simulator.experiments.find.results import Results
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.display import UNDEFINED_CHANGE
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.plots.bars import bars
from simulator.experiments.write.plots.differences import differences
from simulator.experiments.write.plots.radar import radar
from simulator.experiments.write.plots.scaling import scaling
from simulator.experiments.write.report import report
from simulator.published.figures import PUBLISHED
from simulator.run.job import Job, RunResult
from simulator.scenario.published import PublishedScenario
from simulator.scenario.schema import Scenario
from tests.simulator.experiments.fake_simulation import fake, request, unseen


def results_of(folder: Path, **changes: object) -> Results:
    return run_experiment(request(folder, **changes), unseen, fake)[1]


def with_deferrable(results: Results, deferrable: bool) -> Results:
    """Return the same results, with all classes of tasks deferrable or none."""
    scenario = cast("Scenario", results.parameters)
    classes = tuple(msgspec.structs.replace(one, deferrable=deferrable) for one in scenario.workload.classes)
    workload = msgspec.structs.replace(scenario.workload, classes=classes)
    return msgspec.structs.replace(results, parameters=msgspec.structs.replace(scenario, workload=workload))


def test_the_report_says_of_which_tasks_the_latency_is(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    assert "completed tasks that are not deferrable: all but `report`." in report(results, [])
    for deferrable in (False, True):
        assert "are those of all completed tasks." in report(with_deferrable(results, deferrable), [])
    assert "are those of all completed tasks." in report(results_of(tmp_path, scenario="published"), [])


def test_the_report_has_the_command_and_the_version(tmp_path: Path) -> None:
    seeds = "--seed 1 --replications 3"
    for changes, told in (
        ({}, f"ablation --scenario edge {seeds}"),
        ({"tasks": 5000, "seed": 7}, "ablation --scenario edge --seed 7 --replications 3 --tasks 5000"),
        ({"reference": "without-dvfs"}, f"ablation --scenario edge {seeds} --reference without-dvfs"),
        ({"methods": ("without-dvfs",)}, f"ablation --scenario edge {seeds} --methods without-dvfs"),
        (
            {"methods": ("without-dvfs",), "reference": "round-robin"},
            f"ablation --scenario edge {seeds} --reference round-robin --methods without-dvfs",
        ),
        (
            {"experiment": "sensitivity", "parameters": ("load",)},
            f"sensitivity --scenario edge {seeds} --parameters load",
        ),
        ({"experiment": "factorial", "full": True}, f"factorial --scenario edge {seeds} --full"),
        ({"experiment": "factorial"}, f"factorial --scenario edge {seeds}"),
        ({"experiment": "peers"}, f"peers --scenario edge {seeds}"),
        ({"chain": True}, f"ablation --scenario edge {seeds} --ledger real"),
    ):
        results = results_of(tmp_path / told.replace(" ", ""), **changes)
        assert f"The same runs come from `ecochain experiment {told}`.\n\necochain {__version__}, python" in report(
            results, []
        )
    own = msgspec.structs.replace(results, scenario="mine too")
    assert "--scenario 'mine too.yaml' --seed" in report(own, [])
    old = msgspec.structs.replace(results, provenance=msgspec.structs.replace(results.provenance, program=""))
    assert "`.\n\npython " in report(old, [])


def test_the_report_says_on_which_days_and_in_which_season_runs_begin(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    assert (
        "Every run lasts a day and begins on 2025-03-20, in spring; another season may give other results."
        in report(results, [])
    )
    scenario = cast("Scenario", results.parameters)
    south = msgspec.structs.replace(scenario, site=msgspec.structs.replace(scenario.site, latitude=-36.1))
    assert "begins on 2025-03-20, in autumn; another" in report(msgspec.structs.replace(results, parameters=south), [])
    regions = results_of(tmp_path, scenario="regions", replications=4)
    assert (
        "Every run lasts 7 days and begins on one of 4 days from 2025-01-13 to 2025-10-13, "
        "in winter, spring, summer, autumn.\n" in report(regions, [])
    )
    assert "Every run lasts" not in report(results_of(tmp_path, scenario="published"), [])


def test_every_picture_says_of_which_tasks_the_latency_is(tmp_path: Path) -> None:
    results = results_of(tmp_path, experiment="baseline")
    drawn = [bars(results, "latency_seconds", REPORT), differences(results, REPORT), radar(results, REPORT)]
    drawn.append(scaling(results_of(tmp_path, experiment="scaling"), REPORT))
    for figure in drawn:
        texts = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel(), axes.get_title())]
        assert any("of tasks that are not deferrable" in text for text in texts)


def test_the_report_names_the_policy_and_the_parts_of_each_method(tmp_path: Path) -> None:
    baseline = report(results_of(tmp_path, experiment="baseline"), [])
    assert "| full | `shifting` | yes | yes | yes | yes | yes |" in baseline
    assert "| standard | `round-robin` | - | - | - | - | yes |" in baseline
    assert "| least-loaded | `least-loaded` | yes | yes | yes | - | yes |" in baseline
    regions = report(results_of(tmp_path, experiment="peers", scenario="regions"), [])
    assert "| least-loaded | `least-loaded` | yes | yes | yes | - | yes | - | - | - | never |" in regions
    assert "| joint | `joint` | yes | yes | yes | - | yes | - | - | - | consolidate |" in regions
    row = "| rolling-horizon-oracle | `rolling-horizon` | yes | yes | yes | - | yes | yes | perfect | perfect |"
    assert row in regions
    assert "| full | `weighted` | yes | yes | yes | yes |" in report(results_of(tmp_path, scenario="published"), [])
    peers = results_of(tmp_path, experiment="peers")
    assert f"| best-single-node | `{peers.best_single_node}` |" in report(peers, [])
    scaled = report(results_of(tmp_path, experiment="scaling"), [])
    assert "| full, to find saturation | `shifting` | yes | yes | yes | yes | yes | - |" in scaled
    assert "| full | `shifting` | yes | yes | yes | yes | yes | yes |" in scaled


def test_differences_carry_their_unit_and_those_of_shares_are_points(tmp_path: Path) -> None:
    told = report(results_of(tmp_path), []).partition("## Paired differences")[2]
    assert re.search(r"\| Renewable share \| \S+ ± \S+ points \|", told)
    assert re.search(r"\| Energy \| \S+ ± \S+ Wh \|", told)


def test_two_seeds_are_no_range(tmp_path: Path) -> None:
    assert "the seeds 1 and 2;" in report(results_of(tmp_path, replications=2), [])
    assert "the seeds 1 to 3;" in report(results_of(tmp_path, replications=3), [])


def rarely_late(job: Job) -> RunResult:
    """Return late tasks in one run of three, so that the interval of their share reaches below zero."""
    return msgspec.structs.replace(
        fake(job), deadline_miss_ratio=0.01 if job.seed == 1 else 0.0, cost_dollars=-0.01 * job.seed
    )


def test_an_interval_below_what_can_be_is_told_and_not_drawn(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, rarely_late)
    full = results.estimates[-1].by_measure
    assert full["deadline_miss_ratio"].low < 0.0 < full["cost_dollars"].high
    told = re.search("reach below zero, which the figures themselves cannot: ([^.]*)[.]", report(results, []))
    assert told is not None
    assert "Late or dropped tasks: `least-loaded`, " in told[1]
    assert "Net cost" not in told[1]
    assert lowest(results, "deadline_miss_ratio") == pytest.approx(0.0)
    assert lowest(results, "cost_dollars") == pytest.approx(full["cost_dollars"].low)


def lowest(results: Results, measure: str) -> float:
    """Return the left end of the last interval in a picture of bars."""
    (axes,) = bars(results, measure, REPORT).axes
    interval = [one for one in axes.containers if isinstance(one, ErrorbarContainer)][-1]
    return float(interval.lines[2][0].get_segments()[0][0][0])


def seldom_fed_by_the_grid(job: Job) -> RunResult:
    """Return emissions and a renewable share in one run of three only, so that the intervals of both hold zero."""
    rare = 1.0 if job.seed == 1 else 0.0
    return msgspec.structs.replace(fake(job), emissions_grams=rare, renewable_ratio=rare)


def test_nothing_is_told_in_percent_of_what_may_be_zero_and_why(tmp_path: Path) -> None:
    folder, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, seldom_fed_by_the_grid)
    without = {one.measure for one in results.comparisons if one.relative is None}
    assert without >= {"emissions_grams", "renewable_ratio"}
    assert "energy_joules" not in without
    kept = json.loads((folder / "results.json").read_bytes())["comparisons"]
    assert {one["measure"] for one in kept if one["relative"] is None} == without
    told = report(results, [])
    assert f"| full | Carbon emissions | 0 ± 0 g CO\u2082e | {UNDEFINED_CHANGE} |" in told
    assert re.search(r"\| full \| [^|]+ \([0-9,]+\) \| 430[.]3% \|", told)
    assert f'"{UNDEFINED_CHANGE}": the mean of `least-loaded` itself does not differ significantly from zero' in told
    assert UNDEFINED_CHANGE not in report(results_of(tmp_path / "always", experiment="baseline"), [])


def test_pictures_say_why_a_change_is_missing_and_draw_points_all_the_same(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, seldom_fed_by_the_grid)
    panels = {axes.get_xlabel().partition(":")[0]: axes for axes in differences(results, REPORT).axes}
    said = {name: [text.get_text() for text in axes.texts] for name, axes in panels.items()}
    assert said["Carbon emissions"] == [UNDEFINED_CHANGE] * 5
    assert said["Renewable share"] == said["Energy"] == []
    assert [name for name, axes in panels.items() if not len(axes.get_xticks())] == ["Carbon emissions"]
    assert all(text.get_bbox_patch() is not None for text in panels["Carbon emissions"].texts)
    assert len(panels["Renewable share"].containers) == 5


def half_as_late(job: Job) -> RunResult:
    """Return half as many late tasks as the reference, but all of them in one of three runs."""
    late = 0.1 + 0.01 * job.seed if job.method.name == "least-loaded" else 0.15 * (job.seed == 1)
    return msgspec.structs.replace(fake(job), deadline_miss_ratio=late, emissions_grams=late)


def test_a_change_below_what_can_be_is_told_and_not_drawn(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, half_as_late)
    told = re.search("reach below -100%, which the changes themselves cannot: ([^.]*)[.]", report(results, []))
    assert told is not None
    assert "Late or dropped tasks: `standard`, " in told[1]
    assert "Energy" not in told[1]
    (carbon,) = [axes for axes in differences(results, REPORT).axes if axes.get_xlabel().startswith("Carbon")]
    intervals = [one.lines[2][0].get_segments()[0] for one in carbon.containers if isinstance(one, ErrorbarContainer)]
    assert min(float(one[0][0]) for one in intervals) == pytest.approx(-100.0)


def test_logarithmic_axes_say_so(tmp_path: Path) -> None:
    results = results_of(tmp_path, scenario="published")
    for axes in differences(results, REPORT).axes:
        assert (axes.get_xscale() == "symlog") == ("logarithmic beyond 10" in axes.get_xlabel())
    assert "symlog" in {axes.get_xscale() for axes in differences(results, REPORT).axes}


def test_the_report_sets_both_rules_of_credits_side_by_side(tmp_path: Path) -> None:
    """The published model pays for one thing, at its price, and the ledger of this project books another."""
    found = run_experiment(
        request(tmp_path, experiment="baseline", scenario="published", replications=2, tasks=200), unseen
    )[1]
    text = report(found, [])
    assert "$50,000 per tonne: no price in force is above $167" in text
    assert "| method | emitted (g CO₂e) | by the published rule ($) | by the ledger's rule (g CO₂e) |" in text
    table = text[text.index("| method | emitted") :].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith(("| ledger-only | ", "| full | "))]
    assert len(rows) == 2


def with_figures(results: Results, figures: dict[str, float]) -> Results:
    """Return the same results, with some figures in every run."""
    cases = [
        msgspec.structs.replace(
            case, runs=[msgspec.structs.replace(run, figures=dict(run.figures) | figures) for run in case.runs]
        )
        for case in results.cases
    ]
    return msgspec.structs.replace(results, cases=cases)


def test_the_report_tells_what_the_ledger_took(tmp_path: Path) -> None:
    results = results_of(tmp_path, experiment="baseline")
    assert "## The ledger" not in report(results, [])
    units = {"claims": 1152.0, "ledger_joules": 180.0, "credits_grams": 80.0}
    text = report(msgspec.structs.replace(with_figures(results, units), chain=True), [])
    assert "(`--ledger real`)" in text
    # 1,152 claims at 1e-5 kWh of 3.6 MJ each.
    assert "| 180 | " in text
    assert " | 1,152 | 0.1562 | 41,472 |" in text
    assert "36 J for a transaction" in text
    assert " | 0 | - | 0 |" in report(with_figures(results, units | {"claims": 0.0}), [])


NOTHING = "Compression changes nothing here: "


def without_name(job: Job) -> RunResult:
    """Return figures on which nothing but the seed and the policy have an influence."""
    return fake(msgspec.structs.replace(job, method=msgspec.structs.replace(job.method, name=job.method.policy)))


def test_the_report_says_where_compression_changes_no_figure(tmp_path: Path) -> None:
    told = f"{NOTHING}`standard` and `compression-only` differ in it alone, and all figures of their runs are the same."
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, without_name)
    assert told in report(results, [])
    assert NOTHING not in report(results_of(tmp_path / "other", experiment="baseline"), [])
    # One run of one seed that differs is enough.
    (standard,) = (case for case in results.cases if case.method == "standard")
    others = [case for case in results.cases if case is not standard]
    last = msgspec.structs.replace(standard.runs[-1], figures=dict(standard.runs[-1].figures) | {"energy_joules": 1.0})
    differs = [msgspec.structs.replace(standard, runs=[*standard.runs[:-1], last]), *others]
    assert NOTHING not in report(msgspec.structs.replace(results, cases=differs), [])


def with_nodes(results: Results, devices: set[str], models: set[str]) -> Results:
    """Return the same results of a cluster that has only these devices and these models in use."""
    scenario = cast("Scenario", results.parameters)
    classes = tuple(one for one in scenario.workload.classes if one.model in models)
    return msgspec.structs.replace(
        results,
        parameters=msgspec.structs.replace(
            scenario,
            nodes=tuple(one for one in scenario.nodes if one.device in devices),
            workload=msgspec.structs.replace(scenario.workload, classes=classes),
        ),
    )


@pytest.mark.parametrize("experiment", ["ablation", "peers"])
def test_the_report_says_where_no_device_gains_by_compression_with_the_models_in_use(
    tmp_path: Path, experiment: str
) -> None:
    """Among peers all have compression, and no figure tells that it did nothing."""
    results = results_of(tmp_path, experiment=experiment)
    gains = ({"raspberry-pi-4", "intel-nuc"}, {"cnn", "mlp"})
    assert NOTHING not in report(results, [])
    assert NOTHING not in report(with_nodes(results, *gains), [])
    for devices, models in (({"raspberry-pi-4", "jetson-nano"}, {"cnn", "mlp"}), (gains[0], {"cnn"})):
        told = ", ".join(f"`{model}`" for model in sorted(models))
        assert f"{NOTHING}on no node were the models in use ({told}) found to be faster than in FP32." in report(
            with_nodes(results, devices, models), []
        )


def test_the_report_of_the_published_model_says_where_compression_is_assumed_to_save_nothing(tmp_path: Path) -> None:
    results = results_of(tmp_path, scenario="published")
    scenario = cast("PublishedScenario", results.parameters)
    assert NOTHING not in report(results, [])
    for speedup, power, said in ((1.0, 1.0, True), (1.0, 0.5, False), (2.0, 1.0, False)):
        compression = msgspec.structs.replace(scenario.compression, speedup=speedup, power_factor=power)
        changed = msgspec.structs.replace(scenario, compression=compression)
        assert (NOTHING in report(msgspec.structs.replace(results, parameters=changed), [])) == said


def test_published_shares_are_the_printed_digits() -> None:
    assert [repr(PUBLISHED[name]["renewable_ratio"]) for name in ("full", "standard")] == ["0.994", "0.3953"]


MISSES = {
    "least-loaded": (0.019, 0.018, 0.018),
    "full": (0.02, 0.02, 0.02),
    "standard": (0.05, 0.04, 0.06),
    "ledger-only": (0.02, 0.02, 0.03),
}
"""Shares of late tasks by method and seed: those of `full` are above the reference's within the margin, and those of
`ledger-only` differ by what may be within it or not."""


def late_as_told(job: Job) -> RunResult:
    misses = MISSES.get(job.method.name, (0.0, 0.0, 0.0))
    grams = 10.0 if job.method.name == "standard" else 100.0 - len(job.method.name)
    bound = {"bound_grams": 6.0, "floor_grams": 5.0 + 0.1 * job.seed} if job.bound else {}
    found = msgspec.structs.replace(fake(job), deadline_miss_ratio=misses[job.seed - 1], emissions_grams=grams)
    return msgspec.structs.replace(found, **bound)


def test_who_serves_less_than_the_reference_is_marked_and_has_no_place_in_the_order(tmp_path: Path) -> None:
    folder, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, late_as_told)
    assert results.serving_less == ["standard"]
    assert results.service_not_shown == ["ledger-only"]
    section = report(results, []).partition("## Emissions at equal service")[2].partition("## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| ")]
    places = {row[1]: row[0] for row in rows[1:]}
    # The least grams come first; those of the marked methods, of which one has the least of all, come last.
    assert list(places) == [
        "energy-aware-only",
        "compression-only",
        "least-loaded",
        "full",
        "standard *",
        "ledger-only ?",
    ]
    assert list(places.values()) == ["1", "2", "3", "4", "-", "-"]
    assert "\\* serves fewer tasks on time than `least-loaded`" in section
    assert "\n? is not shown to serve as many: the interval has 0.5 points within it." in section
    table = (folder / "table.tex").read_text(encoding="utf-8")
    assert "standard {*}" in table
    assert "ledger-only ?" in table
    lines = [line.split(",") for line in (folder / "summary.csv").read_text(encoding="utf-8").splitlines()]
    column = lines[0].index("serves_less")
    told = {line[0]: line[column] for line in lines[1:]}
    assert told == dict.fromkeys(told, "0") | {"standard": "1", "ledger-only": ""}


def test_the_gap_is_what_is_above_the_bound_and_its_share_of_what_the_bound_is_above_the_floor(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, late_as_told)
    full = results.estimates[-1].by_measure
    assert full["gap_grams"].mean == pytest.approx(96.0 - 6.0)
    # The means: 90 g over (0.9 + 0.8 + 0.7) / 3.
    assert full["gap_ratio"].mean == pytest.approx(90.0 / 0.8)
    assert "| 96 ± 0 | 98 ± 0 |" in report(results, [])
    assert "Gap" not in report(results_of(tmp_path, experiment="baseline", scenario="published"), [])


def at_the_floor(job: Job) -> RunResult:
    """Return runs of which only one has to emit anything for its work."""
    return msgspec.structs.replace(
        fake(job), emissions_grams=7.0, bound_grams=6.0, floor_grams=6.0 - 0.001 * (job.seed == 2)
    )


def test_there_is_no_share_where_the_work_may_have_to_emit_nothing(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, at_the_floor)
    for found in results.estimates:
        assert "gap_ratio" not in found.by_measure
        assert found.by_measure["gap_grams"].mean == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("experiment", "reference", "own", "others"),
    [
        ("baseline", None, "full", ["least-loaded", "standard"]),
        ("baseline", "compression-only", "full", ["compression-only", "least-loaded", "standard"]),
        ("ablation", None, "full", ["least-loaded", "round-robin"]),
        ("peers", None, "shifting", ["least-loaded", "round-robin"]),
        ("peers", "round-robin", "shifting", ["round-robin", "least-loaded"]),
    ],
)
def test_the_first_paragraph_is_about_the_reference_and_simple_rivals(
    tmp_path: Path, experiment: str, reference: str | None, own: str, others: list[str]
) -> None:
    results = results_of(tmp_path, experiment=experiment, reference=reference)
    kept = [one for one in results.rivalries if one.against in others]
    assert [one.against for one in kept] == others
    first = report(msgspec.structs.replace(results, rivalries=kept), []).split("\n\n")[1]
    assert first.startswith(f"**`{own}` ")
    told = re.findall(r"(?:than|as) `([a-z-]+)` \(.*?, energy (-?[0-9.]+) ", first)
    means = {one.method: one.by_measure["energy_joules"].mean for one in results.estimates}
    for name, change in told:
        assert float(change) == pytest.approx(100.0 * (means[own] / means[name] - 1.0), abs=0.6)
    assert sorted(name for name, _ in told) == sorted(others)
    assert ("`least-loaded` (with the same compression, every node awake" in first) == ("least-loaded" in others)


GRAMS = {"shifting": 50.0, "oracle": 40.0, "weighted": 60.0, "joint": 45.0, "carbon-greedy": 44.0}
LATE = {"joint": (0.1, 0.1, 0.1), "carbon-greedy": (0.0, 0.0, 0.01), "weighted": (0.004, 0.004, 0.004)}
"""Shares of late tasks by method and seed: beyond the margin, on both sides of it, and within it."""


def test_the_first_paragraph_holds_the_method_against_the_best_simple_one_with_equal_service(tmp_path: Path) -> None:
    def told(job: Job) -> RunResult:
        name = job.method.name
        late = LATE.get(name, (0.0, 0.0, 0.0))[job.seed - 1]
        return msgspec.structs.replace(fake(job), emissions_grams=GRAMS.get(name, 80.0), deadline_miss_ratio=late)

    _, results = run_experiment(request(tmp_path, experiment="peers"), unseen, told)
    assert (results.serving_less, results.service_not_shown) == (["joint"], ["carbon-greedy"])
    assert [(one.against, one.is_best_simple) for one in results.rivalries] == [
        ("least-loaded", False),
        ("round-robin", False),
        ("weighted", True),
    ]
    first = report(results, []).split("\n\n")[1]
    told_of = first.partition("than `weighted` (")[2]
    assert (
        "of the simple methods of this report with equal service the one that emits least, chosen by these runs"
        in told_of
    )
    assert "carbon emissions -16.67" in told_of


def test_where_the_reference_is_the_best_simple_method_the_first_sentence_says_so(tmp_path: Path) -> None:
    def told(job: Job) -> RunResult:
        grams = 10.0 if job.method.name == "least-loaded" else 80.0
        return msgspec.structs.replace(fake(job), emissions_grams=grams, deadline_miss_ratio=0.0)

    _, results = run_experiment(request(tmp_path, experiment="peers"), unseen, told)
    assert [one.is_best_simple for one in results.rivalries] == [True, False]
    first = report(results, []).split("\n\n")[1]
    assert first.startswith(
        "**`shifting` emits more than `least-loaded` (with the same compression, every node awake, of the simple"
    )


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(("experiment", "method"), [("baseline", "least-loaded"), ("ablation", "full")])
def test_a_method_by_itself_has_no_differences_and_no_front(tmp_path: Path, experiment: str, method: str) -> None:
    results = results_of(tmp_path, experiment=experiment, methods=(method,))
    told = report(results, [])
    assert [one.method for one in results.estimates] == [method]
    assert "## Paired differences" not in told
    assert "## Pareto front" not in told
    assert "nothing of its worth" in told
