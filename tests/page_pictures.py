"""`python -m tests.page_pictures` makes the pictures of both pages in docs/images.

One shows a fake laptop's hour, the other a day and a half of the scenario `edge`.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import exporter
from exporter.budget import Period, book, bounds_at
from exporter.core.carbon import emissions
from exporter.core.units import SECONDS_PER_HOUR, Grams, GramsPerKwh, Joules, Seconds, UnixSeconds
from exporter.last_hour import Counted, Emissions
from exporter.past_weeks import PastWeeks, book_week
from exporter.totals import Totals
from simulator.app import Plan, build_run
from simulator.live.page import render_page
from simulator.live.summary import history, summarize
from tests.browser.chromium import Browser, Look, browsing, tab
from tests.exporter.fake_site import make_site
from tests.exporter.fakes import BERLIN
from tests.exporter.test_page import page
from tests.fake_clock import NOON, FakeClock
from tests.simulator.scenario.scenarios import edge

IMAGES = Path(__file__).parent.parent / "docs/images"

WEEK = 7 * 86_400.0
WEEKS = 6 * WEEK
TODAY, THIS_MONTH = Grams(65.0), Grams(1900.0)


WIDTH = 1100
"""Width of the pictures in CSS pixels: a window beside another one."""

SIMULATED_STEPS = 288 + 200
"""Steps of five minutes: a day, and the next until twenty to five in the afternoon."""


def main() -> None:
    """Write the pictures, light and dark."""
    with TemporaryDirectory() as name, browsing(Path(name)) as browser:
        take(browser, Path(name), "page", exporter_page())
        take(browser, Path(name), "simulator-page", simulator_page())


def exporter_page() -> str:
    """Return the page of a laptop with budgets that has been watched for six weeks."""
    booked = {
        Period.DAY: {bounds_at(Period.DAY, NOON, BERLIN).start: TODAY},
        Period.MONTH: {bounds_at(Period.MONTH, NOON, BERLIN).start: THIS_MONTH},
    }
    weeks: PastWeeks = {}
    for number, watts in ((3, 11.5), (2, 10.5), (1, 11.0)):
        past = book({}, Grams(0.0), UnixSeconds(NOON - number * WEEK), BERLIN)
        weeks = book_week(weeks, _of_a_week(watts), past)
    totals = Totals(
        since=UnixSeconds(NOON - WEEKS),
        weeks=weeks,
        lifetime_energy=Joules(112e6),
        lifetime_emissions=Grams(15_100.0),
        booked=booked,
    )
    limits = {Period.DAY: Grams(250.0), Period.MONTH: Grams(6000.0)}
    site = make_site(limits=limits, totals=totals)
    site.work_for_an_hour()
    return page(site).replace("1.2.3", exporter.__version__)


def _of_a_week(watts: float) -> Emissions:
    """Return forty hours at a power, with little traffic, at the site's 500 g/kWh."""
    seconds = Seconds(40 * SECONDS_PER_HOUR)

    def of(power: float) -> Counted:
        spent = Joules(power * seconds)
        return Counted(seconds=seconds, energy=spent, grams=emissions(spent, GramsPerKwh(500.0)))

    return Emissions(host=of(watts), network=of(0.1 * watts))


def simulator_page() -> str:
    """Return the page of the scenario `edge` at a simulated minute a second."""
    clock = FakeClock()
    live = build_run(Plan(scenario=edge(), seed=1, speed=300.0))
    live.facts = replace(live.facts, speed=60.0)
    for _ in range(SIMULATED_STEPS):
        live.step()
    snapshot = live.snapshot(clock, 60.0)
    return render_page(summarize(snapshot, fresh=True), history(snapshot), metrics_path="/metrics")


def take(browser: Browser, folder: Path, name: str, html: str) -> None:
    """Take two pictures of a page, as long as it is."""
    file = folder / f"{name}.html"
    file.write_text(html, encoding="utf-8")
    for scheme in ("light", "dark"):
        with tab(browser) as shown:
            shown.look(Look(width=WIDTH, dark=scheme == "dark"))
            shown.open(file.as_uri())
            shown.picture(IMAGES / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()
