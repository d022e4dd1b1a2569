"""The ladder below a live provider: a value at any time, whose label and age are exact, whatever the provider does."""

import contextlib
import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from exporter.core.asking_child import LIMIT, RETRIES
from exporter.core.errand import Errand
from exporter.core.units import GramsPerKwh, UnixSeconds
from exporter.intensity.ask_live import LAST_KNOWN_HOLDS, AskedLiveProvider
from exporter.intensity.exchange import Told, encode_question, reply
from exporter.intensity.live import DISCARD_REASONS, LiveIntensity
from exporter.intensity.providers.provider import MOST_REQUESTS, Question
from exporter.intensity.providers.table import LIVE_PROVIDERS
from exporter.intensity.reading import (
    HIGHEST,
    LONGEST,
    IntensityAnswer,
    IntensityReading,
    IntensityUnavailableError,
    Method,
    Point,
)
from exporter.intensity.static import configured_intensity
from tests.exporter.intensity import recorded
from tests.exporter.intensity.test_providers import CASES
from tests.fake_clock import NOON, FakeClock

STATIC = GramsPerKwh(475.0)
STEP = 900.0
HOUR = 3600.0
DAYS = 30
LIVE = {Method.MEASURED, Method.ESTIMATED, Method.FORECAST}
KINDS = ["good", "present", "busy", "down", "garbage", "stale", "absurd", "negative", "long", "silent"]


@dataclass(slots=True)
class Ready:
    """An errand that has ended, or never does; `taken` is called when its answer is."""

    result: bytes | None
    taken: Callable[[], None] = lambda: None
    given_up: bool = False

    def answer(self) -> bytes | None:
        if self.given_up:
            return b"too late"
        if self.result is not None:
            self.taken()
        return self.result

    def give_up(self) -> None:
        self.given_up = True

    def close(self) -> None:
        self.give_up()


@dataclass(slots=True)
class World:
    """A provider that does what it is told to, one kind of answer after the other, and each value only once."""

    kinds: Sequence[str]
    clock: FakeClock = field(default_factory=FakeClock)
    sent: Counter[str] = field(default_factory=Counter)
    published: dict[float, Point] = field(default_factory=dict)
    latest: tuple[Point, ...] = ()
    discarded: Counter[str] = field(default_factory=Counter)

    def send(self, _question: Question) -> Errand:
        kind = self.kinds[self.sent.total() % len(self.kinds)]
        self.sent[kind] += 1
        if kind == "silent":
            return Ready(None)
        if kind == "garbage":
            return Ready(b'{"points": [[0, 1, 0, "measured"], ', lambda: self.discard("malformed"))
        if kind in {"busy", "down"}:
            told = Told(trouble=f"host answers with status {429 if kind == 'busy' else 503}")
            return Ready(msgspec.json.encode(told), lambda: self.discard("failed"))
        points = self.points(kind)
        return Ready(msgspec.json.encode(Told(points=points)), lambda: self.take(points))

    def discard(self, reason: str) -> None:
        self.discarded[reason] += 1

    def take(self, points: list[Point]) -> None:
        """Believe what can be, if it is for the present."""
        good = tuple(one for one in points if 0.0 <= one.value <= HIGHEST and one.end - one.start <= LONGEST)
        self.discarded["out_of_range"] += len(points) - len(good)
        now = self.clock.wall()
        if any(one.covers(now) for one in good):
            until = max((one.end for one in good if one.method is Method.FORECAST), default=0.0)
            before = [one for one in self.latest if one.method is Method.FORECAST and one.end > now]
            self.latest = (*good, *(one for one in before if one.start >= until))
        elif not any(one.covers(self.clock.wall()) for one in points):
            self.discard("late")

    def points(self, kind: str) -> list[Point]:
        now = self.clock.wall() // 1800 * 1800
        if kind == "stale":
            return [Point(now - 86400, now - 84600, 0.0, Method.MEASURED)]
        if kind == "long":
            return [Point(now - 9e8, now + 9e8, 5.0, Method.ESTIMATED)]
        if kind in {"absurd", "negative"}:
            return [Point(now, now + 1800, 117_000.0 if kind == "absurd" else -0.5, Method.MEASURED)]
        present = self.point(now, Method.ESTIMATED)
        ahead = range(1, 1 if kind == "present" else 24)
        return [present, *(self.point(now + 1800 * at, Method.FORECAST) for at in ahead)]

    def point(self, start: float, method: Method) -> Point:
        point = Point(start, start + 1800, 1.0 + len(self.published) * 0.001, method)
        self.published[point.value] = point
        return point


