"""A market that is asked: its price is one that was told, within bounds and age, or there is none, and never a 0."""

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.asking_child import LIMIT
from exporter.core.errand import Errand
from simulator.live.market import LOOK_INTERVAL, LiveMarket
from simulator.market.exchange import Question, Reason, Told
from simulator.market.market import Market
from simulator.market.section import HIGHEST, LOWEST, SHORTEST_INTERVAL, MarketSection
from simulator.market.state import MarketState
from tests.fake_clock import NOON, FakeClock
from tests.simulator.market.markets import market

HOUR, DAY = 3600.0, 86_400.0


@dataclass(slots=True)
class Ready:
    """An errand with its outcome; None never comes."""

    outcome: bytes | Exception | None
    given_up: int = 0

    def answer(self) -> bytes | None:
        if self.given_up:
            return b"too late"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def give_up(self) -> None:
        self.given_up += 1

    def close(self) -> None:
        self.give_up()


@dataclass(slots=True)
class Place:
    """A place that is asked, and gives one answer after the other; the last for ever."""

    answers: Sequence[Told | bytes | Exception | None]
    clock: FakeClock = field(default_factory=FakeClock)
    asked: list[float] = field(default_factory=list)
    sent: list[Ready] = field(default_factory=list)

    def send(self, question: Question) -> Errand:
        assert question.now == self.clock.wall()
        told = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(self.clock.elapsed_at)
        self.sent.append(Ready(msgspec.json.encode(told) if isinstance(told, Told) else told))
        return self.sent[-1]

    def market(self, section: MarketSection | None = None, draw: Callable[[], float] = lambda: 0.5) -> Market:
        return Market(section or market(), self.clock, send=self.send, draw=draw)


def settled(place: Place, one: Market) -> MarketState:
    """Return the market after its first answer."""
    one.look()
    return one.look()


def good(price: float = 74.5, ago: float = HOUR) -> Told:
    return Told(price=price, time=NOON - ago)


def test_a_price_has_its_labels_and_its_time() -> None:
    place = Place([good()])
    one = place.market()
    before = one.look()
    assert (before.quote, before.is_up) == (None, None)
    found = one.look()
    assert found.quote is not None
    assert (found.quote.per_tonne, found.quote.at, found.is_up) == (74.5, NOON - HOUR, True)
    assert found.quote.per_gram == pytest.approx(74.5e-6)
    assert (found.name, found.currency, found.method, found.source) == ("carbon exchange", "EUR", "settlement", "http")
    assert set(found.discarded) == set(map(str, Reason))
    assert not any(found.discarded.values())


@pytest.mark.parametrize(
    ("per", "per_tonne"), [("t", 74.5), ("kg", 74_500.0), ("g", 74_500_000.0), ("short-ton", 74.5 / 0.90718474)]
)
def test_a_price_is_told_per_tonne_whatever_mass_it_is_for(per: str, per_tonne: float) -> None:
    place = Place([good()])
    found = settled(place, place.market(market(per=per, highest=1e9)))
    assert found.quote is not None
    assert found.quote.per_tonne == pytest.approx(per_tonne)


REFUSED: list[tuple[Told | bytes | Exception, Reason]] = [
    (good(0.0), Reason.OUT_OF_RANGE),
    (good(-0.0), Reason.OUT_OF_RANGE),
    (good(-5.0), Reason.OUT_OF_RANGE),
    (good(LOWEST / 2), Reason.OUT_OF_RANGE),
    (good(HIGHEST * 1.001), Reason.OUT_OF_RANGE),
    (good(1e300), Reason.OUT_OF_RANGE),
    (good(ago=168 * HOUR + 1), Reason.OLD),
    (good(ago=-301.0), Reason.FUTURE),
    (Told(price=5.0), Reason.MALFORMED),
    (Told(time=NOON), Reason.MALFORMED),
    (Told(), Reason.MALFORMED),
    (Told(reason=Reason.MISMATCH, trouble="/currency is not EUR"), Reason.MISMATCH),
    (Told(reason=Reason.FAILED, trouble="host answers with status 500"), Reason.FAILED),
    (b"", Reason.FAILED),
    (b'{"price": NaN, "time": 1}', Reason.FAILED),
    (b'{"price": "74.5", "time": 1}', Reason.FAILED),
    (OSError("no room for another process"), Reason.FAILED),
]


