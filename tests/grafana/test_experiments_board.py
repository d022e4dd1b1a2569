"""The Experiments board says what its figures are of, and how far their intervals reach."""

from typing import Any

from tests.grafana.committed import board


def panels_on(measure: str) -> list[dict[str, Any]]:
    """The panels that show a measure."""
    shown = [panel for panel in board("experiments.json")["panels"] if panel["type"] != "row"]
    return [panel for panel in shown if measure in str(panel.get("targets"))]


def test_panels_say_of_which_tasks_the_latency_is() -> None:
    panels = panels_on("latency_seconds")
    assert len(panels) == 2
    assert all("tasks that may not be put off" in panel["description"] for panel in panels)


def test_intervals_below_zero_are_explained_where_no_figure_can_be() -> None:
    told = "may reach below zero, where no figure can be"
    (misses,) = panels_on("deadline_miss_ratio")
    (cost,) = panels_on("cost_dollars")
    assert told in misses["description"]
    assert told not in cost["description"]
