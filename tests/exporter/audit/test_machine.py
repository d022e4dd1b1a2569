"""The audit's own readings: what they are on a machine, and what they prove of the time between two samples."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.audit.checks import findings
from exporter.audit.evidence import Moment, Pair
from exporter.audit.figures import Figures, labels_of
from exporter.audit.finding import TOLERANCE, Finding, Outcome
from exporter.audit.machine import own_change
from exporter.audit.witness import Bracket, Own, Witness
from tests.exporter.audit.test_checks import world

FIXTURES = Path(__file__).parents[1] / "sources" / "fixtures"

EMPTY = Figures({})


def run_of(*brackets: tuple[float, float]) -> Sequence[Pair]:
    """Return a run of samples with a counter's values before and after each of them."""
    moments = [
        Moment(
            figures=EMPTY,
            at=float(number),
            own=Bracket(
                before=Own(began=number, ended=number, busy=before), after=Own(began=number, ended=number, busy=after)
            ),
        )
        for number, (before, after) in enumerate(brackets)
    ]
    return [Pair(before=one, after=two) for one, two in pairwise(moments)]


def busy(own: Own) -> float | None:
    return own.busy


@given(
    gains=st.lists(st.tuples(*[st.floats(0.0, 40.0)] * 3), min_size=2, max_size=8),
    wraps_at=st.sampled_from([None, 100.0]),
)
def test_what_a_counter_truly_gained_lies_within_the_slack(
    gains: list[tuple[float, float, float]], wraps_at: float | None
) -> None:
    """Before, at and after each sample the counter stands where some gain has brought it, and may begin anew."""
    value, brackets, at = 0.0, [], []
    for between, early, late in gains:
        before, now, after = value + between, value + between + early, value + between + early + late
        at.append(now)
        brackets.append((before, after))
        value = after
    shown = [tuple(one % wraps_at if wraps_at else one for one in bracket) for bracket in brackets]
    found = own_change(run_of(*((before, after) for before, after in shown)), busy, wraps_at)
    assert found is not None
    assert abs(found[0] - (at[-1] - at[0])) <= found[1] + 1e-9


@pytest.mark.parametrize("brackets", [((5.0, 6.0), (3.0, 4.0)), ((5.0, 4.0), (6.0, 7.0))])
def test_a_counter_that_falls_proves_nothing(brackets: tuple[tuple[float, float], ...]) -> None:
    assert own_change(run_of(*brackets), busy) is None


def test_a_counter_that_cannot_be_read_proves_nothing() -> None:
    assert own_change(run_of((1.0, 2.0), (3.0, 4.0)), lambda own: own.traffic.get(("eth0", "receive_bytes"))) is None


def test_counters_of_a_laptop_are_read() -> None:
    witness = Witness(FIXTURES / "laptop/proc", FIXTURES / "laptop/sys", lambda: 0.0)
    own = witness.read()
    assert own.busy == pytest.approx((10_000 + 200 + 3000 + 0 + 0) / 100.0, rel=0.1)
    assert own.cpus > 0
    assert own.traffic["wlp2s0", "receive_bytes"] == 5e9
    assert own.traffic["wlp2s0", "receive_packets"] == 4e6
    assert own.disk.keys() == {"read", "write"}
    assert witness.memory_bytes() is not None


def test_of_an_empty_machine_everything_is_missing(tmp_path: Path) -> None:
    witness = Witness(tmp_path, tmp_path, lambda: 0.0)
    assert (witness.read(), witness.memory_bytes()) == (Own(began=0.0, ended=0.0), None)


def test_zones_of_rapl_are_read() -> None:
    names = Witness(FIXTURES / "rapl/proc", FIXTURES / "rapl/sys", lambda: 0.0).read().sensors.keys()
    assert any(name.startswith("package-0") for name in names)


def finding(check: str, slack: float) -> Finding:
    """Return what a check finds where each own reading is that much of a second away from its sample."""
    moments = [
        moment
        if moment.own is None
        else replace(
            moment,
            own=Bracket(
                before=replace(moment.own.before, busy=(moment.own.before.busy or 0.0) - slack),
                after=replace(moment.own.after, busy=(moment.own.after.busy or 0.0) + slack),
            ),
        )
        for moment in world().moments
    ]
    found = findings(replace(world().evidence(stored=False), moments=tuple(moments)), TOLERANCE)
    return next(one for one in found if one.check == check)


def test_readings_too_far_from_their_samples_are_no_proof() -> None:
    assert finding("cpu_time", 0.05).outcome is Outcome.HOLDS
    doubtful = finding("cpu_time", 2.0)
    assert doubtful.outcome is Outcome.NOT_CHECKED
    assert doubtful.reason.startswith("figures are known to ")


def test_an_exporter_elsewhere_is_not_compared_with_this_machine() -> None:
    evidence = replace(world().evidence(stored=False), lacking={"machine": "it runs elsewhere"})
    told = {one.check: one.reason for one in findings(evidence, TOLERANCE) if one.reason == "it runs elsewhere"}
    assert told.keys() == {"cpu_time", "group_cpu", "network_bytes", "network_packets", "disk_bytes"}


def test_a_source_is_read_no_later_than_those_before_it_and_itself_take() -> None:
    name = "ecotrack_collector_duration_seconds"
    durations = {
        labels_of({"collector": one}): seconds for one, seconds in (("cpu", 0.25), ("network", 0.5), ("processes", 8.0))
    }
    moment = Moment(figures=Figures({name: durations}), at=0.0)
    assert [moment.spread_of(one) for one in ("cpu", "network", "rapl", None)] == [0.25, 0.75, 8.75, 8.75]
    assert moment.spread == 8.75
