"""The watts at half load are those of the tables that estimates go by."""

import re
from pathlib import Path
from statistics import mean, median

import pytest

from exporter.core.units import Ratio
from exporter.eco_score import MOST_OF_THE_REFERENCE, WORLD
from exporter.power.hardware import Kind
from exporter.power.lookup import FIRST_YEAR_OF_CURVES
from exporter.power.model import CURVE, share_of_span
from exporter.power.presets import CLOUD_PRESETS
from exporter.power.priors import BOARDS, PRIORS
from exporter.power.tables import read

ROOT = Path(__file__).parents[3]

HALF = Ratio(0.5)

WATTS = {Kind(row["kind"]): float(row["watts"]) for row in read("half_load_watts")}


def test_the_page_on_the_score_has_the_figures_of_the_table() -> None:
    page = (ROOT / "docs/explanation/eco-score.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\w ]+) \|", page, re.MULTILINE)
    told = [(kind, float(watts), per) for kind, watts, per in rows]
    assert told == [(row["kind"], float(row["watts"]), row["per"]) for row in read("half_load_watts")]
    letters = [
        (letter, float(most)) for letter, most in re.findall(r"^\| ([A-F]) \| up to ([\d.]+) \|", page, re.MULTILINE)
    ]
    assert letters == list(MOST_OF_THE_REFERENCE.items())
    assert f"{WORLD.value:g} g/kWh" in page


def test_pcs_and_boards_stand_halfway_between_idle_and_full_power() -> None:
    ends = {kind: (prior.idle, prior.full) for kind, prior in PRIORS.items()} | {Kind.BOARD: BOARDS[""]}
    half = {kind: (idle.value + full.value) / 2 for kind, (idle, full) in ends.items()}
    assert {kind: WATTS[kind] for kind in half} == pytest.approx(half)


def test_a_virtual_cpu_has_the_mean_of_the_clouds() -> None:
    half = mean((one.idle.value + one.full.value) / 2 for one in CLOUD_PRESETS.values())
    assert WATTS[Kind.VM] == pytest.approx(half, abs=0.005)


def test_a_processor_of_a_server_has_the_median_of_the_results() -> None:
    rows = [
        row
        for row in read("server_watts_by_generation")
        if row["class"] == "server" and int(row["year_min"]) >= FIRST_YEAR_OF_CURVES
    ]
    watts = []
    for row in rows:
        idle, full = float(row["idle_w_per_chip"]), float(row["full_w_per_chip"])
        watts += [idle + (full - idle) * share_of_span(HALF, CURVE)] * int(row["results"])
    assert (len(rows), len(watts)) == (19, 424)
    assert WATTS[Kind.SERVER] == pytest.approx(median(watts), abs=0.05)