@pytest.mark.parametrize(("answer", "reason"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_a_price_is_counted_once_and_never_shown(
    answer: Told | bytes | Exception, reason: Reason
) -> None:
    place = Place([answer])
    one = place.market()
    for _ in range(5):
        found = one.look()
    assert (found.quote, found.is_up, bool(found.trouble)) == (None, False, True)
    assert {name: count for name, count in found.discarded.items() if count} == {reason: 1}


def test_the_last_good_price_stays_until_it_is_too_old_and_then_there_is_none() -> None:
    place = Place([good(ago=DAY), Told(reason=Reason.FAILED, trouble="host answers with status 500")])
    one = place.market()
    settled(place, one)
    for hour in range(1, 24 * 8):
        place.clock.advance(HOUR)
        found = one.look()
        assert (found.quote is not None) == (hour <= 144), hour
        assert found.quote is None or (found.quote.per_tonne, found.quote.at) == (74.5, NOON - DAY)
    assert not found.is_up
    assert found.discarded["failed"] > 24 * 3


def test_a_clock_that_is_set_back_shows_no_price_of_the_future() -> None:
    place = Place([good(), None])
    one = place.market()
    assert settled(place, one).quote is not None
    place.clock.step(-DAY)
    assert one.look().quote is None
    place.clock.step(DAY)
    assert one.look().quote is not None


def test_a_server_that_wants_to_rest_is_left_alone_for_a_day_at_most() -> None:
    for rest, pause in ((7200.0, 7200.0), (1e9, DAY), (1.0, SHORTEST_INTERVAL)):
        place = Place([Told(reason=Reason.FAILED, trouble="status 429", retry_after=rest)])
        one = place.market(draw=lambda: 0.0)
        while len(place.asked) < 2:
            one.look()
            place.clock.advance(10.0)
        assert place.asked[1] - place.asked[0] == pytest.approx(pause, abs=11.0)


def test_a_child_that_does_not_end_is_killed_and_counted() -> None:
    place = Place([None])
    one = place.market()
    one.look()
    place.clock.advance(LIMIT)
    found = one.look()
    assert (place.sent[0].given_up, found.trouble) == (1, "no answer within 60 s")
    assert found.discarded["failed"] == 1


def test_a_child_at_work_ends_with_the_program() -> None:
    place = Place([None])
    one = place.market()
    one.look()
    one.close()
    assert place.sent[0].given_up == 1
    ended = Place([good()]).market()
    settled(place, ended)
    ended.close()  # nothing is on its way: no process is killed that has another's number by now


answers = st.one_of(
    st.builds(
        Told,
        price=st.one_of(st.none(), st.sampled_from([0.0, -1.0, 74.5, 5e5]), st.floats(allow_nan=False)),
        time=st.one_of(st.none(), st.floats(NOON - 20 * DAY, NOON + 20 * DAY)),
        reason=st.none() | st.sampled_from(Reason),
        trouble=st.text(max_size=5),
        retry_after=st.none() | st.floats(allow_nan=False),
    ),
    st.binary(max_size=20),
    st.none(),
    st.just(OSError("no room")),
)


@given(
    given_answers=st.lists(answers, min_size=1, max_size=12),
    moves=st.lists(st.tuples(st.sampled_from(["advance", "sleep", "step"]), st.floats(0.0, 5 * DAY)), max_size=25),
    back=st.booleans(),
)
def test_a_price_was_told_within_bounds_and_age_or_there_is_none(
    given_answers: list[Told | bytes | Exception | None], moves: list[tuple[str, float]], back: bool
) -> None:
    place = Place(given_answers)
    one, section = place.market(), market()
    told = {
        (answer.price, answer.time)
        for answer in given_answers
        if isinstance(answer, Told) and answer.price is not None and answer.time is not None
    }
    counted = 0
    for kind, seconds in [*moves, ("advance", 1.0)]:
        getattr(place.clock, kind)(-seconds if back and kind == "step" else seconds)
        for _ in range(2):
            found = one.look()
            if found.quote is not None:
                assert (found.quote.per_tonne, found.quote.at) in told
                assert section.lowest <= found.quote.per_tonne <= section.highest
                assert -300.0 <= place.clock.wall() - found.quote.at <= section.max_age_hours * HOUR
            assert sum(found.discarded.values()) >= counted
            counted = sum(found.discarded.values())
    assert all(later - earlier >= SHORTEST_INTERVAL for earlier, later in itertools.pairwise(place.asked))
    assert counted <= len(place.asked)


@settings(max_examples=20)
@given(
    interval=st.floats(900.0, DAY),
    failing=st.lists(st.booleans(), min_size=1, max_size=40),
    drawn=st.floats(0.0, 1.0, exclude_max=True),
)
def test_no_day_has_many_more_questions_than_its_interval_asks_for(
    interval: float, failing: list[bool], drawn: float
) -> None:
    place = Place([Told(reason=Reason.FAILED, trouble="x") if fails else good() for fails in failing])
    one = place.market(market(interval_seconds=interval, max_age_hours=8784), draw=lambda: drawn)
    for _ in range(int(2.5 * DAY / 240.0)):
        one.look()
        place.clock.advance(240.0)
    most = DAY / interval * 1.25 + 8
    for first in place.asked:
        assert sum(first <= at < first + DAY for at in place.asked) <= most


def test_the_log_tells_of_a_failure_once_and_of_an_odd_price(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fails = Told(reason=Reason.FAILED, trouble="host answers with status 500")
    place = Place([fails, fails, good(950.0), good(950.0)])
    one = place.market()
    for _ in range(6 * 60):
        one.look()
        place.clock.advance(60.0)
    assert [record.getMessage() for record in caplog.records] == [
        "no price of credits from carbon exchange: host answers with status 500",
        "carbon exchange tells the price of credits again",
        "carbon exchange: 950.00 EUR per tonne is above any carbon price in force, of which the highest was $167 in "
        "2024",
    ]


def test_another_market_takes_effect_at_once_and_keeps_the_counts() -> None:
    place = Place([Told(reason=Reason.FAILED, trouble="x"), good(5.0), None])

    def make(section: MarketSection, clock: FakeClock, **counts: object) -> Market:
        return Market(section, clock, send=place.send, draw=lambda: 0.5, **counts)  # type: ignore[arg-type] # as given

    live = LiveMarket(place.clock, market(), make=make)
    place.clock.advance(LOOK_INTERVAL)
    assert live.look()
    live.follow(market(name="another", currency="USD"))
    place.clock.advance(LOOK_INTERVAL)
    assert live.look()
    assert live.state is not None
    assert live.state.quote is not None
    assert (live.state.name, live.state.currency, live.state.quote.per_tonne) == ("another", "USD", 5.0)
    assert live.state.discarded["failed"] == 1
    live.follow(None)
    assert live.until_due() == float("inf")
    assert not live.look()
    assert getattr(live, "state") is None  # noqa: B009 - mypy believes in the one before


def test_between_two_looks_nothing_is_done() -> None:
    place = Place([good()])
    live = LiveMarket(place.clock, market(), make=lambda section, clock: Market(section, clock, send=place.send))
    assert (live.until_due(), live.look()) == (LOOK_INTERVAL, False)
    place.clock.advance(LOOK_INTERVAL)
    assert (live.until_due(), live.look()) == (0.0, True)
