"""Embodied carbon: each moment of a machine's life counts once, whatever the clock and the exporter go through."""

import csv
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.build import embodied_carbon
from exporter.config import Config, Embodied, load_config
from exporter.core.config import ConfigError, convert
from exporter.core.units import SECONDS_PER_DAY, Grams, Seconds, UnixSeconds
from exporter.embodied import classes
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.embodied.classes import device_classes
from exporter.state import StateStore
from exporter.totals import Totals, with_embodied
from tests.exporter.fake_site import make_site, series
from tests.exporter.fakes import Machine, rig
from tests.fake_clock import NOON, FakeClock

YEAR = 365.25 * SECONDS_PER_DAY

LAPTOP = EmbodiedCarbon(
    grams=Grams(213_000.0),
    low=Grams(175_000.0),
    high=Grams(285_000.0),
    start=UnixSeconds(NOON - YEAR),
    end=UnixSeconds(NOON + 3 * YEAR),
    source="a table",
)

PER_DAY = 213_000.0 / 4 / 365.25

DEVICES: tuple[str, ...] = get_args(get_args(get_type_hints(Embodied)["device"])[0])

TIMES = st.floats(NOON - 10 * YEAR, NOON + 10 * YEAR)


@given(times=st.lists(TIMES, min_size=1, max_size=20))
def test_the_shares_of_a_life_add_up_to_it_however_it_is_cut(times: Sequence[float]) -> None:
    ends = [UnixSeconds(at) for at in sorted([*times, NOON - 11 * YEAR, NOON + 11 * YEAR])]
    shares = [LAPTOP.between(start, end) for start, end in pairwise(ends)]
    assert sum(shares) == pytest.approx(LAPTOP.grams)
    assert min(shares) >= 0.0


@given(at=TIMES, seconds=st.floats(60.0, 1e6))
def test_the_rate_is_that_of_the_shares(at: float, seconds: float) -> None:
    share = LAPTOP.between(UnixSeconds(at), UnixSeconds(at + seconds))
    first, last = LAPTOP.rate(UnixSeconds(at)), LAPTOP.rate(UnixSeconds(at + seconds))
    if first == last:
        assert share == pytest.approx(first * seconds, rel=1e-6)
    else:
        assert 0.0 <= share <= max(first, last) * seconds * (1 + 1e-6)


@given(clock=st.lists(TIMES, min_size=1, max_size=30))
def test_no_step_of_the_clock_counts_a_moment_twice_or_lets_the_counter_fall(clock: Sequence[float]) -> None:
    totals, before = Totals(since=NOON), 0.0
    for now in clock:
        totals = with_embodied(totals, LAPTOP, UnixSeconds(now))
        assert totals.exported.embodied >= before
        before = totals.exported.embodied
    lived = LAPTOP.between(UnixSeconds(clock[0]), UnixSeconds(max(clock)))
    assert before == pytest.approx(lived, rel=1e-9, abs=1e-6)


def test_the_counter_follows_the_life_and_not_the_load() -> None:
    sampling = rig(Machine(FakeClock()), embodied=LAPTOP)
    for utilization in (0.0, 1.0):
        sampling.sample_after(SECONDS_PER_DAY / 2, utilization=utilization)
    assert sampling.now.totals.exported.embodied == pytest.approx(PER_DAY)
    assert sampling.now.readings.embodied_rate == pytest.approx(PER_DAY / SECONDS_PER_DAY)
    assert sampling.now.readings.emission_rates.total() == pytest.approx((50.0 + 65.0) * 500.0 / 3.6e6)


