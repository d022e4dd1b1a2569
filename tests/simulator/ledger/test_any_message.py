"""Whatever a stranger, or a device that went mad, sends: it is carried out, or refused by a rule."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.booking.state import State, check_conservation, compute_state_root
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import (
    Cancellation,
    Claim,
    Instrument,
    Lots,
    Message,
    ModelRecord,
    Registration,
    Retirement,
    SignedMessage,
    StakeChange,
    Transfer,
)
from tests.simulator.ledger.cases import (
    DEVICES,
    DIGEST,
    OWNERS,
    STRANGER,
    VALIDATORS,
    apply,
    begin,
    registration,
    serve,
    signed,
    surroundings,
)
from tests.simulator.ledger.records import mutants, records

SERVED = serve(3, 3)


def started() -> State:
    """Return a chain with a device, units of both kinds, and records that are drawn."""
    state = apply(begin(), SERVED.claim(1, generation=36_000_000, export=36_000_000), slot=60).state
    return process_messages(state, [], surroundings(180)).state


STATE = started()
UNITS: dict[str, Any] = {
    "holder": OWNERS[0].public,
    "sequence": 1,
    "lots": Lots(instrument=Instrument.CERTIFICATE, series=0, first=2, end=5),
}
GOOD: list[Message] = [
    SERVED.claim(2, generation=36_000_000, export=30_000_000, charge=6_000_000),
    SERVED.opening(STATE.pending[0, 1].drawn[0]),
    registration(STATE, 1),
    Transfer(**UNITS, to=STRANGER.public),
    Retirement(**UNITS, beneficiary=DIGEST),
    Cancellation(**UNITS),
]
"""A message of each kind that the chain takes."""


def signer_of(message: Message) -> SecretKey | None:
    """Return the key of whoever has to sign a message, where a test has it."""
    match message:
        case Claim(device=number) if number < len(DEVICES):
            return DEVICES[number]
        case ModelRecord(validator=number) | StakeChange(validator=number) if number < len(VALIDATORS):
            return VALIDATORS[number]
        case Registration(project=number) if number < len(OWNERS):
            return OWNERS[number]
        case Transfer(holder=holder) | Retirement(holder=holder) | Cancellation(holder=holder):
            return next((key for key in OWNERS if key.public == holder), None)
    return None


def survives(message: SignedMessage) -> None:
    """Process a message as it comes from the network, and check that nothing but a rule stops it."""
    read = decode(encode(message), SignedMessage)
    before = compute_state_root(STATE)
    try:
        after = process_messages(STATE, [read], surroundings(180)).state
    except RuleError:
        pass
    else:
        check_conservation(after)
        assert compute_state_root(after) != before
    assert compute_state_root(STATE) == before


@given(records(SignedMessage))
def test_any_message_of_a_stranger(message: SignedMessage) -> None:
    survives(replace(message, chain_id=STATE.chain_id))


@pytest.mark.parametrize("good", GOOD, ids=lambda one: type(one).__name__)
def test_the_messages_that_are_altered_are_good(good: Message) -> None:
    key = signer_of(good)
    assert key is not None
    assert process_messages(STATE, [signed(STATE, good, key)], surroundings(180)).convicted == ()


@settings(max_examples=400)
@given(st.sampled_from(GOOD).flatmap(mutants))
def test_any_message_of_a_signer_gone_mad(content: Message) -> None:
    """Signatures are good, and a few figures are anything that can be encoded."""
    key = signer_of(content)
    if key is not None:
        survives(signed(STATE, content, key))
