"""The page: small, safe, without script, true to `/metrics`, and shown by a real browser as it is meant."""

import base64
import hashlib
import re
import subprocess
import zlib
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.core.html import MARK, grams, style_sheet
from exporter.core.units import Grams, GramsPerKwh
from exporter.core.web.server import Request
from exporter.intensity.reading import IntensityUnavailableError
from exporter.intensity.static import configured_intensity
from exporter.totals import Totals
from exporter.views.summary import ESTIMATED, Summary
from exporter.views.table import render_table
from exporter.week import HOURS, WeekProfile
from tests.exporter.exporter_process import running_exporter, until_ready
from tests.exporter.fake_site import Series, Site, make_site, series
from tests.exporter.fakes import FakeProvider
from tests.fake_clock import NOON
from tests.processes import program

HOSTILE = '"><script>alert(1)</script><b onclick="x">&amp;\'\\'

SAME_AS = {
    "power-baseline": (series("ecotrack_power_watts", component="baseline", scope="host"), 1.0),
    "power-cpu": (series("ecotrack_power_watts", component="cpu", scope="host"), 1.0),
    "power-network": (series("ecotrack_power_watts", component="network", scope="network"), 1.0),
    "emissions": (series("ecotrack_emissions_grams_per_second"), 3600.0),
    "intensity": (series("ecotrack_grid_carbon_intensity_grams_per_kwh", grid_zone="world"), 1.0),
    "cpu": (series("ecotrack_cpu_utilization_ratio"), 1.0),
    "received": (series("ecotrack_network_throughput_bytes_per_second", direction="receive"), 1.0),
    "sent": (series("ecotrack_network_throughput_bytes_per_second", direction="transmit"), 1.0),
    "used": (series("ecotrack_budget_used_grams", period="day"), 1.0),
    "limit": (series("ecotrack_budget_limit_grams", period="day"), 1.0),
    "projected": (series("ecotrack_budget_projected_grams", period="day"), 1.0),
    "used-week": (series("ecotrack_budget_used_grams", period="week"), 1.0),
    "used-month": (series("ecotrack_budget_used_grams", period="month"), 1.0),
    "score": (series("ecotrack_eco_score_ratio"), 1.0),
    "factor-grid": (series("ecotrack_eco_score_factor_ratio", factor="grid"), 1.0),
    "factor-power": (series("ecotrack_eco_score_factor_ratio", factor="power"), 1.0),
    "factor-network": (series("ecotrack_eco_score_factor_ratio", factor="network"), 1.0),
    "factor-idle": (series("ecotrack_eco_score_factor_ratio", factor="idle"), 1.0),
    "counted": (series("ecotrack_eco_score_counted_seconds"), 1.0),
    "lifetime-energy": (series("ecotrack_lifetime_energy_joules"), 1 / 3.6e6),
    "lifetime-emissions": (series("ecotrack_lifetime_emissions_grams"), 1.0),
}
"""Figure on the page, the series that it shows, and units of the figure per unit of the series."""

UNITS = {"Wh": 1e-3, "%": 0.01, "Mbit/s": 125_000.0, "kg": 1000.0, "min": 60.0}
"""Value of a written unit in the figure's own unit, where the two differ."""


HARMLESS = re.compile(
    "html|head|meta|title|link|style|body|header|main|footer|section|div|h1|h2|p|b|br|small|span|a|ul|li|data|time|"
    "table|thead|tr|th|td|svg|path|rect|text|desc"
)
"""Elements that run nothing and fetch nothing."""

POWER = "ecotrack_power_watts"
INTENSITY = "ecotrack_grid_carbon_intensity_grams_per_kwh"

REFERENCE = "ecotrack_eco_score_reference_grams_per_second"

SUMMED = {"power", "emissions-host", "emissions-network", "reference"}
"""Figures that are more than one series, or one whose label depends on the machine."""


@dataclass
class Figure:
    """A `<data>` element."""

    value: float
    text: str = ""