@pytest.mark.parametrize("boot", ["the same", "another"])
@pytest.mark.parametrize("clean", [True, False])
def test_a_restart_neither_loses_nor_repeats_a_share(tmp_path: Path, boot: str, clean: bool) -> None:
    clock = FakeClock()

    def run(boot_id: str) -> tuple[StateStore, Totals]:
        store = StateStore(tmp_path, boot_id, clock=clock, resume_within=Seconds(15.0))
        totals = store.load(clock.wall())
        sampling = rig(Machine(clock), embodied=LAPTOP, totals=totals, store=store)
        begun = sampling.now.totals
        sampling.sample_after(SECONDS_PER_DAY)
        if clean:
            sampling.sampler.save_clean_stop()
        store.close()
        return store, begun

    _, first = run("the same")
    clock.advance(3 * SECONDS_PER_DAY)
    _, second = run(boot)
    assert first.exported.embodied == 0.0
    # Where counters went on, the day of the first run is in them; where they began again at zero, it was seen before.
    assert second.exported.embodied == pytest.approx((4 if clean else 3) * PER_DAY)


def test_nothing_is_counted_of_the_time_in_which_it_was_not_configured() -> None:
    totals = with_embodied(Totals(since=NOON), LAPTOP, NOON)
    off = with_embodied(totals, None, UnixSeconds(NOON + SECONDS_PER_DAY))
    again = with_embodied(off, LAPTOP, UnixSeconds(NOON + 2 * SECONDS_PER_DAY))
    assert again.exported.embodied == 0.0
    assert with_embodied(again, LAPTOP, UnixSeconds(NOON + 3 * SECONDS_PER_DAY)).exported.embodied == pytest.approx(
        PER_DAY
    )


def test_a_budget_holds_the_share_of_its_period_so_far_and_projects_all_of_it() -> None:
    limits = {Period.DAY: Grams(1000.0)}
    plain, with_share = (rig(Machine(FakeClock()), limits=limits, embodied=one) for one in (None, LAPTOP))
    (less,), (more,) = (one.sample_after(600.0).readings.budgets for one in (plain, with_share))
    assert less.projected is not None
    assert more.projected is not None
    passed = (NOON + 600.0 - more.bounds.start) / SECONDS_PER_DAY
    assert more.used - less.used == pytest.approx(passed * PER_DAY)
    assert more.projected - less.projected == pytest.approx(PER_DAY)
    assert less.embodied is None
    assert more.embodied == pytest.approx(PER_DAY)


@pytest.mark.parametrize("period", [Period.WEEK, Period.MONTH])
def test_the_page_says_what_is_in_a_budget_where_the_day_has_none(period: Period) -> None:
    site = make_site(limits={period: Grams(1e6)}, embodied=LAPTOP)
    site.sample_after(5.0)
    page = site.get("/").body.decode()
    assert re.search(rf"machine and network, and [0-9.]+ g embodied for the whole {period}", page)


def test_a_clock_that_steps_back_takes_its_budget_along() -> None:
    clock = FakeClock()
    sampling = rig(Machine(clock), limits={Period.MONTH: Grams(1e6)}, embodied=LAPTOP)
    before = sampling.sample_after(60.0)
    clock.step(-SECONDS_PER_DAY / 2)
    after = sampling.sample_after(60.0)
    assert after.readings.budgets[0].used < before.readings.budgets[0].used
    assert after.totals.exported.embodied == before.totals.exported.embodied


@pytest.mark.parametrize(
    ("start", "said"), [(NOON + 10.0 * SECONDS_PER_DAY, "has yet to begin"), (NOON - 9 * YEAR, "is over")]
)
def test_outside_the_life_nothing_is_counted_and_the_page_says_so(start: float, said: str) -> None:
    embodied = EmbodiedCarbon(
        grams=Grams(1e6),
        low=Grams(1e6),
        high=Grams(1e6),
        start=UnixSeconds(start),
        end=UnixSeconds(start + 4 * YEAR),
        source="configured",
    )
    site = make_site(embodied=embodied)
    for _ in range(3):
        site.sample_after(3600.0)
    exposed = site.exposition()
    assert exposed[series("ecotrack_embodied_emissions_grams_total")] == 0.0
    assert exposed[series("ecotrack_embodied_emissions_grams_per_second")] == 0.0
    assert f"tells it, {said}" in site.get("/").body.decode()


