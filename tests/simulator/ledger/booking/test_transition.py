"""Laws of the transition as a whole: pure, deterministic, indifferent to empty slots, and always in balance."""

from dataclasses import fields
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.booking.state import State, check_conservation, compute_state_root
from simulator.ledger.booking.transition import Surroundings, admit, process_messages
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Body,
    Cancellation,
    Instrument,
    Lots,
    Retirement,
    SignedMessage,
    StakeChange,
    Transfer,
)
from tests.simulator.ledger.cases import (
    CONFIG,
    DEVICES,
    DIGEST,
    OWNERS,
    STRANGER,
    VALIDATORS,
    Served,
    begin,
    broken,
    claim,
    registration,
    serve,
    signed,
    surroundings,
)

EPOCH = CONFIG.slots_per_epoch
STORY = "39c944d8f623d1f45a2f68c4529d728cce46fa1bbd50934657b136a3d66a250a"
"""Root of the state after the story of a claim, a retirement, and the credit of the claim's tasks."""
HOLDERS = [OWNERS[0], STRANGER]


@cache
def served(number: int) -> Served:
    """Return the tasks of the claim of a number."""
    return serve(2, 1, claimed_in=max(1, number))


def order(state: State, kind: int, who: int, ahead: int, span: tuple[int, int, int, int]) -> SignedMessage:
    """Return a holder's next message on some units, or one that comes `ahead` of its turn."""
    key, other = HOLDERS[who], HOLDERS[1 - who]
    instrument, series, first, count = span
    lots = Lots(instrument=Instrument(instrument), series=series, first=first, end=first + count)
    number = state.holders.get(key.public, 0) + 1 + ahead
    plain: dict[str, Any] = {"holder": key.public, "sequence": number, "lots": lots}
    messages = (
        Transfer(**plain, to=other.public),
        Retirement(**plain, beneficiary=DIGEST),
        Cancellation(**plain),
    )
    return signed(state, messages[kind], key)


def claimed(state: State, device: int, ahead: int, generation: int) -> SignedMessage:
    """Return a device's next claim, or one that comes `ahead` of its turn."""
    number = state.meters[device].sequence + 1 + ahead
    energies = {"generation": generation, "export": generation, "intensity": 1_000}
    return signed(state, served(number).claim(number, device=device, **energies), DEVICES[device])


def opened(state: State, place: int) -> SignedMessage:
    """Return an opening of a drawn record, open already or not, or of one of no claim."""
    drawn = [(*key, index) for key, pending in sorted(state.pending.items()) for index in pending.drawn]
    device, sequence, index = drawn[place % len(drawn)] if drawn else (0, 1, 0)
    return signed(state, served(sequence).opening(index, sequence=sequence, device=device), VALIDATORS[0])


turns = st.sampled_from([0, 0, 0, 1, -1])
spans = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 20), st.integers(0, 10))
pieces = st.one_of(
    st.tuples(st.just(order), st.integers(0, 2), st.integers(0, 1), turns, spans),
    st.tuples(st.just(claimed), st.integers(0, 1), turns, st.sampled_from([0, 3_599_999, 36_000_001])),
    st.tuples(st.just(opened), st.integers(0, 20)),
)
blocks = st.lists(st.tuples(st.integers(1, 200), st.booleans(), st.lists(pieces, max_size=8)), max_size=16)
"""Slots since the last block, whether validators open all that is drawn, and what else the block holds."""


def build(state: State, around: Surroundings, is_opening: bool, parts: list[Any]) -> list[SignedMessage]:
    """Return the messages of a block on a state."""
    begun = process_messages(state, [], around).state
    places = range(sum(len(pending.drawn) for pending in begun.pending.values()) if is_opening else 0)
    return [opened(begun, place) for place in places] + [function(begun, *rest) for function, *rest in parts]


@settings(max_examples=60)
@given(blocks)
def test_what_is_issued_is_held_retired_or_cancelled_after_every_block(
    drawn: list[tuple[int, bool, list[Any]]],
) -> None:
    """Whatever arrives, in whatever order: what breaks a rule is left out without a trace."""
    state, slot = begin(devices=2), 0
    for slots, is_opening, parts in drawn:
        slot += slots
        before = compute_state_root(state)
        messages = build(state, surroundings(slot), is_opening, parts)
        admission = admit(state, messages, surroundings(slot))
        assert compute_state_root(state) == before
        assert admission.rejected.total() + len(admission.accepted) == len(messages)
        again = process_messages(state, admission.accepted, surroundings(slot))
        assert compute_state_root(again.state) == compute_state_root(admission.result.state)
        assert again.convicted == admission.result.convicted
        state = again.state
        check_conservation(state)


