"""Every change in figures, and the digests of what all figures were made from."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.names import ANY, CHOSEN, NO_RESULTS, found
from grafana.panels import Facts, Target, rows
from grafana.promql import rounded, select


def row() -> Row:
    """Build the collapsed row of every change, and of the digests."""
    return Row(title="Where the figures come from", panels=(_changes(), _digests()), collapsed=True)


def _changes() -> dashboard.Panel:
    def asked(statistic: str) -> str:
        series = select("ecochain_experiment_change_ratio", CHOSEN, statistic=statistic)
        return rounded(f"max by (measure, method, reference) ({found(series)})", 0.0001)

    headings = {"mean": "Change", "low": "From", "high": "To", "published": "Published"}
    facts = Facts(
        title="Every change against the reference",
        description=(
            "Change of each measure of each method of the chosen experiment and scenario relative to its reference, "
            "from pairs of runs that met the same tasks and weather, with the 95% interval. None where the reference "
            "may be zero."
        ),
        unit="percentunit",
        no_value=NO_RESULTS,
        targets=tuple(Target(expr=asked(statistic), legend=statistic) for statistic in headings),
        decimals=2,
        width=24,
        height=12,
    )
    return rows(facts, columns={"measure": "Measure", "method": "Method", "reference": "Reference", **headings})


def _digests() -> dashboard.Panel:
    facts = Facts(
        title="Digests",
        description=(
            "What each experiment was made from: SHA-256 of the code that a run executes, the scenario with its files "
            "and the measured profiles (inputs), and of Python and its libraries (environment). Same digests, same "
            "figures. Results of the first format have none."
        ),
        unit="none",
        no_value=NO_RESULTS,
        targets=(
            Target(
                expr=f"count by (experiment, scenario, inputs, environment) ({found(select(ANY))})",
                legend="experiments",
            ),
        ),
        width=24,
        height=9,
    )
    columns = {
        "experiment": "Experiment",
        "scenario": "Scenario",
        "inputs": "Inputs",
        "environment": "Environment",
    }
    return rows(facts, columns=columns, hidden=("Value",))