def test_without_configuration_no_series_tells_of_it() -> None:
    site = make_site()
    site.sample_after(5.0)
    exposed = site.exposition()
    assert [name for name, _ in exposed if "embodied" in name] == []
    assert "embodied" not in site.get("/").body.decode()


@pytest.mark.parametrize("device", DEVICES)
def test_each_class_has_its_figure_within_its_range_and_a_source(device: str) -> None:
    known = device_classes()[device]
    assert 0.0 < known.low < known.grams < known.high < 10 * known.low
    assert "Boavizta" in known.source


def test_the_page_on_embodied_carbon_has_the_figures_of_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/explanation/embodied-carbon.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) to (\d+) \| (\d+) products", page, re.MULTILINE)
    with (Path(classes.__file__).parent / "figures/classes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = ("device", "kilograms", "low_kilograms", "high_kilograms", "products")
    assert told == [tuple(row[name] for name in columns) for row in rows]
    assert [row["device"] for row in rows] == list(DEVICES)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "America/St_Johns"])
def test_a_life_begins_with_the_local_day_of_purchase(zone: str) -> None:
    settings = Embodied(kilograms=250.0, purchased=date(2024, 3, 1), lifetime_years=5.0)
    found = embodied_carbon(settings, ZoneInfo(zone))
    assert found is not None
    assert datetime.fromtimestamp(found.start, ZoneInfo(zone)) == datetime(2024, 3, 1, tzinfo=ZoneInfo(zone))
    assert found.end - found.start == 5.0 * YEAR
    assert (found.grams, found.low, found.high) == (250_000.0,) * 3


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"kilograms": -1}, ".kilograms: expected a number > 0"),
        ({"kilograms": 0}, ".kilograms: expected a number > 0"),
        ({"kilograms": 1e12}, ".kilograms: expected a number"),
        ({"kilograms": 200, "lifetime_years": 0}, ".lifetime_years: expected a number"),
        ({"kilograms": 200, "lifetime_years": -4}, ".lifetime_years: expected a number"),
        ({"kilograms": 200}, "expected purchased with kilograms, such as purchased: 2024-03-01"),
        ({"device": "laptop"}, "expected purchased with device"),
        ({"device": "toaster", "purchased": "2024-03-01"}, ".device: expected"),
        ({"device": "laptop", "kilograms": 200, "purchased": "2024-03-01"}, "expected either a device or kilograms"),
        ({"purchased": "2024-03-01"}, "expected a device or kilograms with purchased"),
        ({"lifetime_years": 5}, "expected a device or kilograms with lifetime_years"),
        ({"device": "laptop", "purchased": "1904-03-01"}, ".purchased: expected a day since 1990-01-01"),
        ({"device": "laptop", "purchased": "March"}, ".purchased: expected a date such as"),
        ({"device": "laptop", "purchased": "2024-02-30"}, ".purchased: expected a date such as"),
        ({"device": "laptop", "purchased": 2024}, ".purchased: expected a date such as"),
        ({"device": "laptop", "purchased": datetime(2024, 3, 1, tzinfo=UTC)}, ".purchased: expected a date such as"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(section: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert({"embodied": section}, Config, origin="x.yml")
    (mistake,) = caught.value.mistakes
    assert said in mistake


def test_a_budget_of_what_is_not_known_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text("budget: {day_grams: 500, include_embodied: true}\n")
    with pytest.raises(ConfigError, match=r"budget\.include_embodied: expected a section embodied"):
        load_config(file)
    file.write_text(
        "budget: {day_grams: 500, include_embodied: true}\nembodied: {device: laptop, purchased: 2024-03-01}\n"
    )
    assert load_config(file).embodied.purchased == date(2024, 3, 1)