def ladder(world: World) -> AskedLiveProvider:
    live = LiveIntensity(
        Question(provider="uk", zone="GB"), world.clock, send=world.send, draw=itertools.cycle([0.0, 0.99]).__next__
    )
    return AskedLiveProvider(live, configured_intensity(STATIC, "own", NOON), "GB")


def require_exact(world: World, answer: IntensityAnswer, last: Point | None) -> Point | None:
    """Check one answer by what the world knows; return the point in force, or else the last one that was."""
    now, reading = world.clock.wall(), answer.reading
    assert reading is not None
    assert 0.0 <= reading.value <= HIGHEST
    # A fixed figure is not of the live provider's zone: it keeps the one that it was configured for.
    assert reading.zone == ("own" if reading.method is Method.STATIC else "GB")
    expected = [one for one in world.latest if one.method is Method.FORECAST and one.covers(now)]
    known = last is not None and 0.0 <= now - last.start <= LAST_KNOWN_HOLDS
    if reading.method is Method.STATIC:
        assert (reading.value, reading.provider) == (STATIC, "static")
        assert not expected
        assert not known
        return last
    point = world.published[reading.value]
    assert (reading.described_at, reading.provider) == (point.start, "uk")
    if reading.method is Method.LAST_KNOWN:
        assert not expected
        assert point == last
        assert known
        assert answer.troubles
        return last
    assert point.method is reading.method
    assert point.covers(now)
    assert point in world.latest
    if reading.method is not Method.FORECAST:
        assert not answer.troubles
    return point


@pytest.mark.slow
@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=30),
    steps=st.dictionaries(
        st.integers(0, int(DAYS * 86400 / STEP) - 1),
        st.sampled_from([-172_800.0, -5400.0, 5400.0, 172_800.0]),
        max_size=5,
    ),
)
def test_thirty_days_of_any_trouble_leave_a_value_with_its_exact_label_and_age(
    kinds: list[str], steps: Mapping[int, float]
) -> None:
    world = World(kinds)
    asked, last = ladder(world), None
    for number in range(int(DAYS * 86400 / STEP)):
        world.clock.step(steps.get(number, 0.0))
        answer = asked.ask(world.clock.wall())
        last = require_exact(world, answer, last)
        world.clock.advance(STEP)
    answer = asked.ask(world.clock.wall())
    assert answer.reading is not None
    assert {reason: count for reason, count in answer.reading.outlook.discarded.items() if count} == +world.discarded
    assert world.sent.total() <= DAYS * 24 * (RETRIES + 1) + 1
    world.kinds = ["good"]
    for _ in range(int(HOUR / STEP) + 2):
        world.clock.advance(STEP)
        answer = asked.ask(world.clock.wall())
    assert not answer.troubles
    assert answer.reading is not None
    assert answer.reading.method in LIVE


def in_force(asked: AskedLiveProvider, clock: FakeClock) -> IntensityReading:
    asked.ask(clock.wall())  # sends
    clock.advance(5.0)
    reading = asked.ask(clock.wall()).reading
    assert reading is not None
    return reading


def answering(told: Told, clock: FakeClock) -> AskedLiveProvider:
    """Return a ladder whose provider always says the same."""
    live = LiveIntensity(
        Question(provider="uk", zone="GB"), clock, send=lambda _: Ready(msgspec.json.encode(told)), draw=lambda: 0.5
    )
    return AskedLiveProvider(live, configured_intensity(STATIC, "own", NOON), "GB")


def test_the_rungs_one_after_the_other() -> None:
    world = World(["good", "down"])
    asked = ladder(world)
    seen: list[str] = []
    for _ in range(int(24 * HOUR / STEP)):
        reading = asked.ask(world.clock.wall()).reading
        assert reading is not None
        seen.append(reading.method)
        world.clock.advance(STEP)
        world.kinds = ["down"] if world.sent["good"] else world.kinds
    assert list(dict.fromkeys(seen)) == ["static", "estimated", "forecast", "last_known"]
    assert seen[-1] == "static"


def test_another_fixed_figure_asks_nobody_anew_and_forgets_nothing() -> None:
    world = World(["good", "down"])
    asked, replaced = ladder(world), False
    seen: list[IntensityReading] = []
    for _ in range(int(24 * HOUR / STEP)):
        if world.sent["good"] and not replaced:
            world.kinds, replaced = ["down"], True
            sent = world.sent.total()
            asked = asked.with_fixed(configured_intensity(GramsPerKwh(99.0), "other", NOON))
            asked.ask(world.clock.wall())
            assert world.sent.total() == sent
        reading = asked.ask(world.clock.wall()).reading
        assert reading is not None
        seen.append(reading)
        world.clock.advance(STEP)
    assert list(dict.fromkeys(one.method for one in seen)) == ["static", "estimated", "forecast", "last_known"]
    assert (seen[-1].method, seen[-1].value, seen[-1].zone) == ("static", 99.0, "other")
    assert seen[-1].outlook.discarded == dict.fromkeys(DISCARD_REASONS, 0) | world.discarded


