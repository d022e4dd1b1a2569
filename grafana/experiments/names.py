"""Names and expressions that several rows of the board share."""

from grafana.promql import EVERY_INSTANCE, select

NO_RESULTS = "no results of this choice in the time shown"

ANY = "ecochain_experiment_info"
"""The family that every experiment has."""

IN_SCENARIO = f'{EVERY_INSTANCE},scenario=~"$scenario"'
CHOSEN = f'{IN_SCENARIO},experiment=~"$experiment"'


def found(series: str) -> str:
    """Return the last value of each series in the time shown.

    Results written into Prometheus have one sample each, at the simulated end of their experiment.
    """
    return f"last_over_time({series}[$__range])"


def estimate(measure: str, statistic: str, targets: str = CHOSEN, **labels: str) -> str:
    """Return a statistic of a measure by method; a keyword is a label that must equal the value."""
    series = select(f"ecochain_experiment_{measure}", targets, **labels, statistic=statistic)
    return f"max by (method) ({found(series)})"


def change(measure: str, statistic: str, targets: str = CHOSEN, *, by: str = "method", **labels: str) -> str:
    """Return a statistic of a measure's change against the reference, by method or by other labels too."""
    series = select("ecochain_experiment_change_ratio", targets, **labels, measure=measure, statistic=statistic)
    return f"max by ({by}) ({found(series)})"
