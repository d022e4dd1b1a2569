"""The report of an experiment in Markdown."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.experiments.find.analysis import BEST_SINGLE_NODE, FURTHER, Comparison
from simulator.experiments.find.findings import Findings
from simulator.experiments.find.outcomes import Estimate
from simulator.experiments.find.statistics import ENOUGH_REPLICATIONS, WANTED_PRECISION
from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.run.saturation import MISS_LIMIT, TOLERANCE
from simulator.experiments.write.display import (
    PERCENT,
    QUANTITIES,
    REFERENCE_MAY_BE_ZERO,
    p_text,
    percent_change,
    plain,
    with_half_width,
)
from simulator.experiments.write.methods import methods
from simulator.experiments.write.tables import DASH, cell, markdown_table, present
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
from simulator.scenario.schema import Scenario

ACCOUNTS = (
    "The scenario `published` counts what tasks draw while they execute, on nodes that never queue and with a supply "
    "drawn anew at every look; `edge` counts everything that the nodes consume, idle or not, with queues, batteries "
    "that lose energy, weather that lasts and a ledger that costs energy, so the same measures save a smaller share of "
    "a larger total."
)
"""What changes between the two accounts, and why."""


def report(findings: Findings, plots: Sequence[str]) -> str:
    """The whole report; `plots` are names of files beside it."""
    sections = [_head(findings), methods(findings), _results(findings), _differences(findings)]
    sections += [
        _published(findings),
        _scaling(findings),
        _precision(findings),
        _plots(plots),
        _accounts(findings),
        _provenance(findings),
    ]
    return "\n".join(line for section in sections for line in section)


def _head(findings: Findings) -> Iterator[str]:
    first, last = findings.seed, findings.seed + findings.replications - 1
    seeds = f"{first} and {last}" if findings.replications == 2 else f"{first} to {last}"
    yield f"# {findings.experiment} on {findings.scenario}"
    yield ""
    yield from EXPERIMENTS[findings.experiment].explanation
    yield ""
    yield (
        f"Every method ran with the seeds {seeds}, and saw the same weather, tasks and noise for the "
        f"same seed. Figures are means of {findings.replications} runs with the half-width of their 95% t interval."
    )
    yield ""
    if findings.replications < ENOUGH_REPLICATIONS:
        yield (
            f"> **Warning**: fewer than {ENOUGH_REPLICATIONS} replications. The intervals hold only if the figures of "
            "single runs are about normally distributed."
        )
        yield ""


def _results(findings: Findings) -> Iterator[str]:
    yield from ("## Results", "")
    measures = present(findings)
    yield from markdown_table(
        ["method", *(QUANTITIES[measure].title for measure in measures)],
        [
            [outcome.method, *(cell(findings, index, measure) for measure in measures)]
            for index, outcome in enumerate(findings.outcomes)
        ],
    )
    yield from (_latency(findings), "")
    yield from _below_zero(findings)
    if findings.best_single_node is not None:
        yield (
            f"`{BEST_SINGLE_NODE}` is `{findings.best_single_node}`, chosen in hindsight: of the nodes that alone "
            f"keep late and dropped tasks within {MISS_LIMIT:.0%}, the one with the least emissions; where none "
            "does so, the one with the fewest such tasks."
        )
        yield ""
    measures = [measure for measure in FURTHER if any(measure in outcome.metrics for outcome in findings.further)]
    rows = [
        [outcome.method, *(_estimate(outcome.metrics.get(measure), measure) for measure in measures)]
        for outcome in findings.further
        if outcome.metrics
    ]
    yield from ("In more detail:", "")
    yield from markdown_table(["method", *(QUANTITIES[measure].title for measure in measures)], rows)
    if "stored_change_joules" in measures:
        yield (
            "What batteries hold at the end, and what is then unfinished, counts for nothing above. Where two methods "
            "differ less in carbon than in these, they have not been told apart."
        )
        yield ""


def _latency(findings: Findings) -> str:
    """Of which tasks the latency is told."""
    told = "Latency and its 95th percentile, from arrival to completion, are those of"
    classes = findings.parameters.workload.classes if isinstance(findings.parameters, Scenario) else ()
    held = [f"`{one.name}`" for one in classes if one.deferrable]
    if not held or len(held) == len(classes):
        return f"{told} all completed tasks."
    return f"{told} completed tasks that may not be put off: all but {', '.join(held)}."


def _below_zero(findings: Findings) -> Iterator[str]:
    """Where a t interval reaches what no figure can be."""
    found = [
        (measure, outcome.method)
        for outcome in findings.outcomes
        for measure, estimate in outcome.metrics.items()
        if not QUANTITIES[measure].signed and estimate.low < 0.0 < estimate.mean
    ]
    yield from _reaching_too_far("These intervals reach below zero, where no figure can be", found, "zero")


def _reaching_too_far(told: str, found: Sequence[tuple[str, str]], least: str) -> Iterator[str]:
    """A warning that names the methods by measure; nothing where none was found."""
    by_measure: dict[str, list[str]] = {}
    for measure, method in found:
        by_measure.setdefault(measure, []).append(f"`{method}`")
    if by_measure:
        named = "; ".join(f"{QUANTITIES[measure].heading}: {', '.join(those)}" for measure, those in by_measure.items())
        yield (
            f"{told}: {named}. Runs differ so much there, or are so few, that a symmetric interval does not fit; plots "
            f"draw it from {least} on."
        )
        yield ""


def _differences(findings: Findings) -> Iterator[str]:
    if findings.reference is None:
        return
    yield from (f"## Paired differences to {findings.reference}", "")
    yield (
        "Differences of runs with the same seed. The change is over the mean of the reference, and its interval takes "
        "that mean for the estimate that it is. p-values are those of the paired t test, adjusted after Holm over the "
        f"{len(findings.comparisons)} comparisons made here."
    )
    yield ""
    yield from _limits_of_changes(findings)
    yield from markdown_table(
        ["method", "measure", "difference", "change (%)", "p (Holm)"],
        [
            [
                one.method,
                QUANTITIES[one.measure].heading,
                _difference(one),
                percent_change(one.relative),
                p_text(one.p_adjusted),
            ]
            for one in findings.comparisons
        ],
    )


def _limits_of_changes(findings: Findings) -> Iterator[str]:
    """Why some changes are not told in percent, and which of those that are reach too far."""
    if any(one.relative is None for one in findings.comparisons):
        yield (
            f'"{REFERENCE_MAY_BE_ZERO}" stands where the interval of `{findings.reference}` itself holds zero: nothing '
            "can be told in percent of what may be none."
        )
        yield ""
    found = [
        (one.measure, one.method)
        for one in findings.comparisons
        if one.relative is not None
        and not QUANTITIES[one.measure].signed
        and one.relative.low < -1.0 < one.relative.mean
    ]
    yield from _reaching_too_far("These changes reach below -100%, where none can be", found, "-100%")


def _published(findings: Findings) -> Iterator[str]:
    if findings.reference is None or not _has_published(findings):
        return
    yield from ("## Beside the published figures", "")
    yield from (f"Published: {PUBLISHED_SOURCE}. Replicated: {REPLICATION_SOURCE}.", "")
    yield from markdown_table(["method", "measure", "here", "published", "replicated"], list(_beside(findings)))
    rows = [
        [one.method, QUANTITIES[one.measure].heading, percent_change(one.relative), plain(one.published * PERCENT)]
        for one in findings.comparisons
        if one.published is not None
    ]
    if rows:
        yield from (f"Changes against the full method. Published: {ABLATION_SOURCE}.", "")
        yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
        yield from (LEDGER_REMARK, "")


def _has_published(findings: Findings) -> bool:
    return any(one.published is not None for outcome in findings.outcomes for one in outcome.metrics.values())


def _beside(findings: Findings) -> Iterator[list[str]]:
    """Estimates that were published, or found by others, with those figures."""
    for outcome in findings.outcomes:
        label = (findings.best_single_node or "") if outcome.method == BEST_SINGLE_NODE else outcome.method
        replicated: Mapping[str, float] = {str(measure): value for measure, value in REPLICATION.get(label, {}).items()}
        for measure, estimate in outcome.metrics.items():
            others = (estimate.published, replicated.get(measure))
            if others != (None, None):
                quantity = QUANTITIES[measure]
                shown = [DASH if one is None else plain(one * quantity.factor) for one in others]
                yield [outcome.method, quantity.title, with_half_width(estimate, quantity.factor), *shown]


def _scaling(findings: Findings) -> Iterator[str]:
    if findings.reference is not None:
        return
    if findings.model == "edge":
        yield (
            f"Saturation is the greatest arrival rate at which at most {MISS_LIMIT:.0%} of the tasks are late or "
            f"dropped, found for every seed by bisection, to {TOLERANCE:.0%} of the rate; the interval tells how seeds "
            "differ beyond that. Nothing is put off in those runs, and they say nothing of a day's energy. The other "
            "runs last whole days: their number of tasks sets the rate."
        )
        yield ""
        return
    rows = []
    for outcome, further in zip(findings.outcomes, findings.further, strict=True):
        figures = {**outcome.metrics, **further.metrics}
        for measure in ("latency_seconds", "throughput_tasks_per_hour", "renewable_ratio"):
            estimate, quantity = figures.get(measure), QUANTITIES[measure]
            if estimate is not None and estimate.published is not None:
                ours = with_half_width(estimate, quantity.factor)
                rows.append([outcome.method, quantity.title, ours, plain(estimate.published * quantity.factor)])
    if rows:
        yield from ("## Beside the published figures", "", f"Source: {SCALING_SOURCE}. {SCALING_REMARK}", "")
        yield from markdown_table(["size", "measure", "here", "published"], rows)
    yield (
        "The published model has no queue, so no arrival rate saturates it. Runs begin at midnight, and only the sun "
        "tells the time in it: runs that end before it rises at six have the same energy and latency at any rate."
    )
    yield ""


def _precision(findings: Findings) -> Iterator[str]:
    measures = present(findings)
    known = {(one.method, one.measure): one for one in findings.precision}
    yield from ("## How well the means are known", "")
    yield (
        "Half-width over the mean, and in brackets the replications that would bring it to "
        f"{WANTED_PRECISION:.0%} at the spread seen here. Where it is 100% or more, the mean may be 0, and there is no "
        "such number."
    )
    yield ""
    rows = []
    for outcome in findings.outcomes:
        row = [outcome.method]
        for measure in measures:
            one = known.get((outcome.method, measure))
            if one is None or one.relative_half_width is None:
                row.append(DASH)
            else:
                needed = "" if one.replications_needed is None else f" ({one.replications_needed:,})"
                row.append(f"{one.relative_half_width:.1%}{needed}")
        rows.append(row)
    yield from markdown_table(["method", *(QUANTITIES[measure].heading for measure in measures)], rows)


def _plots(plots: Sequence[str]) -> Iterator[str]:
    yield from ("## Plots", "")
    for name in plots:
        yield from (f"![{name.removesuffix('.png')}]({name})", "")


def _accounts(findings: Findings) -> Iterator[str]:
    yield from ("## Published and physical accounts", "", ACCOUNTS, "")
    if findings.model != "edge" or findings.reference is None:
        return
    energy = findings.outcomes[0].metrics.get("energy_joules")
    idle = findings.further[0].metrics.get("idle_joules")
    if energy is not None and idle is not None and energy.mean > 0:
        share = idle.mean / energy.mean
        yield from (f"Here, idle power is {share:.0%} of what the cluster consumes under `{findings.reference}`.", "")
    yield from _both_accounts(findings)


def _both_accounts(findings: Findings) -> Iterator[str]:
    """What the same measures saved in the published tables, beside a physical account."""
    tables = {"baseline": (changes_to_standard(), PUBLISHED_SOURCE), "ablation": (ABLATION, ABLATION_SOURCE)}
    if findings.experiment not in tables:
        return
    published, source = tables[findings.experiment]
    rows = []
    for one in findings.comparisons:
        row = published.get(one.method)
        theirs: Mapping[str, float] = {} if row is None else {str(measure): value for measure, value in row.items()}
        if one.measure in theirs:
            change = plain(theirs[one.measure] * PERCENT)
            rows.append([one.method, QUANTITIES[one.measure].heading, percent_change(one.relative), change])
    yield from (f"Changes against `{findings.reference}` in both. Published: {source}.", "")
    yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
    yield from (LEDGER_REMARK, "")


def _provenance(findings: Findings) -> Iterator[str]:
    made = findings.provenance
    yield from ("## Made with", "")
    yield ", ".join(f"{name} {version}" for name, version in made.versions.items()) + "."
    yield ""
    yield from markdown_table(
        ["what", "SHA-256"],
        [
            ["environment: Python and libraries", made.environment],
            ["inputs: all that follows", made.inputs],
            ["code", made.code],
            ["scenario", made.scenario],
            ["files that the scenario names", made.files],
            ["compression profile", made.compression_profile],
            ["ledger cost profile", made.ledger_profile],
        ],
    )


def _estimate(estimate: Estimate | None, measure: str) -> str:
    return DASH if estimate is None else with_half_width(estimate, QUANTITIES[measure].factor)


def _difference(one: Comparison) -> str:
    quantity = QUANTITIES[one.measure]
    return f"{with_half_width(one.difference, quantity.factor)} {quantity.difference_unit}"
