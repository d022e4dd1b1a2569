"""Small pieces of PromQL that every board writes the same way."""

from collections.abc import Sequence

EVERY_INSTANCE = 'job=~"$job",instance=~"$instance"'
"""The matchers that tie a selector to the board's variables."""


SECONDS_PER_HOUR, SECONDS_PER_DAY = 3600, 86_400
"""Whole numbers, as PromQL is to show them."""


def select(metric: str, targets: str = EVERY_INSTANCE, **labels: str) -> str:
    """Select a metric of the chosen devices; a keyword is a label that must equal the value."""
    own = "".join(f'{name}="{value}",' for name, value in labels.items())
    return f"{metric}{{{own}{targets}}}"


def rate(counter: str, **labels: str) -> str:
    """Return the increase per second of a counter, over the window that suits the panel's resolution."""
    return f"rate({select(counter, **labels)}[$__rate_interval])"


def shown(counter: str, **labels: str) -> str:
    """Return the increase of a counter over the time that the board shows."""
    return f"increase({select(counter, **labels)}[$__range])"


def total(expr: str, *labels: str) -> str:
    """Sum an expression, kept apart by these labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} ({expr})"


def rounded(expr: str, step: float) -> str:
    """Round to whole steps, the last place that is shown: Grafana would write what is just below zero as -0."""
    return f"round({expr}, {step:g})"


def firing_alerts(program: str, components: Sequence[str] = ()) -> str:
    """Select the alerts about this program that fire for the chosen instances, of all components or of these."""
    about = f'alertname=~"{program.capitalize()}.+"'
    of = f',component=~"{"|".join(components)}"' if components else ""
    return f'ALERTS{{alertstate="firing",{about}{of},{EVERY_INSTANCE}}}'


def firing(program: str) -> str:
    """Return, for each alert that `firing_alerts` selects, the time in Unix seconds since when its condition holds."""
    held = f'ALERTS_FOR_STATE{{alertname=~"{program.capitalize()}.+",{EVERY_INSTANCE}}}'
    return f"({held} and ignoring (alertstate) {firing_alerts(program)})"


def of_exporters(expr: str) -> str:
    """Keep the expression to targets that were an ecotrack exporter in the time shown."""
    return _of(expr, "ecotrack_build_info")


def of_simulators(expr: str) -> str:
    """Keep the expression to targets that were a simulator in the time shown."""
    return _of(expr, "ecochain_run_info")


def _of(expr: str, info: str) -> str:
    """Keep the expression to targets that have this metric.

    Every program that Prometheus scrapes has `up` and `process_*`, so All would show Prometheus itself as well.
    """
    return f"{expr} and on (job, instance) last_over_time({select(info)}[$__range])"