class Document(HTMLParser):
    """Parts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.figures: dict[str, Figure] = {}
        self.text = ""
        self._open: Figure | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "data":
            name = attributes["id"] or ""
            assert name not in self.figures
            self._open = self.figures[name] = Figure(value=float(attributes["value"] or "nan"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._open = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open is not None:
            self._open.text += data


def page(site: Site) -> str:
    return site.get("/").body.decode()


def disagreements(figures: dict[str, Figure], exposed: dict[Series, float]) -> list[str]:
    """Return the figures that differ from `/metrics`."""
    said = {name: exposed[key] * factor for name, (key, factor) in SAME_AS.items() if key in exposed}
    intensity = next((value for (name, _), value in exposed.items() if name.startswith(INTENSITY)), 0.0)
    for scope in ("host", "network"):
        said[f"emissions-{scope}"] = power_of(scope, exposed) * intensity / 1000.0
    said["power"] = power_of("host", exposed)
    said["reference"] = sum(3600.0 * value for (name, _), value in exposed.items() if name == REFERENCE)
    return [
        f"{name}: {figure.value} on the page, {said.get(name)} in /metrics"
        for name, figure in figures.items()
        if figure.value != pytest.approx(said.get(name), rel=1e-12)
    ]


def power_of(scope: str, exposed: dict[Series, float]) -> float:
    """Return the watts of a scope in `/metrics`."""
    parts = (value for (name, labels), value in exposed.items() if name == POWER and ("scope", scope) in labels)
    return sum(parts)


def test_every_figure_equals_metrics_and_is_shown_rounded() -> None:
    site = make_site()
    site.work_for_an_hour()
    figures = Document(page(site)).figures
    assert figures.keys() == SAME_AS.keys() | SUMMED
    assert disagreements(figures, site.exposition()) == []
    for name, figure in figures.items():
        number, _, unit = figure.text.replace("%", " %").partition(" ")
        worth = UNITS.get(unit, 1.0)
        last_digit = worth * 10.0 ** -len(number.partition(".")[2])
        # A part may be shown rounded the other way, so that the parts shown add up.
        error = 1.0 if name.startswith("emissions-") else 0.51
        assert float(number) * worth == pytest.approx(figure.value, abs=error * last_digit), name


def test_a_full_hour_with_every_warning_stays_below_40_kb() -> None:
    site = make_site()
    site.work_for_an_hour()
    site.machine.broken = {"cpu", "disk", "network"}
    site.sample_after(5.0)
    html = page(site)
    assert html.count('<li class="warning">') == 3
    assert 10_000 < len(html.encode()) < 40_000


def test_it_needs_no_script_and_nothing_from_elsewhere() -> None:
    site = make_site()
    site.work_for_an_hour()
    document = Document(page(site))
    assert [tag for tag, _ in document.tags if not HARMLESS.fullmatch(tag)] == []
    attributes = {(name, value or "") for _, given in document.tags for name, value in given.items()}
    assert not {name for name, _ in attributes if name.startswith("on") or name in ("src", "style", "srcset")}
    links = {value for name, value in attributes if name == "href"}
    assert links == {"/metrics", "/api/v1/summary", "/api/v1/history", "/?still", MARK}
    assert ("rel", "icon") in attributes and "stylesheet" not in {value for name, value in attributes if name == "rel"}
    assert ("refresh", "30") in {(given.get("http-equiv"), given.get("content")) for _, given in document.tags}


def test_the_policy_admits_exactly_the_style_sheet_of_the_page() -> None:
    answer = make_site().get("/")
    style = re.search(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = dict(answer.headers)["Content-Security-Policy"]
    assert policy.split("; ") == [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
    ]


def test_hostile_names_are_text_and_nothing_more() -> None:
    site = make_site(nics={HOSTILE: 10**6})
    site.sample_after(5.0, bytes_per_second=1e5)
    plain = Document(page(site))
    now, _, _ = site.publication.latest()
    own = configured_intensity(GramsPerKwh(300.0), HOSTILE, site.clock.wall()).at(site.clock.wall())
    hostile = [replace(one, model=HOSTILE, description=HOSTILE) for one in now.provenance]
    site.publication.publish(
        replace(now, provenance=tuple(hostile), version=HOSTILE, readings=replace(now.readings, intensity=own))
    )
    document = Document(page(site))
    assert [tag for tag, _ in document.tags] == [tag for tag, _ in plain.tags]
    assert document.text.count(HOSTILE) >= 2 * len(hostile) + 1


def test_a_command_in_a_note_is_shown_as_code() -> None:
    site = make_site()
    site.sample_after(5.0)
    now, _, _ = site.publication.latest()
    estimated = tuple(replace(one, source=next(iter(ESTIMATED))) for one in now.provenance)
    site.publication.publish(replace(now, provenance=estimated))
    told = page(site)
    assert "<code>ecotrack calibrate</code> narrows that." in told
    assert "`" not in told.partition("<h2>Data quality</h2>")[2]


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    site = make_site()
    first = Document(page(site))
    assert "waiting for the first sample" in first.text
    assert "No sample has been taken yet." in first.text
    assert first.figures.keys() == {"lifetime-energy", "lifetime-emissions", "reference"}
    assert "sets a limit" not in first.text
    site.sample_after(5.0)
    site.clock.advance(60.0)
    stale = Document(page(site))
    assert "The last sample is 60 s old" in stale.text
    assert stale.figures.keys() == first.figures.keys()
    assert "sets a limit" not in stale.text


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, ["machine and network; budget.day_grams sets a limit"]),
        ({Period.MONTH: Grams(4000.0)}, ["budget.day_grams sets a limit", "this month", "of 4 kg"]),
        ({Period.DAY: Grams(1000.0)}, ["of 1 kg", "within budget"]),
        ({Period.DAY: Grams(20.0)}, ["of 20 g", "over budget"]),
        ({Period.DAY: Grams(1.0)}, ["of 1 g", "the budget is used up"]),
    ],
)
def test_a_budget_is_judged_in_words(limits: dict[Period, Grams], said: list[str]) -> None:
    week = WeekProfile(rates=(10.0,) * HOURS, weights=(4.0,) * HOURS)
    site = make_site(limits=limits, totals=Totals(since=NOON, week=week))
    site.work_for_an_hour()
    text = Document(page(site)).text
    assert [words for words in said if words not in text] == []


def test_without_a_budget_of_the_day_its_grams_are_those_that_one_would_have_used() -> None:
    budgeted, plain = make_site(), make_site(limits={Period.WEEK: Grams(1000.0)})
    for site in (budgeted, plain):
        site.work_for_an_hour()
    used = Document(page(budgeted)).figures["used"]
    assert used.value > 1.0
    assert Document(page(plain)).figures["today"] == used
    summary = msgspec.json.decode(plain.get("/api/v1/summary").body, type=Summary)
    assert summary.today_grams == used.value
    rows = render_table(summary, "here", no_today="none").splitlines()
    (line,) = (row for row in rows if row.startswith("today"))
    assert re.fullmatch(rf"today +{used.text} +machine and network; budget.day_grams sets a limit", line)


def test_grams_of_today_are_unknown_while_none_were_counted() -> None:
    """With no carbon intensity nothing is: a zero would say that nothing was emitted."""
    site = make_site(limits={}, intensity=FakeProvider(trouble=IntensityUnavailableError("late")))
    site.sample_after(5.0)
    document = Document(page(site))
    assert "today" not in document.figures
    assert "budget.day_grams sets a limit" in document.text


def test_page_and_table_say_of_a_tiny_budget_too_how_much_is_used() -> None:
    """Ten seconds of a laptop are less than a tenth of a gram, and more than a budget of ten milligrams."""
    site = make_site(limits={Period.DAY: Grams(0.01)})
    for _ in range(3):
        site.sample_after(5.0)
    shown = Document(page(site))
    summary = msgspec.json.decode(site.get("/api/v1/summary").body, type=Summary)
    (line,) = (row for row in render_table(summary, "here", no_today="none").splitlines() if row.startswith("today"))
    (used,) = re.findall(r"today +(\S+) of 0\.01 g +used up; ", line)
    assert float(used) == pytest.approx(summary.budgets[0].used_grams, rel=0.05)
    assert f"{used} g" in shown.text
    assert 0.01 < float(used) < 0.1


@given(st.floats(1e-4, 1e6))
def test_grams_are_written_to_two_digits_at_least(amount: float) -> None:
    number, unit = grams(amount).split()
    assert float(number) * {"g": 1.0, "kg": 1000.0}[unit] == pytest.approx(amount, rel=0.0501)


def test_no_grams_are_written_without_a_power_of_ten() -> None:
    assert [grams(amount) for amount in (0.0, 1e-9, -0.3)] == ["0.0 g", "0.0 g", "-0.3 g"]


def test_the_first_minutes_are_not_judged() -> None:
    """Half a minute of load says nothing about a day, whatever it would come to."""
    site = make_site(limits={Period.DAY: Grams(20.0)})
    for _ in range(6):
        site.sample_after(5.0, utilization=1.0)
    text = Document(page(site)).text
    assert "by midnight at the mean so far (early: 0% of this device's week is known)" in text
    assert "over budget" not in text


@pytest.mark.parametrize(("samples", "said"), [(20, "5 min"), (260, "1 h")])
def test_scores_say_of_which_time_they_are_and_a_week_how_much_of_it_was_counted(samples: int, said: str) -> None:
    site = make_site()
    for _ in range(samples):
        site.sample_after(15.0)
    text = Document(page(site)).text
    assert re.search(rf"[A-F] \d\.\d\d of 1, over the last hour.*By week.*\d\.\d\d [A-F], {said}$", text, re.M | re.S)


@pytest.mark.parametrize(("known", "said"), [(167, "(early: 99% of this device's week is known)"), (168, "usual week")])
def test_page_table_and_json_say_alike_whether_the_week_is_known(known: int, said: str) -> None:
    week = WeekProfile(rates=(10.0,) * HOURS, weights=(4.0,) * known + (0.0,) * (HOURS - known))
    site = make_site(totals=Totals(since=NOON, week=week))
    site.work_for_an_hour()
    assert said in Document(page(site)).text
    summary = msgspec.json.decode(site.get("/api/v1/summary").body, type=Summary)
    lines = [line for line in render_table(summary, "here", no_today="none").splitlines() if "projected" in line]
    assert [said in line for line in lines] == [True] * len(Period)
    learned = {one.period: one.projection_learned_ratio for one in summary.budgets}
    assert learned == dict.fromkeys(Period, known / HOURS)
    exposed = site.exposition()
    assert [exposed[series("ecotrack_budget_projection_learned_ratio", period=one)] for one in learned] == [
        known / HOURS
    ] * len(Period)


@pytest.mark.servers
def test_a_browser_shows_the_figures_of_metrics(tmp_path: Path) -> None:
    config = "sampling: {interval_seconds: 3600}\nbudget: {day_grams: 150}\n"
    with running_exporter(tmp_path, config=config) as exporter:
        until_ready(exporter)
        shown = Document(browse(tmp_path, exporter.url, "--dump-dom").stdout).figures
        exposed = {keyed(name): value for name, value in exporter.samples().items()}
    assert shown.keys() >= {"power", "power-cpu", "used", "limit", "lifetime-energy"}
    assert disagreements(shown, exposed) == []


@pytest.mark.servers
def test_a_browser_accepts_the_style_in_light_and_dark(tmp_path: Path) -> None:
    colours = {}
    with running_exporter(tmp_path) as exporter:
        until_ready(exporter)
        for scheme, flags in {"light": [], "dark": ["--force-dark-mode"]}.items():
            picture = tmp_path / f"{scheme}.png"
            ended = browse(tmp_path, exporter.url, "--window-size=1100,1000", f"--screenshot={picture}", *flags)
            assert "Content Security Policy" not in ended.stderr
            colours[scheme] = corner(picture)
    backgrounds = dict(zip(("light", "dark"), re.findall(r"--bg:#(\w{6})", style_sheet()), strict=True))
    assert colours == {scheme: bytes.fromhex(colour) for scheme, colour in backgrounds.items()}


def browse(folder: Path, url: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Let headless Chromium load a page, with a profile of its own and no requests of its own."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    argv = [program("chromium"), "--headless", "--no-sandbox", "--disable-gpu", *quiet, "--enable-logging=stderr"]
    argv += [f"--user-data-dir={folder / 'profile'}", *flags, f"{url}/"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=240, check=True)


def keyed(written: str) -> Series:
    """Return the key of a series as it is written in the exposition."""
    return series(written.partition("{")[0], **dict(re.findall(r'(\w+)="([^"]*)"', written)))


def corner(picture: Path) -> bytes:
    """Return red, green and blue of the first pixel of a PNG, which no filter changes (PNG, section 9)."""
    data, at, packed = picture.read_bytes(), 8, b""
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        packed += data[at + 8 : at + 8 + length] if data[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    return zlib.decompress(packed)[1:4]


def test_a_page_that_is_kept_as_it_is_differs_in_nothing_else() -> None:
    site = make_site()
    site.work_for_an_hour()
    again = site.get("/").body.decode()
    kept = site.handlers["/"](Request(method="GET", path="/", query="still", headers={})).body.decode()
    assert ('<a href="/?still">' in again, '<a href="/">' in kept) == (True, True)
    assert ('http-equiv="refresh"' in again, 'http-equiv="refresh"' in kept) == (True, False)
    assert set(Document(kept).figures) == set(Document(again).figures)
