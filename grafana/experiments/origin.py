"""The origin of the figures: what they were made from."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.names import ANY, NO_RESULTS, found
from grafana.panels import Facts, Target, rows
from grafana.promql import select


def row() -> Row:
    """Build the collapsed row of digests."""
    return Row(title="Where the figures come from", panels=(_digests(),), collapsed=True)


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
