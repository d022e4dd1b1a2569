"""A block holds no more bytes than the chain allows."""

from msgspec.structs import replace

from simulator.ledger.codec import encode
from simulator.ledger.rules import Rule
from simulator.ledger.types import Body
from tests.simulator.ledger.consensus.chain import apply, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.messages import retirement

STATE = first_state((100, 100, 100, 100))


def test_a_block_may_be_as_large_as_allowed_and_no_larger() -> None:
    body = Body(messages=tuple(retirement(STATE, number) for number in range(20)))
    fitting = replace(STATE, config=replace(STATE.config, max_block_bytes=len(encode(body))))
    assert apply(fitting, propose(fitting, 1, body)).application == (20).to_bytes(32)


def test_invalid_block_of_one_byte_more() -> None:
    body = Body(messages=tuple(retirement(STATE, number) for number in range(20)))
    narrow = replace(STATE, config=replace(STATE.config, max_block_bytes=len(encode(body)) - 1))
    assert refused_by(narrow, propose(narrow, 1, body)) is Rule.OVERSIZED_BLOCK
