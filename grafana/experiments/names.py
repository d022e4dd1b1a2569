"""Names and expressions that several rows of the board share."""

from collections.abc import Iterable

from grafana.promql import EVERY_INSTANCE, select

NO_RESULTS = "no results: start the simulator with --experiments and a folder of results"

IN_SCENARIO = f'{EVERY_INSTANCE},scenario=~"$scenario"'
CHOSEN = f'{IN_SCENARIO},experiment=~"$experiment"'

BY_SCENARIO = "on (job, instance, scenario)"


def estimate(statistic: str, measure: str, experiment: str, *others: str) -> str:
    """Select a statistic of a measure in an experiment, of the methods that the other matchers leave."""
    targets = ",".join((*others, IN_SCENARIO))
    return select(f"ecochain_experiment_{measure}", targets, experiment=experiment, statistic=statistic)


def relative(measure: str, experiment: str, reference: str, others: Iterable[str]) -> str:
    """Relate a measure of other methods to that of the reference: their ratio, less one.

    The result is empty where the interval of the reference holds zero.
    """
    of_others = estimate("mean", measure, experiment, *others)
    mean, low, high = (
        estimate(statistic, measure, experiment, f'method="{reference}"') for statistic in ("mean", "low", "high")
    )
    of_reference = f"({mean} and {BY_SCENARIO} {low} * {BY_SCENARIO} {high} > 0)"
    return f"{of_others} / {BY_SCENARIO} group_left () {of_reference} - 1"
