"""A chain that is taken up again: from a snapshot it goes on exactly as from its first block."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.reading import Reader, open_reader
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.seal import unseal
from simulator.ledger.file.snapshot import Snapshot
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.story import DEVICES, Story, execute


@pytest.fixture(scope="module")
def story() -> Story:
    return Story().tell(8)


@pytest.mark.parametrize("kept", [1, 2, 10, 23, 24])
def test_a_chain_goes_on_from_any_snapshot(story: Story, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.db"
    with create_store(path, story.genesis) as store:
        for number, block in enumerate(story.blocks, 1):
            snapshot = story.snapshots[number - 1] if number == kept else b""
            store.append(block, story.records[number - 1], snapshot=snapshot)
    with open_reader(path) as reader:
        again = Replay(reader.genesis, execute)
        assert reader.snapshot is not None
        again.resume(reader.snapshot, reader.each_block())
    assert again.consensus == story.replay.consensus
    assert again.ledger == story.replay.ledger
    assert again.finalized == story.replay.finalized == 15


def test_outputs_of_unknown_models_are_those_that_were_opened(story: Story) -> None:
    knowing, replay = Replay(story.genesis, execute), Replay(story.genesis, lambda _model, _seed: None)
    for number, block in enumerate(story.blocks, 1):
        knowing.see(number, block)
        replay.see(number, block)
    assert replay.ledger == knowing.ledger == story.replay.ledger
    assert (knowing.executed, knowing.believed) == (replay.believed, replay.executed)
    assert replay.believed > 10 > replay.executed == 0


def test_invalid_false_output_of_a_known_model(story: Story) -> None:
    replay = Replay(story.genesis, lambda _model, _seed: 11)
    with pytest.raises(RuleError) as refused:
        for number, block in enumerate(story.blocks, 1):
            replay.see(number, block)
    # The first record of each device convicts it, and nothing else of it is executed: the state is another one.
    assert refused.value.rule is Rule.WRONG_STATE_ROOT
    assert replay.executed == len(DEVICES)


def test_a_snapshot_of_a_block_that_was_replaced_is_dropped(story: Story, tmp_path: Path) -> None:
    path, other = tmp_path / "a.db", Story().tell(2)
    other.add(11)
    with create_store(path, story.genesis) as store:
        story.append(store, 8)
        assert kept_at(store) == 8
        assert store.append(other.blocks[6], {}) == 7
        assert kept_at(store) is None
    open_store(path).close()


def kept_at(reader: Reader) -> int | None:
    """Return the number of the block whose state is kept, if one is."""
    snapshot = reader.snapshot
    return None if snapshot is None else snapshot.number


def altered(snapshot: Snapshot) -> list[Snapshot]:
    """Return snapshots that are not that of their block."""
    parts = list(snapshot.parts)
    parts[-1] = parts[-1][:-1] + bytes([parts[-1][-1] ^ 1])
    return [
        replace(snapshot, consensus=snapshot.consensus[:-1] + bytes([snapshot.consensus[-1] ^ 1])),
        replace(snapshot, parts=tuple(parts)),
        replace(snapshot, number=snapshot.number - 1),
        replace(snapshot, number=snapshot.number + 1),
        replace(snapshot, number=0),
    ]


def test_invalid_snapshots_are_found(story: Story, tmp_path: Path) -> None:
    for number, snapshot in enumerate(altered(decode(story.snapshots[-1], Snapshot))):
        path = tmp_path / f"{number}.db"
        with create_store(path, story.genesis) as store:
            for block, records in zip(story.blocks, story.records, strict=True):
                store.append(block, records, snapshot=encode(snapshot))
        unseal(path)
        with pytest.raises(DamagedError, match=r"the state that is kept is|the accounts that are kept are"):
            open_store(path)


def test_a_replay_refuses_what_breaks_a_rule(story: Story) -> None:
    replay = Replay(story.genesis, execute)
    with pytest.raises(RuleError) as refused:
        replay.see(1, story.blocks[1])
    assert refused.value.rule is Rule.WRONG_PARENT
    with pytest.raises(RuleError) as refused:
        Replay(replace(story.genesis, validators=story.genesis.validators[:1] * 2), execute)
    assert refused.value.rule is Rule.KEY_REUSE
