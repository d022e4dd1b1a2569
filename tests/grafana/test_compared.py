"""The comparison of two servers finds each kind of difference, and asks Prometheus for what VictoriaMetrics defines."""

import math

import pytest

from grafana.queries import Query, queries
from tests.grafana import compared
from tests.grafana.committed import board, names
from tests.grafana.compared import (
    RATE_SECONDS,
    Compared,
    Series,
    as_victoria_counts,
    before_rounding,
    differences,
    is_of_a_counter,
    ranked,
    resolved,
)

LAPTOP, DESK = frozenset({("instance", "laptop")}), frozenset({("instance", "desk")})
OURS: Series = {LAPTOP: {10.0: 5.0, 11.0: math.nan}, DESK: {10.0: 1.7e9}}


def test_an_answer_is_the_same_as_itself() -> None:
    assert list(differences(OURS, dict(OURS))) == []


@pytest.mark.parametrize(
    "theirs",
    [
        {LAPTOP: OURS[LAPTOP]},
        {LAPTOP: {10.0: 5.0}, DESK: OURS[DESK]},
        {**OURS, frozenset(): {10.0: 1.0}},
        {**OURS, LAPTOP: {10.0: 5.0, 11.0: 0.0}},
        {**OURS, LAPTOP: {10.0: 5.0001, 11.0: math.nan}},
        {**OURS, LAPTOP: {10.5: 5.0, 11.0: math.nan}},
        {**OURS, DESK: {10.0: 1.7e9 + 2}},
        {},
    ],
    ids=["series", "value", "more", "missing as zero", "other value", "other time", "seconds of a date", "nothing"],
)
def test_each_kind_of_difference_is_found(theirs: Series) -> None:
    assert list(differences(OURS, theirs)) != []
    assert list(differences(theirs, OURS)) != []


def test_how_a_number_is_kept_is_no_difference() -> None:
    kept = {LAPTOP: {10.0: 5.000000000001, 11.0: math.nan}, DESK: {10.0: 1.7e9 - 1e-6}}
    assert list(differences(OURS, kept)) == []


def test_a_value_of_a_rate_that_one_server_alone_has_is_none_to_compare() -> None:
    pair = Compared(at=10, ours={LAPTOP: {10.0: 5.0}}, theirs={LAPTOP: {10.0: 6.0, 11.0: 5.0}}, counts=True)
    assert [(one.at, one.ours, one.theirs) for one in pair.differences()] == [(10, 5, 6)]


def test_a_rate_is_written_as_the_difference_from_before_the_window() -> None:
    now, before = 'a_total{b="c"}', 'a_total{b="c"} offset 8s'
    assert as_victoria_counts(f"sum(increase({now}[8s]))") == f"sum(({now} - {before}))"
    grown, taken = f"({now} - {before})", f"(timestamp({now}) - timestamp({before}))"
    assert as_victoria_counts(f"rate({now}[8s])") == f"({grown} / {taken})"


def test_a_rate_that_cannot_be_written_so_is_refused() -> None:
    with pytest.raises(ValueError, match="not the rate of a plain series"):
        as_victoria_counts("rate(a_total[8s])")


def test_values_are_compared_before_they_are_rounded() -> None:
    """One of two that differ in the twelfth digit may be rounded up, and the other one down: seen at 18780.435."""
    assert before_rounding("round(bottomk(8, max by (job) (a - b)), 0.01)") == "(bottomk(8, max by (job) (a - b)))"
    assert before_rounding("1 - round(sum(a)) + round((b), 1e-05)") == "1 - (sum(a)) + ((b))"
    assert before_rounding("around(a) + b") == "around(a) + b"


@pytest.mark.parametrize("name", names())
def test_every_rate_of_a_board_can_be_written_so(name: str) -> None:
    for query in queries(board(name)):
        assert not is_of_a_counter(as_victoria_counts(resolved(query, {})))


def test_a_rate_interval_is_wider_than_what_victoria_metrics_widens() -> None:
    """It widens to five intervals where one is two seconds or less."""
    assert RATE_SECONDS > 5


def test_of_two_equal_values_of_a_ranking_either_may_be_told() -> None:
    ours: Series = {LAPTOP: {10.0: 5.0}}
    assert list(differences(ranked("topk(1, a)", ours), ranked("topk(1, a)", {DESK: ours[LAPTOP]}))) == []
    assert list(differences(ranked("topk(1, a)", ours), ranked("topk(1, a)", {DESK: {10.0: 6.0}}))) != []
    assert list(differences(ranked("a", ours), ranked("a", {DESK: ours[LAPTOP]}))) != []


def test_the_values_of_a_variable_have_one_time_however_fine_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query(kind="variable", title="job", expr="up", datasource="", label="job")
    monkeypatch.setattr(compared, "get", lambda *_: ["ecotrack"])
    assert compared.compared_at(1795994270.681615, "", "", query, {}).differences() == []
