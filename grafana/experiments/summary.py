"""Changes against the reference of the experiment, and why two accountings differ."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import DOCUMENTS, Row
from grafana.experiments.charts import BARS, interval_bars, parts
from grafana.experiments.names import CHOSEN, IN_SCENARIO, NO_RESULTS, change
from grafana.joined import ORDER
from grafana.note import note
from grafana.panels import Facts, Target

MARKED = "A mark is the published change. "

PARTS_IN_SCENARIO = f'{IN_SCENARIO},method=~"without-.*"'
"""The methods of an ablation that lack a part; it has simple rivals beside them."""

MOST = 3
"""Greatest change in the pictures, a ratio: beyond it the reference is nearly nothing, and its bar hides all others."""

ACCOUNTINGS = (
    "The scenario *published* charges only the energy of the tasks themselves, as the published model does, whereas "
    "*edge* also counts what the nodes draw while they wait, queues, battery losses and the ledger: the same methods "
    "save a smaller share there, because no scheduler can save what a node draws anyway.\n\n"
    f"[What the experiments compare, and how]({DOCUMENTS}/explanation/experiments.md) · "
    f"[The published model]({DOCUMENTS}/explanation/published-model.md) · "
    f"[Run them yourself]({DOCUMENTS}/how-to/run-experiments.md)"
)


def row() -> Row:
    """Build the row of the changes against the reference, and of the sentence."""
    panels = (
        _changes("Energy against the reference", "energy_joules", "Electricity that the cluster consumed"),
        _changes("Emissions against the reference", "emissions_grams", "Grams of the electricity from the grid"),
        note(
            title="Two accountings",
            description="Why the same methods save different shares in the two scenarios.",
            content=ACCOUNTINGS,
            width=8,
            height=9,
        ),
    )
    return Row(title="Changes of $experiment on $scenario", panels=panels)


def ablation() -> Row:
    """Build the row of the ablation: the effect of taking one part away."""
    panels = tuple(
        _without(title, measure, what)
        for title, measure, what in (
            ("Energy without a part", "energy_joules", "Energy"),
            ("Emissions without a part", "emissions_grams", "Emissions"),
            ("Latency without a part", "latency_seconds", "Mean latency of tasks that are not deferrable"),
        )
    )
    return Row(title="What each part contributes on $scenario", panels=panels)


def _changes(title: str, measure: str, what: str) -> dashboard.Panel:
    description = (
        f"{what}: change against the reference of the experiment, which the last row names. In baseline and peers it "
        "is least-loaded, with the same compression and all nodes awake; in the published model, standard."
    )
    return _picture(title, measure, description, CHOSEN)


def _without(title: str, measure: str, what: str) -> dashboard.Panel:
    description = (
        f"{what} when one part of the full system is taken away, relative to the full system, from the experiment "
        "ablation: above zero, the part saves."
    )
    return _picture(title, measure, description, PARTS_IN_SCENARIO, experiment="ablation", reference="full")


def _picture(title: str, measure: str, description: str, targets: str, **labels: str) -> dashboard.Panel:
    """Draw changes with their intervals to either side of zero."""

    def asked(statistic: str) -> str:
        return f"({change(measure, statistic, targets, **labels)} <= {MOST})"

    # Of latencies no change was published.
    published = "" if measure == "latency_seconds" else asked("published")
    found = parts(asked("low"), asked("high"), published, signed=True)
    facts = Facts(
        title=title,
        description=(
            f"{description} Violet is the 95% interval of the paired change: where it reaches over zero, the change "
            f"may be chance. {MARKED if published else ''}Changes of more than {100 * MOST}% are left out here, and "
            "stand in the last row. Nothing is shown where the reference may be zero."
        ),
        unit="percentunit",
        no_value=NO_RESULTS,
        targets=(*found, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in found}),
        width=8,
        height=9,
        decimals=1,
    )
    return interval_bars(facts)
