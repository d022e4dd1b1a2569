"""The last decision of the policy, and the score behind it."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import TERMS
from grafana.joined import looks
from grafana.panels import Facts, Series, Target, bars, by_label, coloured, lines, rows
from grafana.promql import rounded, select
from grafana.simulated import of_runs
from simulator.live.scheduler_view import BECAUSE

NO_SCORE = "the policy in force has no score, or placed nothing since simulated midnight"


WORDS_PIXELS = 360
"""Width of the column with the reason, the longest of which has about 50 letters."""


def row() -> Row:
    """Build the row of the last decision and its policy."""
    return Row(title="What did it decide, and why?", panels=(_last(),))


def score() -> Row:
    """Build the row of the score of that decision, and of the terms of the day; collapsed, since a planner has none."""
    return Row(title="The score behind it", panels=(_scores(), _terms(), _weights()), collapsed=True)


def _last() -> dashboard.Panel:
    facts = Facts(
        title="Last decision",
        description=(
            "The last placed task of each simulator, read as a sentence: a task of this class went to this node rather "
            "than to the best other one, because of the term of the score that speaks most for it. Without a score, "
            "what the policy goes by. It is worked out when a scrape asks, after the simulated step."
        ),
        unit="none",
        no_value="no task has been placed yet",
        targets=(Target(expr=of_runs(select("ecochain_scheduler_decision_info")), legend="decisions"),),
        series=(Series(name="Because", pixels=WORDS_PIXELS),),
        width=24,
        height=4,
    )
    columns = {
        "policy": "Policy",
        "task_class": "A task of",
        "chosen": "went to",
        "second": "not to",
        "term": "Because",
    }
    panel = rows(facts, columns=columns, hidden=("Value", "job", "instance", "scenario"))
    options = {term: {"text": words, "index": index} for index, (term, words) in enumerate(BECAUSE.items())}
    if panel.field_config is not None:
        panel.field_config.overrides.append(looks("Because", {"mappings": [{"type": "value", "options": options}]}))
    return panel


def _scores() -> dashboard.Panel:
    def asked(choice: str) -> str:
        return f"avg by (term) ({select('ecochain_scheduler_decision_score_ratio', choice=choice)})"

    facts = Facts(
        title="Score of the last decision",
        description=(
            "The weighted terms of the last placed task's score, on the chosen node and on the best other one; the "
            "lesser sum wins. The greatest gain is the reason of the last decision. Several simulators: their mean."
        ),
        unit="none",
        no_value=NO_SCORE,
        targets=(
            Target(expr=asked("chosen"), legend="Chosen"),
            Target(expr=asked("second"), legend="Best other"),
            Target(expr=rounded(f"{asked('second')} - {asked('chosen')}", 0.001), legend="Gain"),
        ),
        decimals=3,
        width=8,
        height=9,
    )
    columns = {"term": "Term", "Chosen": "Chosen", "Best other": "Best other", "Gain": "Gain"}
    return rows(facts, columns=columns, largest="Gain")


def _terms() -> dashboard.Panel:
    facts = Facts(
        title="Score terms of the placed tasks",
        description=(
            "Mean of each term of the score over the tasks placed since simulated midnight, before weighting; less is "
            "better. Latency: time to completion / deadline, by priority. Energy: / that of the worst choice. Grid: "
            "share of the energy that the grid must give. Carbon: grid x energy. Load: wait / longest wait. Several "
            "simulators: their mean."
        ),
        unit="percentunit",
        no_value=NO_SCORE,
        targets=(by_label("avg", "term", select("ecochain_scheduler_score_term_ratio")),),
        series=coloured(TERMS),
        width=9,
        height=9,
        minimum=0,
    )
    return lines(facts)


def _weights() -> dashboard.Panel:
    facts = Facts(
        title="Weights of the score",
        description=(
            "What each term counts in the score; they add up to 100%. Policies without a weighted score ignore them. "
            "Several simulators: their mean."
        ),
        unit="percentunit",
        no_value=NO_SCORE,
        targets=(by_label("avg", "objective", select("ecochain_scheduler_weight_ratio")),),
        series=coloured(TERMS),
        width=7,
        height=9,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)
