"""Everyday equivalents: one table for page, report, JSON and metrics, and none of it where it is switched off."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.core.units import Grams
from exporter.equivalents import EQUIVALENTS, equivalents_of, equivalents_text
from exporter.views.page import render_page
from exporter.views.processes import processes
from exporter.views.summary import summarize
from tests.exporter.fake_site import make_site
from tests.exporter.fakes import series
from tests.exporter.journal.logs import months, write_journal
from tests.fake_clock import NOON


@given(amount=st.floats(0.0, 1e12))
def test_an_amount_comes_to_the_same_by_every_equivalent(amount: float) -> None:
    for name, number in equivalents_of(Grams(amount)).items():
        assert number * EQUIVALENTS[name].factor.value == pytest.approx(amount)


def test_each_equivalent_has_a_source_and_a_year() -> None:
    for one in EQUIVALENTS.values():
        assert len(one.factor.source) > 20
        assert 2015 <= one.factor.year <= 2026


def test_numbers_have_two_digits() -> None:
    text = equivalents_text(equivalents_of(Grams(15_110.0)))
    assert text == (
        "61 km in a car, 4.7 l of cow's milk, 2.5 years of a young tree's growth, or 2.9 $ of harm to society"
    )
    assert equivalents_text({"car_kilometers": 1_234_567.0}) == "1,200,000 km in a car"
    assert equivalents_text({}) == ""


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (0.0, ""),
        (
            32.0,
            "130 m in a car, 10 ml of cow's milk, 1.9 days of a young tree's growth, or 0.61 cents of harm to society",
        ),
        (0.6845, "2.7 m in a car, 0.21 ml of cow's milk, or 1 hour of a young tree's growth"),
        (0.16, "0.64 m in a car, or 14 minutes of a young tree's growth"),
    ],
)
def test_small_amounts_are_told_in_small_units(grams: float, text: str) -> None:
    assert equivalents_text(equivalents_of(Grams(grams))) == text


@given(number=st.floats(1e-9, 1e9), name=st.sampled_from(sorted(EQUIVALENTS)))
def test_a_number_has_neither_leading_zeros_nor_a_needless_unit(number: float, name: str) -> None:
    text = equivalents_text({name: number})
    if not text:
        return
    amount = float(text.partition(" ")[0].replace(",", ""))
    units = [(1.0, EQUIVALENTS[name].words), *EQUIVALENTS[name].smaller]
    told = re.sub(r"^1 (year|day|hour|minute|cent) ", r"1 \1s ", text).partition(" ")[2]
    (count,) = [count for count, words in units if words == told]
    assert amount / count == pytest.approx(number, rel=0.06)
    assert amount >= 1.0 or count == units[-1][0]
    assert amount >= 0.1


def test_switched_off_no_view_has_them() -> None:
    site = make_site()
    site.sample_after(3600.0)
    now, _, _ = site.publication.latest()
    for shown in (True, False):
        snapshot = replace(now, equivalents=shown)
        summary = summarize(snapshot, site.clock.wall(), fresh=True)
        assert set(summary.equivalents) == (set(EQUIVALENTS) if shown else set())
        page = render_page(summary, [], processes(snapshot), metrics_path="/metrics")
        assert (" in a car" in page) is shown
        assert any(name == "ecotrack_equivalent_grams" for name, *_ in series(snapshot, "gauge")) is shown


@pytest.mark.parametrize("shown", [True, False])
def test_the_report_has_them_unless_they_are_switched_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shown: bool
) -> None:
    journal = write_journal(tmp_path / "journal.csv", months(NOON, 3 * 1440))
    (tmp_path / "ecotrack.yml").write_text(f"equivalents: {str(shown).lower()}\n")
    html = tmp_path / "report.html"
    options = [f"--config.file={tmp_path / 'ecotrack.yml'}", f"--html={html}", str(journal)]
    assert main(["report", *options]) == 0
    assert ("km in a car" in capsys.readouterr().out) is shown
    assert ("km in a car" in html.read_text(encoding="utf-8")) is shown
    assert main(["report", "--json", *options]) == 0
    assert set(json.loads(capsys.readouterr().out)["equivalents"]) == (set(EQUIVALENTS) if shown else set())
