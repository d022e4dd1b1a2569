"""Forecasts of a live run: what a child learns, what is asked hour by hour, and what is told of it."""

import io
import logging
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.app import Plan, build_run
from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.forecast.asking import Answer, Reason, Sides, answer
from simulator.forecast.interface import ForecastError, Kind, Series
from simulator.forecast.models.climatology import Climatology
from simulator.forecast.models.convex import Convex
from simulator.forecast.pair import learn_pair, sole_pair
from simulator.live import forecasts, learn
from simulator.live.course import Course, CourseState, _rows
from simulator.live.forecasts import KEPT_HOURS, LiveForecasts
from simulator.live.learn import lessons
from simulator.live.lessons import (
    KINDS,
    LEARNING,
    Hours,
    Lesson,
    LessonHeading,
    Lessons,
    Request,
    Skies,
    YearOfSky,
    asked,
    read,
    written,
)
from simulator.live.past import Past
from simulator.run.child import Child, Program
from tests.fake_clock import FakeClock
from tests.processes import until
from tests.simulator.energy.places import greensboro
from tests.simulator.forecast.courses import course
from tests.simulator.run.test_flows import two_sites
from tests.simulator.scenario.scenarios import edge

DAY = 24


@cache
def lesson(kind: Kind = Kind.SOLAR) -> Lesson:
    """Return what a year of clouds, gusts or a grid teaches."""
    series = course(kind, 365, seed=3, first_day=date(2024, 1, 1))
    pair = learn_pair([Convex()], series, 0)
    heading = LessonHeading(
        site=0, kind=kind, rated=series.rated, reasons=pair.reasons, refused="", sky_from=series.site.first_day
    )
    return Lesson(heading=heading, pair=pair, sky=series.clear_sky[: 365 * DAY])


def live_course(kind: Kind = Kind.SOLAR) -> Course:
    return Course(lesson(kind), "site", Hours(site=greensboro(date(2025, 1, 1)), lead=0))


def after(
    days: int, kind: Kind = Kind.SOLAR, values: FloatArray | None = None, pupil: Course | None = None
) -> list[CourseState]:
    """Return the states of a series after each hour of some days."""
    one, series = pupil or live_course(kind), course(kind, days, seed=8)
    came = series.values if values is None else values
    return [
        one.hour(
            step,
            came[max(0, step + 1 - KEPT_HOURS) : step + 1],
            series.beside[max(0, step + 1 - KEPT_HOURS) : step + 1],
        )
        for step in range(DAY * days)
    ]


def test_what_was_told_of_an_hour_stands_beside_what_came() -> None:
    states = after(3)
    for ago in (1, 6, 24):
        number = {1: 0, 6: 1, 24: 2}[ago]
        then, now = states[-1 - ago], states[-1]
        assert now.bands[number].mean == then.ahead[0, ago - 1]
        assert np.array_equal(now.bands[number].bounds, then.ahead[1:, ago - 1])
    assert np.array_equal(states[-1].past[0], course(Kind.SOLAR, 3, seed=8).values[-DAY:])
    assert states[-1].past[1, -1] == states[-2].ahead[0, 0]


def test_bands_lie_in_order() -> None:
    ahead = after(4)[-1].ahead
    assert (np.diff(ahead[1:], axis=0) >= 0.0).all()
    assert (ahead >= 0.0).all()


@pytest.mark.parametrize("kind", Kind)
def test_the_reference_answers_until_a_day_has_passed(kind: Kind) -> None:
    states = after(2, kind)
    assert states[-1].fallbacks[Reason.SHORT] == DAY - 1
    assert sum(states[-1].fallbacks.values()) == DAY - 1
    # What the reference told for the model is no skill of 0%, and no coverage.
    for band in states[DAY - 1].bands:
        told = band.standing
        assert (told.model_error, told.reference_error, told.skill, *told.coverage.values()) == (None,) * 5
    assert states[-1].bands[0].standing.skill not in {None, 0.0}


