"""A validator on a disk: after a crash it goes on where its file ends, and signs nothing twice."""

import resource
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from simulator.ledger.consensus.network import Conditions, Network, Outage
from simulator.ledger.consensus.peer import Answer, Sent
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.seal import log_of
from simulator.ledger.file.store import Records, create_store, open_store
from simulator.ledger.file.verify import verify
from simulator.ledger.node.node import Node, Role
from simulator.ledger.node.signed_file import create_signed, open_signed
from simulator.ledger.record.codec import decode
from simulator.ledger.record.types import Attestation, Block
from tests.simulator.ledger.by_seed.folder import memory_folder
from tests.simulator.ledger.by_seed.plan import plan_of
from tests.simulator.ledger.by_seed.world import World
from tests.simulator.ledger.cases import execute

PLAN = replace(
    plan_of(0, 110), kinds=frozenset(), stakes=(100,) * 4, devices=1, links=96, liar=None, twin=None, faults=()
)


class Cluster:
    """Four validators, each in a folder of its own, on a quiet network."""

    def __init__(self, folder: Path) -> None:
        """Begin all of them."""
        self.folder, self.world = folder, World(PLAN)
        self.nodes = [self._begun(index) for index in range(4)]
        down = Outage(begin=0, end=1 << 30, validator=0)
        self.network = Network(self.nodes, Conditions(seed=1))
        self.without_first = Network(self.nodes, Conditions(seed=2, outages=[down]))

    def role(self, index: int) -> Role:
        return Role(
            identity=self.world.identity(index),
            execute=execute,
            choose=partial(self.world.choose, index),
            told=self.world.told,
        )

    def path(self, index: int) -> Path:
        return self.folder / f"{index}.db"

    def again(self, index: int) -> Node:
        """Kill a validator, and start it again from a copy of its files as they are."""
        left = self.folder / f"{index}-left.db"
        shutil.copy(self.path(index), left)
        shutil.copy(log_of(self.path(index)), log_of(left))
        memory = open_signed(self.folder / f"{index}.signed", self.world.chain_id, index)
        return Node(self.role(index), open_store(left), memory)

    def _begun(self, index: int) -> Node:
        store = create_store(self.path(index), self.world.genesis)
        memory = create_signed(self.folder / f"{index}.signed", self.world.chain_id, index)
        return Node(self.role(index), store, memory)

    def run(self, slots: int) -> None:
        for slot in range(self.network.slot + 1, slots + 1):
            self.network.run(slot)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with memory_folder() as folder:
        found = Cluster(folder)
        yield found
        for one in found.nodes:
            one.close()


def letters(sent: Sequence[Sent], kind: type) -> list[Sent]:
    return [one for one in sent if isinstance(one.letter, kind)]


def test_files_of_all_are_good_and_the_same(cluster: Cluster) -> None:
    cluster.run(40)
    found = []
    for one in cluster.nodes:
        one.store.finalize(one.store.finalized)
        found.append((one.store.head_at(one.store.finalized), one.store.finalized))
        assert one.store.snapshot is not None
    assert len(set(found)) == 1
    assert found[0][1] >= 28
    cluster.nodes.pop(0).close()
    assert verify(cluster.path(0), execute).claims >= 38


def test_a_restart_changes_nothing_that_a_validator_knows(cluster: Cluster) -> None:
    cluster.run(42)
    before, after = cluster.nodes[0], cluster.again(0)
    assert after.peer.view.get_head() == before.peer.view.get_head()
    assert after.peer.view.finalized.root == before.peer.view.finalized.root
    assert set(after.peer.archive) == set(before.peer.archive)
    head = after.peer.view.blocks[after.peer.view.get_head()].state
    assert after.application.states[head.application] == before.application.states[head.application]
    after.close()


@pytest.mark.slow
def test_nothing_is_signed_twice_after_a_restart(cluster: Cluster) -> None:
    """Whatever a validator signs in a slot, it signs before it is killed or after, and not both times."""
    voted = proposed = 0
    for slot in range(13, 29):
        cluster.run(slot - 1)
        first = cluster.again(0)
        before = [*first.on_slot(slot), *first.on_vote_time(slot)]
        first.close()
        second = cluster.again(0)
        after = [*second.on_slot(slot), *second.on_vote_time(slot)]
        second.close()
        voted += len(letters(before, Attestation))
        proposed += len(letters(before, Block))
        assert not (letters(before, Attestation) and letters(after, Attestation))
        assert not (letters(before, Block) and letters(after, Block))
    assert voted >= 4
    assert proposed >= 2


def test_whoever_cannot_write_signs_nothing_and_catches_up(cluster: Cluster) -> None:
    cluster.run(10)
    node = cluster.nodes[0]
    stored = node.store.blocks
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_of(cluster.path(0)).stat().st_size, hard))
    try:
        cluster.without_first.slot = 10
        cluster.without_first.run(14)
        blocks = tuple(cluster.nodes[1].peer.archive.values())
        sent = node.on_letter(1, Answer(blocks), 14)
        for slot in range(15, 23):
            sent += [*node.on_slot(slot), *node.on_vote_time(slot)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [one for one in sent if isinstance(one.letter, Block | Attestation)]
    assert node.failures > 2
    assert node.store.blocks == stored
    again = [letter for slot in range(23, 40) for letter in (*node.on_slot(slot), *node.on_vote_time(slot))]
    assert letters(again, Attestation)
    assert node.store.blocks > stored


def test_a_file_never_claims_more_than_its_blocks_make_final(cluster: Cluster) -> None:
    """Whoever comes back writes many blocks at once, and the power may fail after each of them."""
    cluster.run(10)
    node, found = cluster.nodes[0], []
    append = node.store.append

    def watched(block: Block, records: Records, *, finalized: int | None = None, snapshot: bytes = b"") -> int:
        number = append(block, records, finalized=finalized, snapshot=snapshot)
        replay = Replay(node.store.genesis, execute)
        for place, _, data in node.store.each_block():
            replay.see(place, decode(data, Block))
        found.append((node.store.finalized, replay.finalized))
        return number

    node.store.append = watched  # type: ignore[method-assign]
    cluster.without_first.slot = 10
    cluster.without_first.run(34)
    node.on_letter(1, Answer(tuple(cluster.nodes[1].peer.archive.values())), 34)
    assert len(found) > 10
    assert len(set(found)) > 2
    assert all(noted == proven for noted, proven in found)


def test_a_block_that_is_final_against_the_votes_is_refused(cluster: Cluster) -> None:
    cluster.run(42)
    store = cluster.nodes[0].store
    store.finalize(store.finalized + 2)
    with pytest.raises(DamagedError, match=r"block \d+ is said to be the last final one, and is block \d+$"):
        cluster.again(0)


@pytest.mark.slow
def test_a_chain_of_reveals_is_known_after_a_restart(cluster: Cluster) -> None:
    """Chains of 96 links end: whoever forgot to what it has bound itself would never propose again."""
    cluster.run(100)
    view = cluster.nodes[0].peer.view
    state = process_slots(view.blocks[view.get_head()].state, 101)
    assert any(one.changes for one in state.members)
    for index, member in enumerate(state.members):
        if not cluster.world.identity(index).reveals.leads_to(member.reveal, member.revealed):
            again = cluster.again(index)
            assert again.peer._reveals.get_reveal(member, 101) is not None
            again.close()
