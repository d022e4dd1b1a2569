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


def change(measure: str, statistic: str, experiment: str, *others: str) -> str:
    """Return the changes of a measure against the reference of an experiment, by scenario and method."""
    targets = ",".join((*others, IN_SCENARIO))
    series = select(
        "ecochain_experiment_change_ratio", targets, experiment=experiment, measure=measure, statistic=statistic
    )
    return f"max by (scenario, method) ({found(series)})"
