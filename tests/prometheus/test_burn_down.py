"""Share that is left of a budget over real days and months: all at the start, and never more than a moment before."""

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.budget import Bounds, Period, bounds_at
from exporter.core.units import UnixSeconds
from prometheus.recording import ELAPSED, REMAINING
from tests.prometheus.test_rules import promtool

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("generation")]

RULES = Path(__file__).parents[2] / "prometheus/rules/ecotrack-recording.yml"
ZONE = ZoneInfo("Europe/Berlin")
LIMIT = 1000.0
AWAY = -1.0
"""Stands for the grams used while the exporter is not there."""

LABELS = 'job="ecotrack", instance="a"'
BEFORE = 3
"""Steps of the period before, in which most of its budget is used."""


@dataclass(frozen=True)
class Case:
    """A period, the step of samples and rules, and the hours that the calendar gives it."""

    period: Period
    within: datetime
    step_minutes: int
    hours: int

    @property
    def bounds(self) -> Bounds:
        return bounds_at(self.period, UnixSeconds(self.within.timestamp()), ZONE)


CASES = {
    "a usual day": Case(Period.DAY, datetime(2026, 3, 10, 12, tzinfo=ZONE), 10, 24),
    "the day that summer time begins": Case(Period.DAY, datetime(2026, 3, 29, 12, tzinfo=ZONE), 10, 23),
    "the day that summer time ends": Case(Period.DAY, datetime(2026, 10, 25, 12, tzinfo=ZONE), 10, 25),
    "a leap February": Case(Period.MONTH, datetime(2028, 2, 10, tzinfo=ZONE), 60, 29 * 24),
    "the week that summer time ends": Case(Period.WEEK, datetime(2026, 10, 23, tzinfo=ZONE), 60, 7 * 24 + 1),
}


def objections(
    tmp_path: Path, case: Case, used: Sequence[float], limits: Sequence[float], wanted: dict[str, float]
) -> str:
    """Return promtool's objections: `wanted` are values of expressions at the last step of the period."""
    step, length = 60 * case.step_minutes, int(case.bounds.end - case.bounds.start)
    starts = [float(BEFORE * step - length)] * BEFORE + [float(BEFORE * step)] * (len(used) - BEFORE)
    series: dict[str, Sequence[float]] = {
        "ecotrack_budget_used_grams": used,
        "ecotrack_budget_limit_grams": limits,
        "ecotrack_budget_period_start_timestamp_seconds": starts,
        "ecotrack_budget_period_end_timestamp_seconds": [start + length for start in starts],
    }
    test = {
        "interval": f"{case.step_minutes}m",
        "input_series": [
            {
                "series": f'{name}{{{LABELS}, period="{case.period}"}}',
                "values": written(values, used),
            }
            for name, values in series.items()
        ],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{(len(used) - 1) * step}s", "exp_samples": [{"labels": "{}", "value": value}]}
            for expr, value in wanted.items()
        ],
    }
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{case.step_minutes}m", "tests": [test]}
    file = tmp_path / "burn-down.test.yml"
    file.write_text(json.dumps(document), encoding="utf-8")
    ended = promtool("test", "rules", file)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def written(values: Sequence[float], used: Sequence[float]) -> str:
    """Write values as promtool reads them, none of them where the exporter is away."""
    return " ".join("_" if one == AWAY else f"{value:.6f}" for value, one in zip(values, used, strict=True))


def steps(case: Case) -> int:
    """Return steps from the beginning of the period up to, not including, its end."""
    return case.hours * 60 // case.step_minutes


def over(case: Case, count: int) -> str:
    """Return the range of the last `count` steps.

    It begins between two steps: Prometheus 3 leaves out a step at which a range begins, which Prometheus 2 has in it.
    """
    minutes = case.step_minutes
    return f"[{count * minutes - minutes // 2}m:{minutes}m]"


def rises(case: Case, count: int) -> str:
    """Return how often the share that is left rose over the last `count` steps."""
    return f"sum(resets((-1 * {REMAINING}){over(case, count)}))"


def burnt(case: Case, seed: int) -> list[float]:
    """Draw the grams used, at random, beginning anew with the period; twice some of them are forgotten."""
    chance = random.Random(seed)  # noqa: S311 - loads, not secrets
    count = steps(case)
    amounts = [chance.random() ** 3 for _ in range(count - 1)]
    used = [0.0, *itertools.accumulate(1.2 * LIMIT * amount / sum(amounts) for amount in amounts)]
    for lost in sorted(chance.sample(range(count // 4, 3 * count // 4), 2)):
        forgotten = 0.3 * used[lost]
        used = [*used[:lost], *(one - forgotten for one in used[lost:])]
    return [0.9 * LIMIT] * BEFORE + used


@pytest.mark.parametrize("name", CASES)
def test_it_begins_at_all_of_it_and_never_rises(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    assert case.bounds.end - case.bounds.start == 3600 * case.hours
    used = burnt(case, seed=1)
    count, last = steps(case), (steps(case) - 1) * case.step_minutes
    wanted = {
        rises(case, count): 0.0,
        # With the last step of the period before: the one rise is the beginning.
        rises(case, count + 1): 1.0,
        f"sum({REMAINING} offset {last}m)": 1.0,
        f"round(sum({REMAINING} offset {last + case.step_minutes}m), 1e-6)": 0.1,
        f"round(sum({REMAINING}), 1e-6)": round(1 - max(used[BEFORE:]) / LIMIT, 6),
    }
    assert objections(tmp_path, case, used, [LIMIT] * len(used), wanted) == ""


@pytest.mark.parametrize("name", CASES)
def test_the_even_pace_falls_from_all_to_nothing_with_the_calendars_own_length(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    used = [0.0] * (BEFORE + steps(case))
    last = (steps(case) - 1) * case.step_minutes
    wanted = {
        f"round(sum(1 - {ELAPSED} offset {last}m), 1e-6)": 1.0,
        f"round(sum(1 - {ELAPSED}), 1e-6)": round(1 / steps(case), 6),
        f"round(sum_over_time(sum(1 - {ELAPSED}){over(case, steps(case))}), 1e-3)": round((steps(case) + 1) / 2, 3),
    }
    assert objections(tmp_path, case, used, [LIMIT] * len(used), wanted) == ""


def test_a_limit_that_is_raised_leaves_more(tmp_path: Path) -> None:
    case = CASES["a usual day"]
    used = [0.0] * BEFORE + [0.5 * LIMIT] * steps(case)
    half = BEFORE + steps(case) // 2
    limits = [LIMIT] * half + [2 * LIMIT] * (len(used) - half)
    wanted = {f"sum({REMAINING})": 0.75, f"sum({REMAINING} offset 13h)": 0.5, rises(case, steps(case)): 1.0}
    assert objections(tmp_path, case, used, limits, wanted) == ""


def test_a_silence_does_not_make_it_rise(tmp_path: Path) -> None:
    """The exporter is away for a while, and comes back having forgotten what was used."""
    case = CASES["a usual day"]
    used = [0.0] * BEFORE + [0.5 * LIMIT] * 20 + [AWAY] * 5 + [0.1 * LIMIT] * (steps(case) - 25)
    wanted = {f"sum({REMAINING})": 0.5}
    assert objections(tmp_path, case, used, [LIMIT] * len(used), wanted) == ""