@pytest.mark.parametrize(
    ("told", "value"),
    [
        (Told(points=[Point(NOON, NOON + 1800, 0.0, Method.MEASURED)]), 0.0),
        (Told(points=[Point(NOON - 90_000, NOON - 88_200, 0.0, Method.MEASURED)]), STATIC),
        (Told(points=[Point(NOON, NOON + 1800, 0.0, Method.MEASURED)], trouble="status 500"), STATIC),
        (Told(), STATIC),
    ],
)
def test_a_zero_counts_only_in_a_good_answer_for_this_time(told: Told, value: float) -> None:
    clock = FakeClock()
    reading = in_force(answering(told, clock), clock)
    assert reading.value == value
    assert (reading.method is Method.STATIC) is (value == STATIC)
    assert sum(reading.outlook.discarded.values()) == (value == STATIC)


@pytest.mark.parametrize(("told", "carried"), [(0.0, STATIC), (1.0, 1.0)])
def test_a_zero_is_not_carried_on_once_its_time_is_over(told: float, carried: float) -> None:
    clock = FakeClock()
    asked = answering(Told(points=[Point(NOON, NOON + 1800, told, Method.MEASURED)]), clock)
    assert in_force(asked, clock).value == told
    clock.advance(2 * HOUR)
    assert in_force(asked, clock).value == carried


def test_a_silent_provider_is_given_up_and_never_waited_for() -> None:
    world = World(["silent"])
    asked = ladder(world)
    asked.ask(world.clock.wall())
    world.clock.advance(LIMIT)
    assert asked.ask(world.clock.wall()).troubles == {"uk": f"no answer within {LIMIT:g} s"}


def test_a_machine_that_wakes_asks_at_once() -> None:
    world = World(["good"])
    asked = ladder(world)
    in_force(asked, world.clock)
    world.clock.sleep(8 * HOUR)
    in_force(asked, world.clock)
    assert world.sent.total() == 2


class CountingWeb:
    """A web that replays what is recorded, and counts."""

    secret = ""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = answers
        self.count = 0

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        del query, headers
        self.count += 1
        path = url.removeprefix("http://x")
        return msgspec.json.encode(next(told for asked, told in self.answers.items() if asked.startswith(path)))


PUBLIC = [
    case
    for case, (question, *_) in CASES.items()
    if question.with_forecast and LIVE_PROVIDERS[question.provider].coverage().most_requests == MOST_REQUESTS
]
"""Cases of servers that are not one's own, asked for all that they tell."""


@pytest.mark.parametrize("case", PUBLIC)
def test_a_forecast_saves_requests_of_which_a_day_has_30_at_most(case: str) -> None:
    question, answers, _, _ = CASES[case]
    web, clock = CountingWeb(answers), FakeClock()
    assert LIVE_PROVIDERS[question.provider].coverage().interval >= HOUR

    def send(asked: Question) -> Errand:
        return Ready(reply(encode_question(asked), web))

    live = LiveIntensity(replace(question, url="http://x"), clock, send=send, draw=lambda: 0.5)
    asked = AskedLiveProvider(live, configured_intensity(STATIC, "own", NOON), "GB")
    for _ in range(int(86400 / 60)):
        answer = asked.ask(UnixSeconds(NOON))
        clock.elapsed_at += 60.0  # while the wall stays at the hour that is recorded
    assert not answer.troubles
    assert 12 <= web.count <= MOST_REQUESTS


@dataclass(slots=True)
class FickleWeb:
    """A web whose requests fail or not, one after the other, and that keeps the times at which they came."""

    answers: Mapping[str, object]
    works: Sequence[bool]
    clock: FakeClock
    times: list[float] = field(default_factory=list)
    secret: str = ""

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        del query, headers
        self.times.append(self.clock.elapsed())
        if not self.works[len(self.times) % len(self.works)]:
            raise IntensityUnavailableError("host answers with status 503")
        path = url.removeprefix("http://x")
        return msgspec.json.encode(next(told for asked, told in self.answers.items() if asked.startswith(path)))


