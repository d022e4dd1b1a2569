"""Benchmark of the consensus on one core: making blocks, checking them, and what last revealers gain.

`python -m bench.consensus_bench --record` writes `bench/results/consensus.md`. Times are CPU times of this process.
Blocks hold the votes of a chain on which every validator votes once in an epoch, and no messages.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median

from bench.record import record, table
from simulator.ledger.consensus.network import Conditions
from simulator.ledger.consensus.proposal import build_block, build_vote, select_body
from simulator.ledger.consensus.state import State, get_block_proposer, get_voting_slot
from simulator.ledger.consensus.transition import process_slots, state_transition
from simulator.ledger.record.types import Attestation, Block
from tests.simulator.ledger.consensus.bias import expected_best, greedy_share, measured_share
from tests.simulator.ledger.consensus.chain import signer
from tests.simulator.ledger.consensus.cluster import count_messages, first_state, identity
from tests.simulator.ledger.consensus.nodes import network

ROUNDS = 5
EPOCHS = 8
"""Epochs of a chain that is checked."""
SLOTS_PER_EPOCH = 60
ASKED = {4: 1000, 32: 200}
"""Blocks per second that are asked for, by validators."""
BLOCK_SECONDS = 0.02
"""Longest that a block at 32 validators may take."""
BIAS_EPOCHS = 5000
"""Epochs in which the choice of last revealers is measured."""


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/consensus.md")
    options = parser.parse_args()
    parts = [speed(), "## Last revealers", bias()]
    print("\n\n".join(parts))
    if options.record:
        record("consensus", ["The consensus on one core", *parts])


def speed() -> str:
    """Return the table of making and checking blocks, by validators."""
    head = [
        "validators",
        "votes in a block",
        "making a block, ms",
        "with all votes, ms",
        "checking, blocks/s",
        "asked",
        "a slot of all validators, ms",
    ]
    return table(head, [_row(validators, asked) for validators, asked in ASKED.items()])


def _row(validators: int, asked: int) -> list[str]:
    start, blocks, making = chain(validators)
    fullest = fullest_block(start)
    checking = len(blocks) / median(_seconds(lambda: check_all(start, blocks)) for _ in range(ROUNDS))
    assert fullest < BLOCK_SECONDS
    assert checking > asked
    return [
        str(validators),
        f"{sum(len(block.body.attestations) for block in blocks) / len(blocks):.2f}",
        f"{1000 * median(making):.2f}",
        f"{1000 * fullest:.2f}",
        f"{checking:,.0f}",
        f"{asked:,}",
        f"{1000 * slot_of_all(validators):.1f}",
    ]


def _seconds(task: Callable[[], object]) -> float:
    """Return the CPU time of a task."""
    begin = time.process_time()
    task()
    return time.process_time() - begin


def fullest_block(start: State) -> float:
    """Return what it takes to make a block with a vote of every validator, and to check it once more, in s."""
    state = state_transition(count_messages, start, make(process_slots(start, 1), ()))
    here = process_slots(state, 2)
    votes = [build_vote(here, index, signer(state.chain_id, index)) for index in range(len(state.members))]
    later = process_slots(state, 3)
    return median(_seconds(lambda: state_transition(count_messages, state, make(later, votes))) for _ in range(ROUNDS))


def slot_of_all(validators: int) -> float:
    """Return the CPU time of all validators together, each with a view of its own, for a slot of a quiet network."""
    _, net = network((100,) * validators, Conditions(seed=1), slots_per_epoch=SLOTS_PER_EPOCH)
    net.run(SLOTS_PER_EPOCH)
    return _seconds(lambda: net.run(3 * SLOTS_PER_EPOCH)) / (2 * SLOTS_PER_EPOCH)


def chain(validators: int) -> tuple[State, list[Block], list[float]]:
    """Return the beginning of a chain, the blocks of some epochs, and what the making of each took, in s."""
    start = state = first_state((100,) * validators, slots_per_epoch=SLOTS_PER_EPOCH)
    pool: list[Attestation] = []
    blocks, making = [], []
    for slot in range(1, EPOCHS * SLOTS_PER_EPOCH):
        here = process_slots(state, slot)
        begin = time.process_time()
        block = make(here, pool)
        making.append(time.process_time() - begin)
        state = state_transition(count_messages, state, block)
        blocks.append(block)
        due = [index for index in range(validators) if get_voting_slot(state, index) == slot]
        pool = [build_vote(state, index, signer(state.chain_id, index)) for index in due]
    assert state.finalized.epoch >= EPOCHS - 3
    return start, blocks, making


def make(state: State, votes: Sequence[Attestation]) -> Block:
    """Return the block of a slot with all votes."""
    proposer = get_block_proposer(state)
    reveal = identity(proposer).reveals.reveal(state.slot)
    return build_block(count_messages, state, reveal, select_body(state, votes, ()), signer(state.chain_id, proposer))


def check_all(state: State, blocks: Sequence[Block]) -> State:
    """Return the state after blocks, of which each is checked in full."""
    for block in blocks:
        state = state_transition(count_messages, state, block)
    return state


def bias() -> str:
    """Return the table of what a share of stake wins by withholding blocks, and could win if it chose its reveals."""
    head = ["share of stake", "share of slots, computed", "measured", "if reveals were signatures, a million tries"]
    rows = []
    for thirtieths in (3, 6, 9, 10):
        share = thirtieths / 30
        rows.append(
            [
                f"{share:.1%}",
                f"{greedy_share(share, SLOTS_PER_EPOCH):.2%}",
                f"{measured_share(thirtieths, 30, SLOTS_PER_EPOCH, BIAS_EPOCHS):.2%}",
                f"{expected_best(share, SLOTS_PER_EPOCH, 2**20) / SLOTS_PER_EPOCH:.0%}",
            ]
        )
    return table(head, rows)


if __name__ == "__main__":
    main()
