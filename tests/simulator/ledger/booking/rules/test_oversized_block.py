"""A block has a size that everybody can take, known before any of it is read."""

import pytest
from msgspec.structs import replace

from simulator.ledger.booking.transition import read_block
from simulator.ledger.record.codec import encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, BlockHeader, Body, SignedHeader
from tests.simulator.ledger.cases import CONFIG, DEVICES, DIGEST, begin, claim, signed


def block() -> Block:
    """Return a block with a claim."""
    header = BlockHeader(
        slot=1,
        proposer=0,
        number=1,
        parent_root=DIGEST,
        history_root=DIGEST,
        state_root=DIGEST,
        body_root=DIGEST,
        randomness_reveal=DIGEST,
    )
    body = Body(messages=(signed(begin(), claim(), DEVICES[0]),))
    return Block(signed_header=SignedHeader(header=header, signature=bytes(64)), body=body)


def broken(data: bytes, limit: int) -> Rule:
    """Return the rule that bytes break as a block."""
    with pytest.raises(RuleError) as caught:
        read_block(data, replace(CONFIG, max_block_bytes=limit))
    return caught.value.rule


def test_invalid_oversized_block() -> None:
    data = encode(block())
    assert broken(data, len(data) - 1) is Rule.OVERSIZED_BLOCK
    assert read_block(data, replace(CONFIG, max_block_bytes=len(data))) == block()


def test_invalid_block_in_other_bytes() -> None:
    data = encode(block())
    assert broken(data + b"\0", len(data) + 1) is Rule.NON_CANONICAL
    assert broken(data[:-1], len(data)) is Rule.NON_CANONICAL
