"""The work that runs leave undone at their end, beside that which they took over at their beginning."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.estimates import GRAMS
from simulator.experiments.find.results import Results, Runs
from simulator.experiments.find.statistics import Interval, mean_interval
from simulator.scenario.schema import Scenario

WORTH_TELLING = 0.001
"""Share of a run's work from which on reports name what is left over. A choice: it is far below the intervals of
emissions, and a task or two in the queues at midnight are no part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """Unfinished tasks at the end of a method's runs, less those at their beginning: negative where fewer are left.

    `work_ratio` is the share of a run's work that these would be if each were of the longest class, and `grams` that
    share of the method's emissions. Both are None where tasks come from a trace, whose work the scenario does not tell.
    """

    tasks: Interval
    work_ratio: float | None
    grams: float | None

    @property
    def is_worth_telling(self) -> bool:
        """Return whether there is certainly any, and not just a task or two."""
        return not self.tasks.holds_zero and (self.work_ratio is None or abs(self.work_ratio) >= WORTH_TELLING)


def left_over(results: Results) -> Mapping[str, LeftOver]:
    """Return what each method leaves over, by its name; nothing where methods are not compared over whole days.

    What was offered and taken over is completed, dropped or unfinished at the end.
    """
    scenario = results.parameters
    if results.reference is None or results.tasks is not None or not isinstance(scenario, Scenario):
        return {}
    known = {case.method: case for case in results.cases}
    if results.best_single_node is not None:
        known[BEST_SINGLE_NODE] = known[results.best_single_node]
    return {one.method: _left_over(known[one.method], _longest_in_tasks(scenario)) for one in results.estimates}


def _left_over(case: Runs, longest: float | None) -> LeftOver:
    runs = [run.figures for run in case.runs]
    tasks = mean_interval([one["tasks_offered"] - one["tasks_completed"] - one["tasks_dropped"] for one in runs])
    if longest is None:
        return LeftOver(tasks=tasks, work_ratio=None, grams=None)
    ratio = tasks.mean * longest / fmean(one["tasks_offered"] for one in runs)
    return LeftOver(tasks=tasks, work_ratio=ratio, grams=ratio * fmean(one[GRAMS] for one in runs))


def _longest_in_tasks(scenario: Scenario) -> float | None:
    """Return the work of the longest class over that of the mean task; None for the tasks of a trace."""
    if scenario.workload.arrivals.kind == "trace":
        return None
    classes = scenario.workload.classes
    mean = sum(one.share * one.work_seconds for one in classes) / sum(one.share for one in classes)
    return max(one.work_seconds for one in classes) / mean
