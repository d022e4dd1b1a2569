"""Keys that are worth nothing any more sign another history from genesis on. To whoever knows genesis alone it looks as
good as the true one; a checkpoint tells them apart."""

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.state import State
from simulator.ledger.consensus.transition import get_trusted_state, process_contents, process_slots
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, BlockHeader, Body
from tests.simulator.ledger.consensus.chain import apply, propose, root, votes
from tests.simulator.ledger.consensus.cluster import count_messages, first_state
from tests.simulator.ledger.consensus.messages import retirement

STATE = first_state((100, 100, 100, 100))
NOW = 100


def history(state: State, extra: Body) -> list[Block]:
    """Return a history of six epochs on which all keys vote, and which begins with some messages."""
    blocks = []
    for slot in range(1, 49):
        body = extra if slot == 1 else Body(attestations=votes(state, slot - 1, range(4))) if slot % 8 == 5 else Body()
        blocks.append(propose(state, slot, body))
        state = apply(state, blocks[-1])
    return blocks


TRUE = history(STATE, Body())
FORGED = history(STATE, Body(messages=(retirement(STATE, 1),)))
PLACE = 23
"""Place of the block that is told as a checkpoint, the last one of epoch 2."""


def checkpoint() -> tuple[bytes, BlockHeader, State]:
    """Return a trusted root, and what a stranger sends for it: the header, and the state that it names."""
    before = STATE
    for block in TRUE[:PLACE]:
        before = apply(before, block)
    block = TRUE[PLACE]
    header = block.signed_header.header
    state = process_contents(count_messages, process_slots(before, header.slot), header.randomness_reveal, block.body)
    return root(block), header, decode(encode(state), State)


def follow(view: View, blocks: list[Block]) -> set[Rule]:
    """Return the rules under which blocks are refused."""
    refused = set()
    for block in blocks:
        try:
            view.add_block(block, NOW, needed=True)
        except RuleError as error:
            refused.add(error.rule)
    return refused


def test_whoever_knows_genesis_alone_believes_what_comes_first() -> None:
    """Nothing but the order of arrival decides: this is what Proof of Stake does not protect from."""
    for first, second in ((TRUE, FORGED), (FORGED, TRUE)):
        view = View(STATE, count_messages)
        assert follow(view, first) == set()
        assert view.finalized.epoch == 4
        assert Rule.HEAD_ROLLBACK in follow(view, second)
        assert view.get_head() == root(first[-1])


def test_invalid_history_beside_a_checkpoint() -> None:
    view = View(get_trusted_state(*checkpoint()), count_messages)
    assert follow(view, FORGED) == {Rule.HEAD_ROLLBACK, Rule.WRONG_PARENT}
    assert view.get_head() == root(TRUE[PLACE])
    follow(view, TRUE)
    assert view.get_head() == root(TRUE[-1])
    assert view.finalized.epoch == 4


def test_invalid_state_for_a_trusted_checkpoint() -> None:
    trusted, header, state = checkpoint()
    with pytest.raises(RuleError, match="wrong_state_root"):
        get_trusted_state(trusted, header, replace(state, stakes=(400, 0, 0, 0)))
    with pytest.raises(RuleError, match="wrong_parent"):
        get_trusted_state(trusted, FORGED[PLACE].signed_header.header, state)
    with pytest.raises(RuleError, match="wrong_parent"):
        get_trusted_state(trusted, replace(header, state_root=bytes(32)), state)
