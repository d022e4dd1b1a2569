"""Validators for tests as actors, and a network between them."""

import itertools
from collections.abc import Sequence

from simulator.ledger.consensus.network import Conditions, Network
from simulator.ledger.consensus.peer import Peer
from tests.simulator.ledger.consensus.cluster import count_messages, first_state, identity


def peers(stakes: Sequence[int], *, slots_per_epoch: int = 8) -> list[Peer]:
    state = first_state(stakes, slots_per_epoch=slots_per_epoch)
    return [Peer(identity(index), state, count_messages) for index in range(len(stakes))]


def network(stakes: Sequence[int], conditions: Conditions, *, slots_per_epoch: int = 8) -> tuple[list[Peer], Network]:
    actors = peers(stakes, slots_per_epoch=slots_per_epoch)
    return actors, Network(actors, conditions)


def ancestors(actors: Sequence[Peer], root: bytes) -> set[bytes]:
    """Return a block and all blocks before it, as far as anybody has them."""
    parents = {root: block.signed_header.header.parent_root for one in actors for root, block in one.archive.items()}
    found = {root}
    while root in parents:
        root = parents[root]
        found.add(root)
    return found


def fork(actors: Sequence[Peer]) -> bool:
    """Tell whether two validators hold two blocks for final of which neither comes after the other."""
    final = sorted((one.view.finalized.epoch, one.view.finalized.root) for one in actors)
    return any(earlier not in ancestors(actors, later) for (_, earlier), (_, later) in itertools.combinations(final, 2))


def final_epochs(actors: Sequence[Peer]) -> list[int]:
    return [one.view.finalized.epoch for one in actors]


def heads(actors: Sequence[Peer]) -> set[bytes]:
    return {one.view.get_head() for one in actors}


def run_without_forks(network: Network, actors: Sequence[Peer], slots: int) -> None:
    """Let the network run to a slot, and see at every fourth that there is no fork."""
    for slot in (*range(network.slot + 4, slots, 4), slots):
        network.run(slot)
        assert not fork(actors)
