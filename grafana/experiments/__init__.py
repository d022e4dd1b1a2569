"""The Experiments board: methods side by side, with intervals, under the published and the physical accounting."""

from grafana.board import Board, Choice
from grafana.experiments import comparison, levers, origin, scaling, summary
from grafana.experiments.names import ANY
from grafana.simulated import DOCUMENTS, PROGRAM

UID = "ecochain-experiments"


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Experiments",
        description=(
            "Results of finished experiments: methods side by side with 95% intervals. A simulator started with "
            "--experiments shows them at any time; results written into Prometheus stand at their simulated end."
        ),
        about=(
            "**Which method saves how much, and is it certain?** Figures are means of paired replications, with their "
            "95% intervals; they say nothing of clusters that the scenarios do not describe."
        ),
        documents=DOCUMENTS | {"Experiments": "explanation/experiments.md"},
        metric=ANY,
        program=PROGRAM,
        choices=(
            Choice(label="experiment", title="Experiment", metric=ANY, first="baseline", shows_title=False),
            Choice(label="scenario", title="Scenario", metric=ANY, first="edge"),
        ),
        tags=("simulator",),
        shown="now-1h",
        rows=(
            summary.row(),
            comparison.row(),
            comparison.equal_service(),
            levers.row(),
            summary.ablation(),
            scaling.row(),
            origin.row(),
        ),
    )
