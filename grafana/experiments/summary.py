"""The savings of the system as a whole, the share of each part in them, and why two accountings differ."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.names import NO_RESULTS, change
from grafana.panels import Facts, Target, differences, note

DOCUMENTS = "https://github.com/ecotrack/ecotrack/blob/main/docs"

ACCOUNTINGS = (
    "The scenario *published* charges only the energy of the tasks themselves, as the published model does, whereas "
    "*edge* also counts what the nodes draw while they wait, queues, battery losses and the ledger: the same methods "
    "save a smaller share there, because no scheduler can save what a node draws anyway.\n\n"
    f"[What the experiments compare, and how]({DOCUMENTS}/explanation/experiments.md) · "
    f"[The published model]({DOCUMENTS}/explanation/published-model.md) · "
    f"[Run them yourself]({DOCUMENTS}/how-to/run-experiments.md)"
)


def row() -> Row:
    """Build the row of the sentence, and the full system's savings in each scenario."""
    panels = (
        note(
            title="Two accountings",
            description="Why the same methods save different shares in the two scenarios.",
            content=ACCOUNTINGS,
            width=8,
            height=7,
        ),
        _saved("Energy: full system against Standard", "energy_joules", "Energy"),
        _saved("Emissions: full system against Standard", "emissions_grams", "Emissions"),
    )
    return Row(title="In short", panels=panels)


def parts() -> Row:
    """Build the row of the ablation: the effect of taking one part away."""
    panels = (
        _without("Energy without a part", "energy_joules", "Energy"),
        _without("Emissions without a part", "emissions_grams", "Emissions"),
        _without("Latency without a part", "latency_seconds", "Mean latency of tasks that may not be put off"),
    )
    return Row(title="What each part contributes", panels=panels)


def _saved(title: str, measure: str, what: str) -> dashboard.Panel:
    facts = Facts(
        title=title,
        description=(
            f"{what} of the full system / that of Standard (round robin at full frequency, nothing else) - 1, from the "
            "means of the experiment baseline; below zero it saves. Empty where Standard may be zero. The "
            "reports give the interval."
        ),
        unit="percentunit",
        no_value=NO_RESULTS,
        targets=(Target(expr=change(measure, "mean", "baseline", 'method="full"'), legend="{{scenario}}"),),
        width=8,
        height=7,
        decimals=1,
    )
    return differences(facts)


def _without(title: str, measure: str, what: str) -> dashboard.Panel:
    facts = Facts(
        title=title,
        description=(
            f"{what} when one part of the full system is taken away, relative to the full system, from the means of "
            "the experiment ablation: above zero, the part saves. All methods meet the same tasks and weather. The "
            "reports give the interval of each change; a bar near zero may be chance. Empty where the full system may "
            "be zero."
        ),
        unit="percentunit",
        no_value=NO_RESULTS,
        targets=(Target(expr=change(measure, "mean", "ablation"), legend="{{scenario}}: {{method}}"),),
        width=8,
        height=10,
        decimals=1,
    )
    return differences(facts)
