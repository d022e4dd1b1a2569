"""The report of an experiment in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from simulator.experiments.find.analysis import BEST_SINGLE_NODE, FURTHER, Comparison
from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import ENOUGH_REPLICATIONS, WANTED_PRECISION, relative_difference
from simulator.experiments.plan.catalogue import EXPERIMENTS, STANDARD
from simulator.experiments.run.saturation import MISS_LIMIT, TOLERANCE
from simulator.experiments.write.display import (
    DISPLAYS,
    PERCENT,
    UNDEFINED_CHANGE,
    marked,
    p_text,
    percent_change,
    plain,
    subject,
    with_half_width,
)
from simulator.experiments.write.ledger import ledger
from simulator.experiments.write.methods import methods, methods_of
from simulator.experiments.write.service import headline as equal_service
from simulator.experiments.write.service import ranking
from simulator.experiments.write.tables import DASH, cell, markdown_table, present
from simulator.experiments.write.worth import headline, worth
from simulator.published.figures import (
    ABLATION,
    ABLATION_SOURCE,
    LEDGER_REMARK,
    PUBLISHED_SOURCE,
    REPLICATION,
    REPLICATION_SOURCE,
    SCALING_REMARK,
    SCALING_SOURCE,
    changes_to_standard,
)
from simulator.run.job import FULL
from simulator.scenario.schema import Scenario

ACCOUNTS = (
    "The scenario `published` counts the energy that tasks draw while they execute, on nodes without queues and with a "
    "supply that is drawn anew for every call. The scenario `edge` counts all energy that the nodes consume, idle "
    "energy included, with queues, lossy batteries, correlated weather and a ledger that costs energy. So the same "
    "methods save a smaller share of a larger total."
)
"""Explanation of the differences between the two accounts."""


SEASONS = ("winter", "spring", "summer", "autumn")
"""Meteorological seasons of the north, three whole months each, the first from December on."""


def report(results: Results, plots: Sequence[str]) -> str:
    """Return the whole report; `plots` are names of files beside it."""
    sections = [_head(results), methods(results), worth(results), ranking(results), _results(results)]
    sections.append(_differences(results))
    sections += [
        _published(results),
        _scaling(results),
        ledger(results),
        _precision(results),
        _plots(plots),
        _accounts(results),
        _provenance(results),
    ]
    return "\n".join(line for section in sections for line in section)


def _head(results: Results) -> Iterator[str]:
    first, last = results.seed, results.seed + results.replications - 1
    seeds = f"{first} and {last}" if results.replications == 2 else f"{first} to {last}"
    yield f"# {subject(results)}"
    yield ""
    yield from equal_service(results, methods_of(results))
    yield from headline(results)
    yield from EXPERIMENTS[results.experiment].explanation
    yield ""
    yield from _season(results)
    yield (
        f"Every method ran with the seeds {seeds}; runs with the same seed have the same weather, tasks and noise. "
        f"Figures are means of {results.replications} runs with the half-width of their 95% t interval."
    )
    yield ""
    if results.provenance.warning:
        yield from (f"> **Warning**: {results.provenance.warning}.", "")
    if results.replications < ENOUGH_REPLICATIONS:
        yield (
            f"> **Warning**: fewer than {ENOUGH_REPLICATIONS} replications. The intervals are valid only if the "
            "figures of single runs are approximately normally distributed."
        )
        yield ""


def _season(results: Results) -> Iterator[str]:
    """Say on which days the runs begin, and of which seasons the results are."""
    scenario = results.parameters
    if not isinstance(scenario, Scenario):
        return
    days = scenario.run.first_days or (scenario.site.first_day,)
    seeds = range(results.seed, results.seed + results.replications)
    began = sorted({days[seed % len(days)] for seed in seeds})
    latitudes = [one.latitude for one in scenario.sites] or [scenario.site.latitude]
    seasons = list(dict.fromkeys(season(day, latitude) for day in began for latitude in latitudes))
    lasts = "a day" if scenario.run.days == 1 else f"{scenario.run.days} days"
    dates = str(began[0]) if len(began) == 1 else f"one of {len(began)} days from {began[0]} to {began[-1]}"
    limit = "" if len(seasons) == len(SEASONS) else "; another season may give other results"
    yield f"Every run lasts {lasts} and begins on {dates}, in {', '.join(seasons)}{limit}."
    yield ""


def season(day: date, latitude: float) -> str:
    """Return the meteorological season of a day, which is the opposite one south of the equator."""
    return SEASONS[(day.month // 3 + (2 if latitude < 0.0 else 0)) % len(SEASONS)]


def _results(results: Results) -> Iterator[str]:
    yield from ("## Results", "")
    measures = present(results)
    yield from markdown_table(
        ["method", *(DISPLAYS[measure].title for measure in measures)],
        [
            [marked(results, estimated.method), *(cell(results, index, measure) for measure in measures)]
            for index, estimated in enumerate(results.estimates)
        ],
    )
    yield from (_latency(results), "")
    yield from _below_zero(results)
    if results.best_single_node is not None:
        yield (
            f"`{BEST_SINGLE_NODE}` is `{results.best_single_node}`, chosen in hindsight: of the single nodes with at "
            f"most {MISS_LIMIT:.0%} late or dropped tasks, the node with the least emissions; if there is no such "
            "node, the node with the fewest late or dropped tasks."
        )
        yield ""
    measures = [measure for measure in FURTHER if any(measure in estimated.by_measure for estimated in results.further)]
    rows = [
        [estimated.method, *(_estimate(estimated.by_measure.get(measure), measure) for measure in measures)]
        for estimated in results.further
        if estimated.by_measure
    ]
    yield from ("Further measures:", "")
    yield from markdown_table(["method", *(DISPLAYS[measure].title for measure in measures)], rows)
    if "life_cycle_grams" in measures:
        yield (
            "Life-cycle emissions are those of making panels, turbines and batteries. They are a scope of their own: "
            "carbon emissions, costs and regret have none of them."
        )
        yield ""
    if "stored_change_joules" in measures:
        yield (
            "The measures above give no value to the energy that batteries hold at the end of a run, nor to tasks that "
            "are unfinished then. Where two methods differ more in these than in emissions, the experiment does not "
            "tell which of the methods is better."
        )
        yield ""


def _latency(results: Results) -> str:
    """Name the tasks whose latency the report gives."""
    told = "Latency is the time from arrival to completion; the mean and the 95th percentile are those of"
    classes = results.parameters.workload.classes if isinstance(results.parameters, Scenario) else ()
    held = [f"`{one.name}`" for one in classes if one.deferrable]
    if not held or len(held) == len(classes):
        return f"{told} all completed tasks."
    return f"{told} completed tasks that are not deferrable: all but {', '.join(held)}."


def _below_zero(results: Results) -> Iterator[str]:
    """Warn of t intervals that reach values which the figure cannot have."""
    found = [
        (measure, estimated.method)
        for estimated in results.estimates
        for measure, estimate in estimated.by_measure.items()
        if not DISPLAYS[measure].signed and estimate.low < 0.0 < estimate.mean
    ]
    yield from _reaching_too_far("These intervals reach below zero, which the figures themselves cannot", found, "zero")


def _reaching_too_far(told: str, found: Sequence[tuple[str, str]], least: str) -> Iterator[str]:
    """Yield a warning that names the methods by measure; nothing where none was found."""
    by_measure: dict[str, list[str]] = {}
    for measure, method in found:
        by_measure.setdefault(measure, []).append(f"`{method}`")
    if by_measure:
        named = "; ".join(f"{DISPLAYS[measure].heading}: {', '.join(those)}" for measure, those in by_measure.items())
        yield (
            f"{told}: {named}. The runs differ so much, or are so few, that a symmetric interval does not fit; plots "
            f"cut the interval off at {least}."
        )
        yield ""


def _differences(results: Results) -> Iterator[str]:
    if results.reference is None:
        return
    yield from (f"## Paired differences from {results.reference}", "")
    yield (
        "Differences are between runs with the same seed. The change is relative to the mean of the reference, and its "
        "interval includes the uncertainty of that mean. The p-values are those of the paired t test, adjusted by "
        f"Holm's method over the {len(results.comparisons)} comparisons of this report."
    )
    yield ""
    yield from _limits_of_changes(results)
    yield from markdown_table(
        ["method", "measure", "difference", "change (%)", "p (Holm)"],
        [
            [
                marked(results, one.method),
                DISPLAYS[one.measure].heading,
                _difference(one),
                percent_change(one.relative),
                p_text(one.p_adjusted),
            ]
            for one in results.comparisons
        ],
    )


def _limits_of_changes(results: Results) -> Iterator[str]:
    """Say why some changes are not given in percent, and which of the others reach too far."""
    if any(one.relative is None for one in results.comparisons):
        yield (
            f'"{UNDEFINED_CHANGE}": the mean of `{results.reference}` itself does not differ significantly from zero, '
            "so a change relative to that mean is undefined."
        )
        yield ""
    found = [
        (one.measure, one.method)
        for one in results.comparisons
        if one.relative is not None and not DISPLAYS[one.measure].signed and one.relative.low < -1.0 < one.relative.mean
    ]
    yield from _reaching_too_far(
        "These intervals reach below -100%, which the changes themselves cannot", found, "-100%"
    )


def _published(results: Results) -> Iterator[str]:
    if results.reference is None or not _has_published(results):
        return
    yield from ("## Comparison with the published figures", "")
    yield from (f"Published: {PUBLISHED_SOURCE}. Replicated: {REPLICATION_SOURCE}.", "")
    yield from markdown_table(["method", "measure", "here", "published", "replicated"], list(_beside(results)))
    rows = [
        [one.method, DISPLAYS[one.measure].heading, percent_change(one.relative), plain(one.published * PERCENT)]
        for one in results.comparisons
        if one.published is not None
    ]
    if rows:
        yield from (f"Changes relative to the full method. Published: {ABLATION_SOURCE}.", "")
        yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
        yield from (LEDGER_REMARK, "")


def _has_published(results: Results) -> bool:
    return any(one.published is not None for estimated in results.estimates for one in estimated.by_measure.values())


def _beside(results: Results) -> Iterator[list[str]]:
    """Yield estimates beside the figures that were published or replicated by others."""
    for estimated in results.estimates:
        label = (results.best_single_node or "") if estimated.method == BEST_SINGLE_NODE else estimated.method
        replicated: Mapping[str, float] = {str(measure): value for measure, value in REPLICATION.get(label, {}).items()}
        for measure, estimate in estimated.by_measure.items():
            others = (estimate.published, replicated.get(measure))
            if others != (None, None):
                display = DISPLAYS[measure]
                shown = [DASH if one is None else plain(one * display.factor) for one in others]
                yield [estimated.method, display.title, with_half_width(estimate, display.factor), *shown]


def _scaling(results: Results) -> Iterator[str]:
    if results.reference is not None:
        return
    if results.model == "edge":
        yield (
            f"Saturation is the greatest arrival rate at which at most {MISS_LIMIT:.0%} of the tasks are late or "
            f"dropped, found for every seed by a search, to {TOLERANCE:.0%} of the rate; the interval shows how seeds "
            "differ beyond that. The runs of the search defer no tasks, and do not show the energy of a day. The "
            "other runs last whole days: the number of tasks sets the arrival rate."
        )
        yield ""
        return
    rows = []
    for estimated, further in zip(results.estimates, results.further, strict=True):
        figures = {**estimated.by_measure, **further.by_measure}
        for measure in ("latency_seconds", "throughput_tasks_per_hour", "renewable_ratio"):
            estimate, display = figures.get(measure), DISPLAYS[measure]
            if estimate is not None and estimate.published is not None:
                ours = with_half_width(estimate, display.factor)
                rows.append([estimated.method, display.title, ours, plain(estimate.published * display.factor)])
    if rows:
        yield from ("## Comparison with the published figures", "", f"Source: {SCALING_SOURCE}. {SCALING_REMARK}", "")
        yield from markdown_table(["size", "measure", "here", "published"], rows)
    yield (
        "The published model has no queue, so no arrival rate saturates the cluster. Runs begin at midnight, and only "
        "solar generation depends on the time of day: runs that end before sunrise at six have the same energy and "
        "latency at any rate."
    )
    yield ""


def _precision(results: Results) -> Iterator[str]:
    measures = present(results)
    known = {(one.method, one.measure): one for one in results.precision}
    yield from ("## Precision of the means", "")
    yield (
        "Half-width of the interval relative to the mean, and in brackets the number of replications that would reduce "
        f"it to {WANTED_PRECISION:.0%} at the observed spread. From 100% on the interval includes 0, and no number of "
        "replications is given."
    )
    yield ""
    rows = []
    for estimated in results.estimates:
        row = [estimated.method]
        for measure in measures:
            one = known.get((estimated.method, measure))
            if one is None or one.relative_half_width is None:
                row.append(DASH)
            else:
                needed = "" if one.replications_needed is None else f" ({one.replications_needed:,})"
                row.append(f"{one.relative_half_width:.1%}{needed}")
        rows.append(row)
    yield from markdown_table(["method", *(DISPLAYS[measure].heading for measure in measures)], rows)


def _plots(plots: Sequence[str]) -> Iterator[str]:
    yield from ("## Plots", "")
    for name in plots:
        yield from (f"![{name.removesuffix('.png')}]({name})", "")


def _accounts(results: Results) -> Iterator[str]:
    yield from ("## Published and physical accounts", "", ACCOUNTS, "")
    if results.model != "edge" or results.reference is None:
        return
    energy = results.estimates[0].by_measure.get("energy_joules")
    idle = results.further[0].by_measure.get("idle_joules")
    if energy is not None and idle is not None and energy.mean > 0:
        share = idle.mean / energy.mean
        yield from (
            f"In this experiment, idle energy is {share:.0%} of the energy consumed under `{results.reference}`.",
            "",
        )
    yield from _both_accounts(results)


def _both_accounts(results: Results) -> Iterator[str]:
    """Compare the savings of the same measures in the published tables and in the physical account."""
    tables = {
        "baseline": (STANDARD, changes_to_standard(), PUBLISHED_SOURCE),
        "ablation": (FULL, ABLATION, ABLATION_SOURCE),
    }
    if results.experiment not in tables:
        return
    reference, published, source = tables[results.experiment]
    runs = {case.method: case.runs for case in results.cases}
    rows = []
    for method, row in published.items():
        for measure, change in row.items():
            if {method, reference} <= runs.keys() and all(measure in run.figures for run in runs[method]):
                values, against = ([run.figures[measure] for run in runs[name]] for name in (method, reference))
                here = percent_change(relative_difference(values, against))
                rows.append([method, DISPLAYS[measure].heading, here, plain(change * PERCENT)])
    yield from (f"Both columns are changes relative to `{reference}`. Published: {source}.", "")
    yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
    yield from (LEDGER_REMARK, "")


def _provenance(results: Results) -> Iterator[str]:
    made = results.provenance
    yield from ("## Provenance", "")
    yield ", ".join(f"{name} {version}" for name, version in made.versions.items()) + "."
    yield ""
    yield from markdown_table(
        ["part", "SHA-256"],
        [
            ["environment: Python and libraries", made.environment],
            ["inputs: all parts below", made.inputs],
            ["code", made.code],
            ["scenario", made.scenario],
            ["files that the scenario names", made.files],
            ["compression profile", made.compression_profile],
            ["ledger cost profile", made.ledger_profile],
        ],
    )


def _estimate(estimate: Estimate | None, measure: str) -> str:
    return DASH if estimate is None else with_half_width(estimate, DISPLAYS[measure].factor)


def _difference(one: Comparison) -> str:
    display = DISPLAYS[one.measure]
    return f"{with_half_width(one.difference, display.factor)} {display.difference_unit}"