def test_hours_that_were_not_observed_are_counted_and_not_zero() -> None:
    values = course(Kind.WIND, 4, seed=8).values.copy()
    values[60:62] = np.nan
    states = after(4, Kind.WIND, values)
    assert states[-1].fallbacks[Reason.GAP] == DAY + 1
    assert np.isnan(states[61].observed)
    assert np.isfinite(states[61].ahead).all()


def test_a_model_that_is_worse_hands_over_and_the_reference_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Answer] = []

    def kept(sides: Sides, series: Series) -> Answer:
        answers.append(answer(sides, series))
        return answers[-1]

    monkeypatch.setattr("simulator.live.course.answer", kept)
    values = np.tile([50.0, 0.0, 0.0], 8 * DAY)[: DAY * 12]
    states = after(12, Kind.WIND, values)
    seen: set[bool] = set()
    for state, told in zip(states, answers, strict=True):
        own, reference = (_rows(side)[0] for side in (told.model, told.reference))
        for band in state.bands:
            hours = slice(band.standing.begin, band.standing.end)
            shown = reference if band.standing.handed_over else own
            assert state.ahead[0, hours].tolist() == shown[hours].tolist()
            seen |= {band.standing.handed_over} if (own != reference)[hours].any() else set()
    assert seen == {False, True}
    over = [band.standing.handed_over for band in states[-1].bands]
    counted = [band.standing.hand_overs - band.standing.returns for band in states[-1].bands]
    assert counted == [int(one) for one in over]
    assert all(band.standing.skill is not None for band in states[-1].bands)


def test_lessons_survive_their_journey() -> None:
    sky = np.arange(2 * 288 * 3, dtype=np.float32).reshape(2, 288, 3)
    told = read(written(Lessons(series=(lesson(),), skies=Skies(sky))))
    (again,) = told.series
    assert told.skies is not None
    assert np.array_equal(told.skies.days, sky)
    assert again.heading == lesson().heading
    assert np.array_equal(again.sky, lesson().sky)
    assert again.pair.references == lesson().pair.references
    series, origin = course(Kind.SOLAR, 9), np.array([200])
    for one, other in ((again.pair.model, lesson().pair.model), (again.pair.reference, lesson().pair.reference)):
        assert np.array_equal(one.quantiles(series, origin), other.quantiles(series, origin))


@pytest.mark.parametrize("damage", [b"", b"no archive", written(Lessons(series=()))[:40]])
def test_a_damaged_answer_is_refused_in_one_line(damage: bytes) -> None:
    with pytest.raises(ForecastError, match=r"^what a child learnt is damaged$"):
        read(damage)


def test_the_sun_of_another_year_is_that_of_the_date() -> None:
    sky = YearOfSky(date(2022, 3, 20), np.repeat(np.arange(365.0), DAY))
    assert sky.on(date(2031, 3, 20))[0] == 0.0
    assert sky.on(date(2031, 3, 19))[0] == 364.0
    assert sky.on(date(2032, 2, 29))[0] == sky.on(date(2032, 2, 28))[0]


@pytest.mark.parametrize(
    ("first_day", "missing"),
    [
        (date(2028, 1, 2), date(2029, 1, 1)),
        (date(2027, 3, 2), date(2028, 3, 1)),
        (date(2028, 2, 20), date(2029, 2, 19)),
    ],
)
def test_365_days_with_29_february_lack_another_whose_sun_is_that_of_the_day_before(
    first_day: date, missing: date
) -> None:
    sky = YearOfSky(first_day, np.repeat(np.arange(365.0), DAY))
    assert sky.on(date(2028, 2, 29))[0] == (date(2028, 2, 29) - first_day).days
    assert sky.on(missing)[0] == 364.0
    assert sky.on(missing + timedelta(days=1))[0] == 0.0


def test_hours_of_a_site_begin_at_its_own_midnight() -> None:
    assert Hours.of(layout_of(edge()).places[0]).lead == 0
    for place in layout_of(two_sites()).places:
        hours = Hours.of(place)
        midnight = timedelta(hours=hours.lead - hours.site.utc_offset_hours)
        assert midnight == timedelta(hours=24)
    place = replace(place, site=replace(place.site, utc_offset_hours=5.5), lead=Seconds(29.5 * 3600.0))
    assert (Hours.of(place).site.utc_offset_hours, Hours.of(place).lead) == (5.0, 29)


