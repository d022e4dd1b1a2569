"""The exporter and the recording rule project the same machine's day alike: one formula, one window."""

import json
import subprocess
from pathlib import Path

import pytest

from exporter.budget import Period
from exporter.core.units import Grams
from tests.fakes import FakeClock, Machine, Rig, rig, series
from tests.processes import program

RULES = Path(__file__).parents[2] / "prometheus/rules/ecotrack-recording.yml"

TIMES = {"ecotrack_budget_period_start_timestamp_seconds", "ecotrack_budget_period_end_timestamp_seconds"}
TIMES |= {"ecotrack_lifetime_start_timestamp_seconds"}

LABELS = {
    "ecotrack_emissions_grams_total": ("component", "scope"),
    "ecotrack_budget_used_grams": ("period",),
    "ecotrack_budget_limit_grams": ("period",),
    "ecotrack_budget_projected_grams": ("period",),
    "ecotrack_lifetime_start_timestamp_seconds": (),
} | dict.fromkeys(TIMES - {"ecotrack_lifetime_start_timestamp_seconds"}, ("period",))


def live(minutes: int) -> tuple[Rig, list[dict[str, float]]]:
    """A machine sampled every 5 s, busy, idle and asleep by turns; its series once a minute, with times from zero."""
    sampling = rig(Machine(FakeClock()), limits={Period.DAY: Grams(1000.0)})
    began = sampling.machine.clock.wall()
    scrapes: list[dict[str, float]] = []
    for minute in range(minutes):
        if minute == 100:
            sampling.machine.clock.sleep(1200.0)
            scrapes += [{}] * 20
        for _ in range(12):
            sampling.sample_after(5.0, utilization=0.9 if minute % 40 < 15 else 0.1)
        scrapes.append(scrape(sampling, began))
    return sampling, scrapes


def scrape(sampling: Rig, began: float) -> dict[str, float]:
    """The series that the rule reads, by their PromQL selector."""
    found = {}
    for (name, *values), value in series(sampling.now, "counter", "gauge").items():
        if name in LABELS:
            pairs = [*zip(LABELS[name], values, strict=True), ("job", "ecotrack"), ("instance", "a")]
            selector = ",".join(f'{label}="{text}"' for label, text in pairs)
            found[f"{name}{{{selector}}}"] = value - began if name in TIMES else value
    return found


def agreement(minute: int) -> dict[str, object]:
    """Rule and gauge within 2% of one another. The rule knows one sample a minute, the gauge all."""
    rule, gauge = "instance_period:ecotrack_budget_projected_grams:rate1h", "ecotrack_budget_projected_grams"
    expr = f"abs({rule} / on (job, instance, period) {gauge} - 1) < bool 0.02"
    labels = '{job="ecotrack", instance="a", period="day"}'
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": [{"labels": labels, "value": 1}]}


@pytest.mark.parametrize("minutes", [[10, 30, 55], [75, 90, 130, 170, 230]], ids=["first hour", "later"])
def test_rule_and_gauge_agree(tmp_path: Path, minutes: list[int]) -> None:
    _, scrapes = live(240)
    names = sorted({name for one in scrapes for name in one})
    written = [
        {"series": name, "values": " ".join(str(one[name]) if name in one else "_" for one in scrapes)}
        for name in names
    ]
    # Times count from the first scrape's minute, which is a minute after counting began.
    for one in written:
        one["values"] = f"_ {one['values']}"
    case = {"interval": "1m", "input_series": written, "promql_expr_test": [agreement(minute) for minute in minutes]}
    file = tmp_path / "case.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [case]}))
    tested = subprocess.run(
        [program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
