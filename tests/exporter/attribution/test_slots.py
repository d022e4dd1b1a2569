"""A bounded number of groups has series; what matters finds a place, and nothing is lost when one is given up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.slots import HELD, LEAST_SHARE, place, retire
from exporter.core.units import Joules, Seconds, UnixSeconds
from exporter.power.component import Scope
from exporter.sources.processes.grouping import IDLE, OTHER, RESERVED
from exporter.totals import GroupTotal
from tests.fake_clock import NOON


def total(joules: float, mattered_at: float | None = None) -> GroupTotal:
    at = None if mattered_at is None else UnixSeconds(mattered_at)
    return GroupTotal(energy={Scope.HOST: Joules(joules)}, cpu=Seconds(joules / 10.0), mattered_at=at)


def placed(groups: dict[str, GroupTotal], gains: dict[str, float]) -> set[str]:
    """Return the groups that have series after gains at noon."""
    found = place(groups, {name: total(gain) for name, gain in gains.items()}, top=2, spent=Joules(100.0), now=NOON)
    return set(found.groups)


def test_free_places_go_to_whoever_gained_most() -> None:
    assert placed({IDLE: total(5.0)}, {"a": 0.01, "b": 3.0, "c": 2.0, IDLE: 50.0}) == {IDLE, OTHER, "b", "c"}


def test_a_group_without_energy_takes_no_place() -> None:
    assert placed({}, {"a": 0.0}) == {OTHER}


def test_a_crumb_displaces_nobody_and_is_displaced_by_what_matters() -> None:
    crumbs = {"a": total(1.0), "b": total(2.0)}
    assert placed(crumbs, {"new": 99.0 * LEAST_SHARE}) == {"a", "b", OTHER}
    assert placed(crumbs, {"new": 101.0 * LEAST_SHARE}) == {"b", "new"}


def test_several_newcomers_that_matter_keep_their_places_from_one_another() -> None:
    crumbs = {"a": total(1.0), "b": total(2.0)}
    assert placed(crumbs, {"x": 10.0, "y": 20.0, "z": 30.0}) == {"y", "z", OTHER}


@pytest.mark.parametrize(("ago", "stays"), [(HELD - 1.0, True), (HELD, False)])
def test_series_are_kept_for_an_hour_after_their_group_mattered(ago: float, stays: bool) -> None:
    groups = {"a": total(1.0, NOON - ago), "b": total(2.0, NOON - 1.0)}
    assert ("a" in placed(groups, {"new": 50.0})) is stays
    assert ("new" in placed(groups, {"new": 50.0})) is not stays


def test_a_clock_that_was_ahead_keeps_no_series_for_longer() -> None:
    ahead = {"a": total(1.0, NOON + 1e8), "b": total(2.0, NOON + 1e8)}
    groups = place(ahead, {}, top=2, spent=Joules(0.0), now=NOON).groups
    later = UnixSeconds(NOON + HELD)
    assert "new" in place(groups, {"new": total(50.0)}, top=2, spent=Joules(100.0), now=later).groups


def test_a_group_that_matters_again_keeps_its_series_in_the_last_moment() -> None:
    assert placed({"a": total(1.0), "b": total(2.0)}, {"a": 20.0, "new": 30.0, "newer": 10.0}) == {"a", "new", OTHER}


names = st.sampled_from("abcdefgh")


energies = st.dictionaries(names | st.sampled_from(sorted(RESERVED)), st.floats(0.0, 100.0))


@given(samples=st.lists(st.tuples(st.floats(0.0, 5000.0), energies), max_size=30), top=st.integers(1, 4))
def test_nothing_is_lost_and_no_more_groups_than_may_have_series(
    samples: list[tuple[float, dict[str, float]]], top: int
) -> None:
    groups: dict[str, GroupTotal] = {}
    retired, now, all_gained = GroupTotal(), NOON, 0.0
    for seconds, gains in samples:
        now = UnixSeconds(now + seconds)
        spent = Joules(sum(gains.values()))
        all_gained += spent
        found = place(groups, {name: total(one) for name, one in gains.items()}, top=top, spent=spent, now=now)
        kept = groups.keys() & found.groups.keys()
        assert all(found.groups[name].energy[Scope.HOST] >= groups[name].energy[Scope.HOST] for name in kept)
        given_up = groups.keys() - found.groups.keys()
        assert all(now - (groups[name].mattered_at or -math.inf) >= HELD for name in given_up)
        groups, retired = dict(found.groups), retired.plus(found.retired)
        parts = [*groups.values(), retired]
        assert math.fsum(part.energy.get(Scope.HOST, 0.0) for part in parts) == pytest.approx(all_gained)
        assert math.fsum(part.cpu for part in parts) == pytest.approx(all_gained / 10.0)
        assert len(groups.keys() - RESERVED) <= top


def test_fewer_places_are_kept_by_what_mattered_last() -> None:
    groups = {"a": total(1.0, NOON), "b": total(2.0, NOON - 5.0), "c": total(9.0), OTHER: total(4.0)}
    kept, retired = retire(groups, keep=1)
    assert kept.keys() == {"a", OTHER}
    assert retired.energy == {Scope.HOST: 11.0}
