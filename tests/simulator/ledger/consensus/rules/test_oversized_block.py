"""A block holds no more bytes than the chain allows."""

from msgspec.structs import replace

from simulator.ledger.consensus.proposal import LONGEST_LENGTH, select_body
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.codec import encode
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body
from tests.simulator.ledger.consensus.chain import apply, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.messages import retirement

STATE = first_state((100, 100, 100, 100))


def test_a_block_may_be_as_large_as_allowed_and_no_larger() -> None:
    body = Body(messages=tuple(retirement(STATE, number) for number in range(20)))
    fitting = replace(STATE, config=replace(STATE.config, max_block_bytes=len(encode(body))))
    assert apply(fitting, propose(fitting, 1, body)).application == (20).to_bytes(32)


def test_a_proposer_leaves_out_what_does_not_fit() -> None:
    messages = tuple(retirement(STATE, number) for number in range(100))
    for limit in (100, 1000, 5000, 2**20):
        narrow = replace(STATE, config=replace(STATE.config, max_block_bytes=limit))
        body = select_body(process_slots(narrow, 1), (), (), messages)
        assert body.messages == messages[: len(body.messages)]
        assert apply(narrow, propose(narrow, 1, body)).slot == 1
        spare = limit - len(encode(body))
        assert len(body.messages) == 100 or spare < len(encode(messages[0])) + LONGEST_LENGTH


def test_invalid_block_of_one_byte_more() -> None:
    body = Body(messages=tuple(retirement(STATE, number) for number in range(20)))
    narrow = replace(STATE, config=replace(STATE.config, max_block_bytes=len(encode(body)) - 1))
    assert refused_by(narrow, propose(narrow, 1, body)) is Rule.OVERSIZED_BLOCK