@pytest.mark.slow
@pytest.mark.parametrize("days", [0, 14])
def test_a_child_learns_of_every_kind_that_a_site_has(days: int) -> None:
    seen = np.stack([course(kind, 15, seed=6).values[: days * DAY] for kind in KINDS], axis=1)
    found = lessons(Request(scenario=edge(), seed=1, observed=seen.tobytes())).series
    assert [(one.heading.site, one.heading.kind) for one in found] == [(0, kind) for kind in Kind]
    assert max(len(written(Lessons(series=(one,)))) for one in found) < 2**20
    assert {name for one in found for name in one.pair.models} == {"convex"}


def test_a_series_of_which_nothing_can_be_learnt_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gaps = course(Kind.SOLAR, 90)
    series = [replace(gaps, values=np.full_like(gaps.values, np.nan)), course(Kind.WIND, 90)]
    assert [one.heading.kind for one in learnt_from(monkeypatch, series)] == [Kind.WIND]
    assert caplog.messages == [
        "no forecasts of solar at site: climatology: expected at least one observation, got none"
    ]


def learnt_from(monkeypatch: pytest.MonkeyPatch, series: list[Series]) -> tuple[Lesson, ...]:
    """Return what is learnt of a site with these series."""
    pasts = [Past(series=one, sky_from=one.site.first_day, sky=np.zeros(365 * DAY)) for one in series]
    monkeypatch.setattr(learn, "pasts_of", lambda _request, _layout, _number: iter(pasts))
    return lessons(Request(scenario=edge(), seed=1)).series


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda series: replace(series, values=np.where(np.arange(90 * DAY) % 20, 1.0, np.nan)), id="gaps"),
        pytest.param(lambda series: replace(series, values=np.full(90 * DAY, 40.0)), id="constant"),
        pytest.param(
            lambda series: replace(
                series, values=np.zeros(90 * DAY), clear_sky=np.zeros(91 * DAY), beside=np.zeros(90 * DAY)
            ),
            id="night",
        ),
        pytest.param(lambda series: replace(series, values=np.full(90 * DAY, np.nan)), id="nan"),
        pytest.param(lambda series: series.observed_until(2 * DAY - 1), id="short"),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_of_a_bad_history_something_is_learnt_or_one_line_says_why_not(
    kind: Kind, damage: Callable[[Series], Series], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = learnt_from(monkeypatch, [damage(course(kind, 90))])
    assert len(found) + len(caplog.messages) == 1
    assert all("\n" not in line and line.startswith(f"no forecasts of {kind} at site: ") for line in caplog.messages)
    for one in found:
        told = after(2, kind, pupil=Course(one, "site", Hours(site=greensboro(date(2025, 1, 1)), lead=0)))[-1]
        assert np.isfinite(told.ahead).all()


class Taught(LiveForecasts):
    """Forecasts that have learnt already."""

    def __init__(self) -> None:
        super().__init__(edge(), 1, FakeClock())
        self._courses = {(0, kind): self._course(lesson(kind)) for kind in Kind}


STRANGE_HOURS: dict[Reason, Callable[[FloatArray], FloatArray]] = {
    Reason.SHORT: lambda hours: hours[: DAY - 1],
    Reason.INVALID: lambda hours: put(hours, -5, -3.0),
    Reason.GAP: lambda hours: put(hours, -5, np.nan),
    Reason.CONSTANT: lambda hours: put(hours, slice(-2 * DAY, None), 7.0),
}


def put(hours: FloatArray, place: int | slice, value: float) -> FloatArray:
    changed = hours.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize("reason", STRANGE_HOURS)
def test_strange_observations_of_a_run_are_counted_and_its_policy_is_told_the_references_answer(reason: Reason) -> None:
    one = Taught()
    whole = np.stack([course(kind, 10, seed=6).values for kind in KINDS], axis=1)[..., np.newaxis]
    for number, hour in enumerate(STRANGE_HOURS[reason](whole)):
        one.hour(number, hour)
    assert [state.kind for state in one.states] == list(Kind)
    for state in one.states:
        expected = {reason} if state.kind is Kind.SOLAR or reason is not Reason.CONSTANT else set()
        assert {name for name, count in state.fallbacks.items() if count} - {Reason.SHORT} == expected - {Reason.SHORT}
        told = one.told(0, state.kind)
        assert told is not None
        assert np.isfinite(told).all()
        assert np.array_equal(told, state.ahead[0])


def test_where_the_sun_does_not_rise_the_reference_answers() -> None:
    told = replace(lesson(), sky=np.zeros(365 * DAY))
    dark = Course(told, "site", Hours(site=greensboro(date(2025, 1, 1)), lead=0))
    states = after(3, values=np.zeros(3 * DAY), pupil=dark)
    assert states[-1].fallbacks[Reason.NIGHT] == 2 * DAY + 1
    assert np.isfinite(states[-1].ahead).all()


def test_who_is_served_anew_begins_with_a_clean_record_and_who_stays_keeps_it() -> None:
    values = np.tile([50.0, 0.0, 0.0], 8 * DAY)[: DAY * 12]
    one, same = live_course(Kind.WIND), lesson(Kind.WIND)
    before = after(12, Kind.WIND, values, one)[-1]
    assert any(band.standing.handed_over for band in before.bands)
    one.learn(same)
    kept = one.hour(12 * DAY, values[-DAY:], np.zeros(DAY))
    assert [band.standing.hand_overs for band in kept.bands] == [band.standing.hand_overs for band in before.bands]
    assert [band.standing.handed_over for band in kept.bands] == [band.standing.handed_over for band in before.bands]
    other = replace(same, pair=sole_pair(Climatology(), "as asked for", course(Kind.WIND, 90), 1))
    one.learn(other)
    fresh = one.hour(12 * DAY + 1, values[-DAY:], np.zeros(DAY))
    assert {band.model for band in fresh.bands} == {"climatology"}
    assert not any(band.standing.handed_over for band in fresh.bands)
    assert all(band.standing.skill is None for band in fresh.bands)
    assert [band.standing.hand_overs for band in fresh.bands] == [band.standing.hand_overs for band in before.bands]
    assert (before.learnings, kept.learnings, fresh.learnings) == (1, 2, 3)


@pytest.mark.slow
def test_a_run_observes_what_its_buses_generate() -> None:
    live = build_run(Plan(scenario=edge(), seed=1, speed=300.0), forecasts=Taught())
    for _ in range(288):
        live.step()
    yesterday = live.snapshot(FakeClock(), None).totals.generation.sum()
    for _ in range(288):
        live.step()
    snapshot = live.snapshot(FakeClock(), None)
    told = sum(state.past[0].sum() for state in snapshot.forecasts if state.kind is not Kind.INTENSITY)
    today = snapshot.totals.generation.sum() - yesterday
    assert told * 3600.0 == pytest.approx(today)


class Pupil:
    """A child that remembers what it was asked, and has learnt when it is told so."""

    born: ClassVar[list["Pupil"]] = []

    def __init__(self, program: Program, request: Request, data: memoryview) -> None:
        assert program is LEARNING
        self._request, self._data = request, data
        self.is_done = False
        self.born.append(self)

    @property
    def request(self) -> Request:
        """The request as it reads it."""
        return asked(io.BytesIO(msgspec.json.encode(self._request) + b"\n" + self._data))

    def answer(self, limit: Seconds) -> bytes:  # noqa: ARG002 - the child's
        return written(Lessons(series=tuple(lesson(kind) for kind in Kind)))


def test_each_week_a_child_learns_from_what_was_observed_unless_one_came_just_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forecasts, "Child", Pupil)
    monkeypatch.setattr(forecasts, "OBSERVED_BYTES", 0)  # so that as few days are kept as possible, nine
    monkeypatch.setattr(Pupil, "born", [])
    clock = FakeClock()
    one = LiveForecasts(edge(), 1, clock)
    one.start()

    def week(number: int) -> None:
        for hour in range(number * 7 * DAY, (number + 1) * 7 * DAY):
            one.hour(hour, np.full((3, 1), float(hour)))

    week(0)
    assert (len(Pupil.born), one.states) == (1, ())  # still at work
    Pupil.born[0].is_done = True
    week(1)
    assert len(Pupil.born) == 1  # it began a moment ago
    clock.advance(600.0)
    week(2)
    request = Pupil.born[1].request
    assert request.first == 3 * 7 * DAY - KEPT_HOURS
    assert request.hours()[:, 0, 0].tolist() == list(range(request.first, 3 * 7 * DAY))
    assert {state.learnings for state in one.states} == {1}
    Pupil.born[1].is_done = True
    week(3)
    assert {state.learnings for state in one.states} == {2}


