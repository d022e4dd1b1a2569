"""Cleanest window as JSON, on the page and by command: grams, costs, and what is asked wrongly."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.core.units import SECONDS_PER_HOUR, GramsPerKwh, UnixSeconds
from exporter.core.web.server import Request
from exporter.intensity.reading import IntensityProvider, IntensityReading, Method, Outlook, Point
from exporter.intensity.static import preset_intensity
from exporter.intensity.verification import Verification
from exporter.intensity.window import Tariff
from exporter.views.clean_window import CleanWindowView, answer_lines, job_of
from tests.exporter.fake_site import Site, make_site, series
from tests.exporter.test_page import Document, page
from tests.fake_clock import NOON
from tests.prometheus.stack import Quiet, serving

VALUES = [300.0, 280.0, 120.0, 100.0, 200.0, 400.0]
TARIFF = Tariff(prices=tuple(0.10 if hour == 16 else 0.30 for hour in range(24)), zone=UTC, currency="EUR")


@dataclass(slots=True)
class Forecasting:
    """A provider with a forecast from noon on."""

    values: tuple[float, ...] = tuple(VALUES)
    name: str = "fake"

    def at(self, now: UnixSeconds) -> IntensityReading:
        points = tuple(
            Point(NOON + at * SECONDS_PER_HOUR, NOON + (at + 1) * SECONDS_PER_HOUR, value, Method.FORECAST)
            for at, value in enumerate(self.values)
        )
        return IntensityReading(
            value=GramsPerKwh(300.0),
            zone="XX",
            provider=self.name,
            described_at=now,
            description="made up",
            method=Method.FORECAST,
            outlook=Outlook(provider=self.name, points=points, judged=Verification().judged()),
        )


def site_with(provider: IntensityProvider, tariff: Tariff | None = None) -> Site:
    site = make_site(intensity=provider, tariff=tariff)
    site.sample_after(1.0)
    site.clock.step(NOON - site.clock.wall())
    return site


def asked(site: Site, query: str) -> tuple[int, bytes]:
    request = Request(method="GET", path="/api/v1/clean-window", query=query, headers={})
    response = site.handlers["/api/v1/clean-window"](request)
    return response.status, response.body


def answer(site: Site, query: str) -> Mapping[str, object]:
    status, body = asked(site, query)
    assert status == 200
    found: Mapping[str, object] = json.loads(body)
    return found


def test_the_cleanest_and_the_cheapest_window_have_their_grams_and_costs() -> None:
    found = answer(site_with(Forecasting(), TARIFF), "hours=2&watts=500")
    assert found["known_hours"] == 6.0
    assert found["mean_grams"] == pytest.approx(sum(VALUES) / 6)
    assert found["now"] == pytest.approx(
        {"start": NOON, "end": NOON + 7200, "grams_per_kwh": 290.0, "grams": 290.0, "cost": 0.30}
    )
    assert found["cleanest"] == pytest.approx(
        {"start": NOON + 7200, "end": NOON + 14400, "grams_per_kwh": 110.0, "grams": 110.0, "cost": 0.30}
    )
    assert found["cheapest"] == pytest.approx(
        {"start": NOON + 10800, "end": NOON + 18000, "grams_per_kwh": 150.0, "grams": 150.0, "cost": 0.20}
    )


def test_a_job_that_outlasts_the_forecast_has_no_window() -> None:
    found = answer(site_with(Forecasting()), "hours=7")
    assert (found["cleanest"], found["cheapest"], found["now"]) == (None, None, None)
    told = answer_lines(msgspec.convert(found, CleanWindowView), UTC)
    assert told == ["7 h at 100 W: no forecast reaches so far (6.0 h are known)"]


def test_lines_for_people() -> None:
    found = msgspec.convert(answer(site_with(Forecasting(), TARIFF), "hours=2&watts=500"), CleanWindowView)
    assert answer_lines(found, UTC) == [
        "2 h at 500 W in XX, 6.0 h are forecast",
        "now       Mon 12:00  290.0 g, costs 0.30 EUR",
        "cleanest  Mon 14:00  110.0 g, costs 0.30 EUR",
        "cheapest  Mon 15:00  150.0 g, costs 0.20 EUR",
        "the cleanest window saves 123.3 g against the mean of the hours ahead",
    ]


def test_page_and_metrics_name_the_cleanest_hour() -> None:
    site = site_with(Forecasting())
    assert "cleanest hour from 2026-03-02 15:00:00 UTC, 67% less than now" in Document(page(site)).text
    exposed = site.exposition()
    assert exposed[series("ecotrack_clean_window_start_timestamp_seconds", hours="1")] == NOON + 3 * 3600
    assert exposed[series("ecotrack_clean_window_savings_ratio", hours="1")] == pytest.approx(2 / 3, rel=1e-3)
    assert series("ecotrack_clean_window_savings_ratio", hours="8") not in exposed


def test_a_tariff_alone_names_the_cheapest_window_but_no_grams() -> None:
    found = msgspec.convert(answer(site_with(preset_intensity("cep"), TARIFF), "hours=1&watts=500"), CleanWindowView)
    assert answer_lines(found, UTC) == [
        "1 h at 500 W in world, 0.0 h are forecast",
        "now       Mon 12:00  grams unknown, costs 0.15 EUR",
        "cheapest  Mon 16:00  grams unknown, costs 0.05 EUR",
    ]


@pytest.mark.parametrize(("currency", "label", "said"), [("EUR", "EUR", " EUR"), ("", "unnamed", "")])
def test_page_json_and_metric_tell_the_price_and_what_an_hour_costs(currency: str, label: str, said: str) -> None:
    site = site_with(preset_intensity("cep"), replace(TARIFF, currency=currency))
    told = json.loads(site.get("/api/v1/summary").body)
    assert told["cost"]["price_per_kwh"] == 0.30
    assert told["cost"]["currency"] == (currency or None)
    assert told["cost"]["per_hour"] == pytest.approx(0.30 * told["host_power_watts"] / 1000)
    assert f"costs {told['cost']['per_hour']:.3g}{said} an hour, at 0.30{said} a kWh" in Document(page(site)).text
    assert site.exposition()[series("ecotrack_electricity_price_per_kwh", currency=label)] == 0.30


def test_a_provider_that_only_forecasts_is_told_from_one_that_is_verified() -> None:
    site = site_with(Forecasting())
    exposed = site.exposition()
    for method in ("measured", "estimated"):
        assert exposed[series("ecotrack_grid_carbon_forecast_verified_seconds", horizon="1h", method=method)] == 0.0
    assert not any(name == "ecotrack_grid_carbon_forecast_error_grams_per_kwh" for name, _ in exposed)
    assert "All that fake tells of the grid is forecast, and nothing verifies it." in Document(page(site)).text


def test_without_a_price_there_is_no_cost_anywhere() -> None:
    site = site_with(Forecasting())
    assert json.loads(site.get("/api/v1/summary").body)["cost"] is None
    assert "cost" not in Document(page(site)).text
    assert not any(name.startswith("ecotrack_electricity") for name, _ in site.exposition())


@given(query=st.text(max_size=30) | st.sampled_from(["hours=nan", "hours=25", "watts=-1", "hours=1&more=2", "hours="]))
def test_whatever_is_asked_ends_in_a_job_or_in_words(query: str) -> None:
    try:
        job = job_of(query)
    except ValueError as error:
        assert str(error)
        return
    assert 0.0 < job.hours <= 24.0
    assert 0.0 < job.watts <= 1e6


def test_the_command_asks_the_running_exporter_whatever_this_machines_zone_is_called(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, body = asked(site_with(Forecasting()), "hours=2&watts=500")

    class Answers(Quiet):
        def do_GET(self) -> None:
            good = self.path == "/api/v1/clean-window?hours=2&watts=500"
            self.answer(200 if good else 404, body)

    monkeypatch.setenv("TZ", "XYZ-3")  # a zone without a name, three hours ahead
    time.tzset()
    try:
        with serving(Answers) as address:
            command = ["clean-window", "--watts=500", f"--web.listen-address={address}"]
            assert main([*command, "--hours=2"]) == 0
            assert "cleanest  Mon 17:00  110.0 g" in capsys.readouterr().out
            assert main([*command, "--hours=2", "--json"]) == 0
            assert json.loads(capsys.readouterr().out) == json.loads(body)
            assert main([*command, "--hours=3"]) == 2
            assert capsys.readouterr().err == f"ecotrack: no exporter answered at {address}\n"
    finally:
        monkeypatch.undo()
        time.tzset()


@given(hours=st.floats(0.01, 24.0), watts=st.floats(0.001, 1e6), step=st.floats(0.0, 30.0 * 3600.0))
def test_whatever_job_is_asked_for_has_its_windows_within_what_is_known(
    hours: float, watts: float, step: float
) -> None:
    site = site_with(Forecasting(values=tuple(VALUES * 5)), tariff=TARIFF)
    site.clock.step(step)
    found = msgspec.convert(answer(site, f"hours={hours!r}&watts={watts!r}"), CleanWindowView)
    now = site.clock.wall()
    assert found.cheapest is not None
    assert (found.cleanest is None) == (found.known_hours < hours)
    for window in (found.now, found.cleanest, found.cheapest):
        if window is not None:
            assert now <= window.start < window.end <= now + 24 * 3600.0 + 1e-3
            kwh = watts * hours / 1000
            assert window.cost is not None
            assert 0.10 * kwh * (1.0 - 1e-9) <= window.cost <= 0.30 * kwh * (1.0 + 1e-9)
    if found.cleanest is not None and found.now is not None:
        assert found.cleanest.grams is not None
        assert found.now.grams is not None
        assert found.cleanest.grams <= found.now.grams * (1.0 + 1e-9)


def test_a_wrong_job_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for hours in ("0", "1e-12", "-1", "nan", "25"):
        assert asked(site_with(Forecasting()), f"hours={hours}") == (400, b"expected hours from 0.01 to 24.\n")
    assert asked(site_with(Forecasting()), "watts=1e-9") == (400, b"expected watts from 0.001 to 1,000,000.\n")
    assert main(["clean-window", "--hours", "99"]) == 2
    assert capsys.readouterr().err == "ecotrack: expected hours from 0.01 to 24\n"