@settings(max_examples=30)
@given(blocks, st.integers(0, 40))
def test_empty_slots_change_nothing_however_they_are_skipped(
    drawn: list[tuple[int, bool, list[Any]]], epochs: int
) -> None:
    """A block after many empty epochs finds the state that blocks without messages would have led to."""
    state, slot = begin(devices=2), 0
    for slots, is_opening, parts in drawn:
        slot += slots
        messages = build(state, surroundings(slot), is_opening, parts)
        state = admit(state, messages, surroundings(slot)).result.state
    stepped = state
    for number in range(epochs * EPOCH // 30 + 1):
        stepped = process_messages(stepped, [], surroundings(slot + number * 30)).state
    last = surroundings(slot + (epochs * EPOCH // 30) * 30)
    skipped = process_messages(state, [], last).state
    assert compute_state_root(skipped) == compute_state_root(stepped)


@pytest.mark.parametrize("epoch", range(1, 9))
def test_credits_come_alike_after_a_long_silence(epoch: int) -> None:
    """Opened records, and then no block for long: no settlement that changes something is skipped with the rest."""
    first = begin(replace(CONFIG, crediting_epochs=3))
    state = process_messages(first, [claimed(first, 0, 0, 0)], surroundings(epoch * EPOCH)).state
    around = surroundings((epoch + 2) * EPOCH)
    state = process_messages(state, [], around).state
    idle = [signed(state, claim(number, intensity=0), DEVICES[0]) for number in range(2, epoch + 3)]
    state = process_messages(state, [*idle, *(opened(state, place) for place in range(3))], around).state
    stepped = state
    for number in range(epoch + 3, 30):
        stepped = process_messages(stepped, [], surroundings(number * EPOCH)).state
    skipped = process_messages(state, [], surroundings(29 * EPOCH)).state
    assert compute_state_root(skipped) == compute_state_root(stepped)
    assert skipped.totals[1].issued == 30_000 - 2_500


def test_a_long_silence_takes_no_longer_than_a_short_one() -> None:
    """A thousand million epochs are skipped in a few steps, or this test would not end."""
    state = process_messages(begin(), [claimed(begin(), 0, 0, 0)], surroundings(EPOCH)).state
    far = process_messages(state, [], surroundings(EPOCH * 10**9)).state
    assert far.epoch == 10**9


def test_the_root_tells_states_apart_and_not_the_order_of_their_making() -> None:
    state = begin(devices=0)
    messages = [signed(state, registration(state, number), OWNERS[0]) for number in range(2)]
    here = process_messages(state, messages, surroundings(1)).state
    there = process_messages(state, messages[::-1], surroundings(1)).state
    assert compute_state_root(here) == compute_state_root(there) != compute_state_root(state)


def test_every_part_of_the_state_is_in_its_root() -> None:
    state = process_messages(begin(), [claimed(begin(), 0, 0, 36_000_000)], surroundings(EPOCH)).state
    order_of_one = order(state, 0, 0, 0, (0, 0, 0, 1))
    state = process_messages(state, [order_of_one], surroundings(EPOCH)).state
    roots = [compute_state_root(state)]
    parts = [field.name for field in fields(state) if isinstance(getattr(state, field.name), dict)]
    assert len(parts) == 7
    for part in parts:
        changed = process_messages(state, [], surroundings(EPOCH)).state
        getattr(changed, part).popitem()
        roots.append(compute_state_root(changed))
    roots.append(compute_state_root(process_messages(state, [], surroundings(2 * EPOCH)).state))
    assert len(set(roots)) == len(roots)


def test_the_root_of_a_story_stays() -> None:
    """Two machines, two versions and two languages have to agree on it."""
    state = process_messages(begin(), [claimed(begin(), 0, 0, 36_000_000)], surroundings(EPOCH)).state
    state = process_messages(state, [order(state, 1, 0, 0, (0, 0, 2, 3))], surroundings(3 * EPOCH)).state
    state = process_messages(state, [opened(state, place) for place in range(3)], surroundings(3 * EPOCH)).state
    state = process_messages(state, [], surroundings(50 * EPOCH)).state
    assert (state.totals[0].retired, state.accounts[0].allowed) == (3, 30_000)
    assert compute_state_root(state).hex() == STORY


def test_invalid_block_with_one_bad_message() -> None:
    """A block holds as a whole or not at all."""
    state = begin()
    before = compute_state_root(state)
    good, bad = claimed(state, 0, 0, 0), claimed(state, 0, 0, 1)
    try:
        process_messages(state, [good, bad], surroundings(EPOCH))
    except RuleError as error:
        assert error.rule is Rule.SEQUENCE_GAP
    else:
        raise AssertionError("two first claims of a device")
    assert compute_state_root(state) == before


def test_rejections_are_counted_by_the_rule() -> None:
    state = begin()
    foreign = replace(claimed(state, 0, 0, 0), chain_id=DIGEST)
    messages = [claimed(state, 0, 1, 0), foreign, claimed(state, 0, 0, 0), claimed(state, 0, 0, 0)]
    admission = admit(state, messages, surroundings(EPOCH))
    assert admission.rejected == {Rule.SEQUENCE_GAP: 2, Rule.WRONG_CHAIN: 1}
    assert admission.accepted == (messages[2],)


def test_stake_is_not_the_ledgers_business() -> None:
    state = begin()
    change = StakeChange(validator=0, sequence=1, epoch=9, change=-1)
    assert broken(state, signed(state, change, VALIDATORS[0])) is Rule.UNKNOWN_SIGNER


def test_a_body_leads_to_the_same_state_as_the_messages_it_was_made_of() -> None:
    state = begin()
    body = Body(messages=(claimed(state, 0, 0, 7), signed(state, claim(2), DEVICES[0])))
    read = decode(encode(body), Body)
    here, there = (process_messages(state, one.messages, surroundings(120)).state for one in (body, read))
    assert compute_state_root(here) == compute_state_root(there)


def test_two_chains_begin_with_two_roots() -> None:
    assert compute_state_root(begin(devices=0)) != compute_state_root(begin(replace(CONFIG, name=b"two"), devices=0))