def test_hours_that_are_observed_and_learnt_from_take_no_more_memory_as_they_come(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # it keeps each line
    monkeypatch.setattr(forecasts, "Child", Pupil)
    monkeypatch.setattr(Pupil, "born", [])
    monkeypatch.setattr(Pupil, "answer", lambda _self, _limit: b"no archive")
    clock = FakeClock()
    one = LiveForecasts(edge(), 1, clock)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(7 * DAY * 10):
            one.hour(number, np.zeros((3, 1)))
            for child in Pupil.born[-1:]:
                child.is_done = True
            clock.advance(600.0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(Pupil.born) > 10
    # An array for each hour would be 150 bytes and more, and a copy of all hours 24 of each.
    assert most - before < 25_000


def test_what_was_observed_reaches_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one_that_repeats.py").write_text(
        "import sys\nfrom simulator.live.lessons import asked\nrequest = asked(sys.stdin.buffer)\n"
        "sys.stdout.buffer.write(b'%d ' % request.seed + request.observed)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    seen = np.random.default_rng(1).random((9000, 3, 1))  # more than a pipe holds
    request = Request(scenario=edge(), seed=7, following=seen.nbytes)
    child = Child(Program("one_that_repeats", "an echo"), request, seen.data)
    assert child.answer(Seconds(240.0)) == b"7 " + seen.tobytes()


def test_without_a_child_the_run_goes_on(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(forecasts, "LEARNING", Program("simulator.live.no_such_program", LEARNING.subject))
    one = LiveForecasts(edge(), 1, FakeClock())
    one.start()
    for number in range(1000):
        child = one._child
        if child is None:
            break
        until(lambda child=child: child.is_done, "the end of the child")  # type: ignore[misc]
        one.hour(number, np.zeros((3, 1)))
    assert one.states == ()
    assert caplog.text.count("there are no forecasts yet") == forecasts.ATTEMPTS


def test_after_children_that_failed_another_learns_a_week_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "Child", Pupil)
    monkeypatch.setattr(Pupil, "born", [])
    monkeypatch.setattr(Pupil, "answer", lambda _self, _limit: b"no archive")
    clock = FakeClock()
    one = LiveForecasts(edge(), 1, clock)
    one.start()
    for number in range(7 * DAY):
        Pupil.born[-1].is_done = True
        clock.advance(60.0)
        one.hour(number, np.zeros((3, 1)))
    Pupil.born[-1].is_done = True
    one.hour(7 * DAY, np.zeros((3, 1)))
    seen = [len(child.request.hours()) for child in Pupil.born]
    assert seen == [0] * forecasts.ATTEMPTS + [7 * DAY] * forecasts.ATTEMPTS


def test_a_child_at_work_ends_with_the_run() -> None:
    one = LiveForecasts(edge(), 1, FakeClock())
    one.start()
    one.hour(0, np.zeros((3, 1)))
    assert one.states == ()
    one.close()
    child = one._child
    assert child is not None
    until(lambda: child.is_done, "the end of the child")
