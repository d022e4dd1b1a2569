"""A validator opens what was drawn of a device under one signature. Whatever is done to such a message is refused."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.state import State, compute_state_root
from simulator.ledger.booking.transition import admit, process_messages
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import ModelRecord, Opening, SignedMessage
from tests.simulator.ledger.cases import (
    CONFIG,
    DEVICES,
    DRAWN,
    EPOCH,
    VALIDATORS,
    apply,
    begin,
    broken,
    claimed,
    included,
    serve,
    signed,
    surroundings,
)

FIRST, SECOND = serve(3, 0), serve(3, 1, claimed_in=2)
"""Tasks of two intervals, all of which are drawn."""


def drawn() -> State:
    """Return a chain on which two devices claimed two intervals each, once the records are drawn."""
    state = begin(devices=2)
    claims = [
        served.claim(number, device=device) for number, served in ((1, FIRST), (2, SECOND)) for device in range(2)
    ]
    state = apply(state, *claims, slot=2 * EPOCH).state
    return process_messages(state, [], surroundings(DRAWN + EPOCH)).state


SLOT = DRAWN + EPOCH
STATE = drawn()


def openings(device: int = 0) -> tuple[Opening, ...]:
    """Return all drawn records of a device, opened."""
    found = [
        opening
        for sequence, served in ((1, FIRST), (2, SECOND))
        for opening in served.opening(*STATE.pending[device, sequence].drawn, sequence=sequence).openings
    ]
    return tuple(found)


ALL = openings()
GOOD = ModelRecord(validator=0, device=0, openings=ALL)
SIGNED = signed(STATE, GOOD, VALIDATORS[0])


def opened(*chosen: Opening, validator: int = 0, device: int = 0) -> SignedMessage:
    """Return a message of a validator with these records."""
    return signed(STATE, ModelRecord(validator=validator, device=device, openings=chosen), VALIDATORS[validator])


def altered(**changes: object) -> SignedMessage:
    """Return the good message, changed after it was signed."""
    return replace(SIGNED, message=replace(GOOD, **changes))


def elsewhere() -> SignedMessage:
    """Return the good message as its validator signed it for another chain."""
    other = begin(replace(CONFIG, name=b"another"))
    return signed(other, GOOD, VALIDATORS[0])


def test_all_records_of_a_device_are_opened_by_one_signature() -> None:
    assert len({one.sequence for one in ALL}) == 2
    after = process_messages(STATE, [SIGNED], surroundings(SLOT)).state
    for sequence in (1, 2):
        assert [one.index for one in after.pending[0, sequence].opened] == [*STATE.pending[0, sequence].drawn]
        assert after.pending[1, sequence] == STATE.pending[1, sequence]


def test_it_does_not_matter_in_how_many_messages() -> None:
    """All at once, one by one, or in parts by several validators: the state is the same."""
    roots = set()
    for messages in ([SIGNED], [opened(one) for one in ALL], [opened(*ALL[:3]), opened(*ALL[3:], validator=1)]):
        roots.add(compute_state_root(process_messages(STATE, messages, surroundings(SLOT)).state))
    assert len(roots) == 1


MOVED = replace(ALL[0], sequence=2)
INVALID = {
    "signed for another chain": (elsewhere(), Rule.WRONG_CHAIN),
    "signed for another chain, renamed": (replace(elsewhere(), chain_id=STATE.chain_id), Rule.BAD_SIGNATURE),
    "moved to another opener": (altered(validator=1), Rule.BAD_SIGNATURE),
    "moved to another device": (altered(device=1), Rule.BAD_SIGNATURE),
    "truncated": (altered(openings=ALL[:-1]), Rule.BAD_SIGNATURE),
    "signed by another opener": (replace(opened(*ALL, validator=1), message=GOOD), Rule.BAD_SIGNATURE),
    "signed by a device": (signed(STATE, GOOD, DEVICES[0]), Rule.BAD_SIGNATURE),
    "a part's signature": (replace(opened(*ALL[:-1]), message=GOOD), Rule.BAD_SIGNATURE),
    "reordered after it was signed": (altered(openings=ALL[::-1]), Rule.NON_CANONICAL),
    "reordered": (opened(*ALL[::-1]), Rule.NON_CANONICAL),
    "claims in another order": (opened(*ALL[3:], *ALL[:3]), Rule.NON_CANONICAL),
    "a record twice": (opened(ALL[0], ALL[0]), Rule.NON_CANONICAL),
    "no records": (opened(), Rule.NON_CANONICAL),
    "a record of another claim": (opened(*ALL[:3], MOVED), Rule.BAD_PROOF),
    "a record of no claim": (opened(*ALL, replace(ALL[-1], sequence=3)), Rule.NOT_DRAWN),
    "a record that was not drawn": (opened(*ALL[:3], replace(ALL[2], index=3)), Rule.NOT_DRAWN),
    "a path cut short": (opened(replace(ALL[0], path=ALL[0].path[:-1]), *ALL[1:]), Rule.BAD_PROOF),
    "an unknown opener": (
        signed(STATE, replace(GOOD, validator=len(VALIDATORS)), VALIDATORS[0]),
        Rule.UNKNOWN_SIGNER,
    ),
}


@pytest.mark.parametrize("attack", INVALID)
def test_invalid_openings(attack: str) -> None:
    """All is refused, and nothing of it opened."""
    message, rule = INVALID[attack]
    assert broken(STATE, message, slot=SLOT) is rule
    before = admit(STATE, [], surroundings(SLOT)).result.state
    after = admit(STATE, [message], surroundings(SLOT))
    assert (after.accepted, after.rejected) == ((), {rule: 1})
    assert compute_state_root(after.result.state) == compute_state_root(before)


REPEATED: dict[str, Sequence[SignedMessage]] = {
    "the same message": [SIGNED, SIGNED],
    "two messages of one opener": [SIGNED, opened(ALL[1])],
    "all again, of which a part is open": [opened(ALL[1]), SIGNED],
    "another opener": [SIGNED, opened(*ALL, validator=1)],
}


@pytest.mark.parametrize("case", REPEATED)
def test_invalid_replay_in_this_block_or_another(case: str) -> None:
    """A record is opened once: in one block as in two."""
    first, second = REPEATED[case]
    assert admit(STATE, [first, second], surroundings(SLOT)).rejected == {Rule.NOT_DRAWN: 1}
    state = process_messages(STATE, [first], surroundings(SLOT)).state
    assert broken(state, second, slot=SLOT + 1) is Rule.NOT_DRAWN


def test_invalid_record_among_true_ones() -> None:
    """One false output among true ones convicts, wherever it stands, and nothing of the device waits any more."""
    for place in range(3):
        state = begin()
        lying = serve(3, 0, false=frozenset({place}))
        state = apply(state, lying.claim(1), slot=EPOCH).state
        state = process_messages(state, [], surroundings(DRAWN)).state
        message = signed(state, lying.opening(0, 1, 2), VALIDATORS[0])
        result = process_messages(state, [message], surroundings(DRAWN))
        assert result.convicted == (2,)
        assert result.state.devices[0].struck
        assert not result.state.pending


@pytest.mark.parametrize("place", range(3))
def test_invalid_record_hidden_behind_a_model_that_nobody_knows(place: int) -> None:
    """A message is refused for the unknown model, before or after the false output, only without that output."""
    for false in {0, 1, 2} - {place}:
        lying = serve(3, 0, false=frozenset({false}))
        records = list(lying.records)
        records[place] = replace(records[place], model=bytes(32))
        served = claimed(lying.tasks, tuple(records))
        state = included(served)
        message = signed(state, served.opening(0, 1, 2), VALIDATORS[0])
        assert process_messages(state, [message], surroundings(DRAWN)).convicted == (2,)
        others = signed(state, served.opening(*sorted({0, 1, 2} - {false})), VALIDATORS[0])
        assert broken(state, others, slot=DRAWN) is Rule.UNKNOWN_MODEL
