"""A drawn record whose output is not the model's strikes its device off and convicts the sponsor of its project."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.credits import compute_balance
from simulator.ledger.booking.transition import Surroundings, admit, process_messages
from simulator.ledger.record.rules import Rule
from simulator.models.integer import executor, train
from tests.simulator.ledger.cases import (
    DIGEST,
    DRAWN,
    DUE,
    VALIDATORS,
    apply,
    begin,
    broken,
    claim,
    claimed,
    included,
    serve,
    signed,
    surroundings,
    task,
)


def test_true_records_earn_when_they_are_due() -> None:
    """10 tasks at 5 mg and 5 at 20 mg are 150 mg allowed; the claim's gram of emissions counted from the start."""
    served = serve(10, 5)
    state = included(served)
    openings = [signed(state, served.opening(index), VALIDATORS[0]) for index in state.pending[0, 1].drawn]
    result = process_messages(state, openings, surroundings(DRAWN))
    assert result.convicted == ()
    assert result.state.accounts[0].allowed == 0
    after = process_messages(result.state, [], surroundings(DUE)).state.accounts[0]
    assert (after.allowed, after.emitted, compute_balance(after)) == (150_000, 1_000_000, -850_000)


def test_invalid_false_output() -> None:
    """With all records false, whichever is drawn convicts; the claim and the next ones earn nothing, but emit."""
    served = serve(10, 5, false=frozenset(range(15)))
    state = included(served)
    opening = served.opening(state.pending[0, 1].drawn[0])
    result = process_messages(state, [signed(state, opening, VALIDATORS[0])], surroundings(DRAWN))
    assert result.convicted == (2,)
    assert result.state.devices[0].struck
    assert not result.state.pending
    later = apply(result.state, serve(1, 0).claim(2), slot=DUE).state
    assert not later.pending
    assert (later.accounts[0].allowed, later.accounts[0].emitted) == (0, 2_000_000)


def test_invalid_false_output_is_counted() -> None:
    """The opening stands in the block, as what convicts; refused is the claim, once, whatever else is opened."""
    served = serve(10, 5, false=frozenset(range(15)))
    state = included(served)
    openings = [signed(state, served.opening(index), VALIDATORS[0]) for index in state.pending[0, 1].drawn]
    admission = admit(state, openings, surroundings(DRAWN))
    assert admission.accepted == (openings[0],)
    assert admission.rejected == {Rule.FALSE_OUTPUT: 1, Rule.NOT_DRAWN: len(openings) - 1}
    assert admission.result.convicted == (2,)


LIES = [
    {"task_class": 1},
    {"finished": 3_001},
    {"arrived": 2_001},
    {"arrived": 300_001, "finished": 300_001, "deadline": 300_001},
    {"arrived": 0, "finished": 0},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_invalid_place_of_a_record(lie: dict[str, int]) -> None:
    """A late task, one of a cheaper class, or one of another interval, does not stand where it would earn."""
    honest = serve(4, 0)
    served = claimed(honest.tasks, (*honest.records[:2], task(2, **lie), honest.records[3]))
    opening = signed(begin(), served.opening(2), VALIDATORS[0])
    assert process_messages(included(served), [opening], surroundings(DRAWN)).convicted == (2,)


@pytest.mark.parametrize("numbers", [(0, 0, 0, 0), (0, 1, 2, 2), (3, 2, 1, 0), (0, 2, 1, 3)])
def test_invalid_task_that_is_claimed_twice(numbers: tuple[int, ...]) -> None:
    """All are drawn, so a number that does not rise is found, whichever of them is opened first."""
    served = claimed((4, 0), tuple(task(number) for number in numbers))
    state = included(served)
    for order in permutations(range(4)):
        after = state
        convicted: tuple[int, ...] = ()
        for index in order:
            if not after.devices[0].struck:
                opening = signed(state, served.opening(index), VALIDATORS[0])
                result = process_messages(after, [opening], surroundings(DRAWN))
                after, convicted = result.state, result.convicted
        assert convicted == (2,)


def test_invalid_records_that_nobody_opened() -> None:
    """Silence earns nothing, and is not punished further."""
    served = serve(10, 5)
    after = process_messages(included(served), [], surroundings(DUE)).state
    assert not after.pending
    assert after.accounts[0].allowed == 0
    assert not after.devices[0].struck


def test_invalid_tampered_leaf() -> None:
    """Nobody convicts a device with a record that it did not put under its root."""
    served = serve(2, 0)
    state = included(served)
    (opening,) = served.opening(0).openings
    forged = replace(served.opening(0), openings=(replace(opening, record=task(0, output=9)),))
    assert broken(state, signed(state, forged, VALIDATORS[0]), slot=DRAWN) is Rule.BAD_PROOF


def test_invalid_output_of_a_cheaper_model() -> None:
    """A device that runs a smaller model and claims the larger one is caught by the first output that differs."""
    dear, cheap = train("mlp"), train("lstm")
    execute = executor([dear, cheap])
    records = tuple(task(seed, model=dear.digest, output=cheap.run(seed)) for seed in range(20))
    served = claimed((20, 0), records)
    around = Surroundings(slot=DRAWN, randomness=DIGEST, execute=execute)
    state = included(served)
    convicted = []
    for index in state.pending[0, 1].drawn:
        opening = signed(state, served.opening(index), VALIDATORS[0])
        convicted.append(process_messages(state, [opening], around).convicted == (2,))
        assert convicted[-1] == (dear.run(index) != cheap.run(index))
    assert any(convicted)
    honest = claimed((20, 0), tuple(task(seed, model=dear.digest, output=dear.run(seed)) for seed in range(20)))
    state = included(honest)
    for index in state.pending[0, 1].drawn:
        opening = signed(state, honest.opening(index), VALIDATORS[0])
        assert process_messages(state, [opening], around).convicted == ()


def test_a_claim_without_tasks_waits_for_nothing() -> None:
    assert not apply(begin(), claim(1)).state.pending