def fickle(case: str, works: Sequence[bool], drawn: float) -> tuple[LiveIntensity, FickleWeb, FakeClock]:
    """Return a provider whose requests fail or not; its wall clock stands still at the hour that is recorded."""
    question, answers, _, _ = CASES[case]
    clock = FakeClock()
    web = FickleWeb({**answers, "/regional/regionid/2": recorded.UK_REGION_NOW}, works, clock)

    def send(asked: Question) -> Errand:
        return Ready(reply(encode_question(asked), web))

    return LiveIntensity(replace(question, url="http://x"), clock, send=send, draw=lambda: drawn), web, clock


def run(live: LiveIntensity, clock: FakeClock, seconds: float) -> None:
    """Let a provider be asked for its value every half minute."""
    for _ in range(int(seconds / 30.0)):
        with contextlib.suppress(IntensityUnavailableError):
            live.at(clock.wall())
        clock.elapsed_at += 30.0


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    case=st.sampled_from(PUBLIC),
    works=st.lists(st.booleans(), min_size=1, max_size=9),
    late=st.sampled_from([0.0, 9 * HOUR]),
    drawn=st.sampled_from([0.0, 0.5, 0.999]),
)
@example(case="uk", works=[False], late=0.0, drawn=0.0)
@example(case="electricity-maps", works=[False, True], late=0.0, drawn=0.0)
@example(case="electricity-maps", works=[True, True, False], late=0.0, drawn=0.0)
@example(case="watttime", works=[True, False], late=0.0, drawn=0.0)
@example(case="energy-charts", works=[True], late=9 * HOUR, drawn=0.0)
def test_no_trouble_takes_more_than_30_requests_a_day_and_within_an_interval_of_its_end_it_is_over(
    case: str, works: list[bool], late: float, drawn: float
) -> None:
    live, web, clock = fickle(case, works, drawn)
    clock.wall_at = NOON + late
    run(live, clock, 2.5 * 86400)
    web.works, clock.wall_at = [True], NOON
    run(live, clock, LIVE_PROVIDERS[live.name].coverage().interval + 60.0)
    assert live.at(clock.wall()).provider == live.name
    run(live, clock, 86400)
    # Of any 31 requests the last comes a day after the first.
    assert all(b - a >= 86400 for a, b in zip(web.times, web.times[MOST_REQUESTS:], strict=False))


ODD: list[object] = [
    *(None, True, -1, -0.0, 0, 1e300, 10**30, 1e-300, [], {}, "", "NaN", "1e999", "0.2.3", NOON, NOON - 86400, 2**63),
    *("0001-01-01T00:00Z", "9999-12-31T23:59Z", "2026-03-02T12:00:00+14:00", "2026-03-02T11:00Z", "2026-02-30T12:00Z"),
]


def leaves(document: object) -> Iterator[tuple[dict[str, object] | list[object], str | int]]:
    """Return the places of a document: what holds a value, and where in it."""
    if isinstance(document, dict | list):
        for place, inner in document.items() if isinstance(document, dict) else enumerate(document):
            yield document, place
            yield from leaves(inner)


@given(case=st.sampled_from(sorted(CASES)), draw=st.data())
def test_an_answer_with_odd_values_anywhere_leaves_a_value_of_the_present_and_a_forecast_without_gaps(
    case: str, draw: st.DataObject
) -> None:
    question, answers, _, _ = CASES[case]
    damaged = {path: copy.deepcopy(told) for path, told in answers.items()}
    for _ in range(draw.draw(st.integers(1, 4))):
        places = [place for told in damaged.values() for place in leaves(told)]
        if places:
            inside, place = draw.draw(st.sampled_from(places))
            inside[place] = draw.draw(st.sampled_from(ODD))  # type: ignore[index]
    clock = FakeClock()
    web = FickleWeb(damaged, [True], clock)

    def send(asked: Question) -> Errand:
        return Ready(reply(encode_question(asked), web))

    live = LiveIntensity(replace(question, url=f"http://x{question.url}"), clock, send=send, draw=lambda: 0.5)
    reading = in_force(AskedLiveProvider(live, configured_intensity(STATIC, "own", NOON), "GB"), clock)
    assert 0.0 <= reading.value <= HIGHEST
    assert 0.0 <= clock.wall() - reading.described_at <= LONGEST
    assert reading.provider == ("static" if reading.method is Method.STATIC else question.provider)
    pieces = reading.outlook.pieces(clock.wall())
    assert all(start < end and 0.0 <= value <= HIGHEST for start, end, value in pieces)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(pieces))


def test_a_first_question_that_fails_does_not_cost_the_forecast() -> None:
    live, web, clock = fickle("electricity-maps", [False], 0.0)
    run(live, clock, 60.0)
    web.works = [True]
    run(live, clock, HOUR)
    assert live.outlook().hours_ahead(clock.wall()) == {1: 40.0}
