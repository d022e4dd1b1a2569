"""The stand-alone auditor: it knows nothing of this project, and calls good and bad what `verify` does."""

import ast
import hashlib
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.file import shown
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.seal import seal
from simulator.ledger.file.store import create_store
from simulator.ledger.file.verify import verify
from simulator.ledger.record.codec import digest, encode
from simulator.ledger.record.merkle import root_of
from simulator.ledger.record.types import Attestation, DoubleVote, SignedHeader, StakeChange
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.damage import DAMAGES, WAYS, Liar, change_nothing, write_lie
from tests.simulator.ledger.examples import EXAMPLES, audited_ledger, load_example
from tests.simulator.ledger.story import Story, execute, story

AUDITOR = EXAMPLES / "audit_ledger.py"
EPOCHS = 8


def auditor() -> ModuleType:
    return load_example("audit_ledger")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "good.db"
    story().write(path)
    return path.read_bytes()


def verified(path: Path) -> str:
    """Return what `verify` says; nothing where the file is good."""
    try:
        verify(path, execute)
    except (DamagedError, StoreError) as error:
        return str(error)
    return ""


def agreements(good: bytes, folder: Path, count: int, seed: int) -> dict[bool, int]:
    """Damage a file so many times, and return how many were found good, and bad, by both."""
    draw = random.Random(seed)  # noqa: S311 - what to damage
    found = {True: 0, False: 0}
    path = folder / "a.db"
    for number in range(count):
        path.write_bytes(good)
        damage = DAMAGES[number % len(DAMAGES)]
        damage(path, draw)
        first, second = verified(path), audited_ledger(path)
        assert bool(first) == bool(second), (number, damage.__name__, first, second)
        found[not first] += 1
        for one in folder.iterdir():
            one.unlink()
    return found


@pytest.mark.slow
def test_the_auditor_agrees_with_verify(good: bytes, tmp_path: Path) -> None:
    found = agreements(good, tmp_path, 70, seed=1)
    assert min(found.values()) >= 10


@pytest.mark.full
def test_the_auditor_agrees_with_verify_on_a_thousand_files(good: bytes, tmp_path: Path) -> None:
    found = agreements(good, tmp_path, 1000, seed=2)
    assert min(found.values()) >= 140


@pytest.fixture(scope="module")
def liar() -> Liar:
    return Liar(Story().tell(EPOCHS))


@pytest.mark.parametrize("way", WAYS)
def test_invalid_blocks_that_were_signed_all_the_same(liar: Liar, tmp_path: Path, way: str) -> None:
    path = tmp_path / "a.db"
    write_lie(liar.story, liar.ways()[way](), path)
    number = len(liar.story.blocks) + 1
    for said in (verified(path), audited_ledger(path)):
        assert f"block {number}: " in said


def test_each_way_to_lie_is_tried(liar: Liar) -> None:
    assert tuple(liar.ways()) == WAYS


def test_a_good_story_is_good(liar: Liar, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    liar.story.write(path)
    change_nothing(path, random.Random(1))  # noqa: S311 - nothing is drawn
    assert verified(path) == audited_ledger(path) == ""
    assert verify(path, execute).finalized == liar.story.finalized[-1] > 10


def test_stake_that_moves_and_a_slashed_validator_are_followed(tmp_path: Path) -> None:
    story = Story().tell(2)
    change = StakeChange(validator=1, sequence=1, epoch=5, change=-60)
    story.add(8, [*story.claims(2), story.signed(change, story.validators[1])])
    story.add(10, votes=story.votes(9))
    story.add(11)
    story.tell(2)
    vote = story.votes(20)[3]
    other = replace(vote.data, head=bytes(32))
    twice = Attestation(data=other, signature=story.validators[3].sign(story.chain_id, other))
    story.add(20, story.claims(5))
    story.add(22, votes=story.votes(21))
    story.add(23, evidence=[DoubleVote(first=vote, second=twice)])
    story.tell(5)
    consensus = story.replay.consensus
    assert consensus.stakes == (100, 41, 102, 0)
    path = tmp_path / "a.db"
    story.write(path)
    assert verified(path) == audited_ledger(path) == ""
    assert verify(path, execute).finalized > len(story.blocks) - 12


def test_few_voters_make_nothing_final_for_either(tmp_path: Path) -> None:
    # Two of four validators vote, with less than two thirds of the stake.
    story, path = Story(), tmp_path / "a.db"
    for epoch in range(6):
        first = epoch * story.slots_per_epoch
        story.add(first + 1)
        story.add(first + 3, votes=story.votes(first + 2)[:2])
    story.write(path)
    assert verified(path) == audited_ledger(path) == ""
    assert verify(path, execute).finalized == 0
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE meta SET value = x'0000000000000004' WHERE name = 'finalized'")
    seal(path)
    assert "block 4 is said to be the last final one, and is block 0" in verified(path)
    assert audited_ledger(path) == "by the votes, block 0 is final"


def test_the_auditor_sees_one_state_of_a_ledger_while_blocks_are_written(tmp_path: Path) -> None:
    path, story = tmp_path / "a.db", Story().tell(EPOCHS)
    with create_store(path, story.genesis) as store:
        story.append(store, 12)
        with closing(sqlite3.connect(path)) as database:
            audit = auditor().Audit(database)
            story.append(store)
            assert audit.run().startswith("12 blocks, 3 of them final, ")


def test_the_auditor_is_short_and_imports_nothing_of_ours() -> None:
    text = AUDITOR.read_text(encoding="utf-8")
    names = {
        name
        for node in ast.walk(ast.parse(text))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names == {"sqlite3", "sys", "hashlib", "pathlib", "nacl.bindings", "nacl.exceptions"}
    assert len([line for line in text.splitlines() if line.strip()]) <= 232


@dataclass
class Hostile:
    """A ledger of one block whose proposer signs whatever it is told to."""

    slot: int = 1
    body: bytes = b"\x93\x90\x90\x90"

    def write(self, path: Path) -> None:
        """Write the ledger, as far as an auditor gets to see it."""
        chain = Chain()
        (block, records), *_ = chain.blocks(1)
        with create_store(path, chain.genesis) as store:
            store.append(block, records, finalized=1)
        header = replace(block.signed_header.header, slot=self.slot, body_root=root_of(()))
        signature = chain.keys[header.proposer].sign(chain.id, header)
        data = b"\x92" + encode(SignedHeader(header=header, signature=signature)) + self.body
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("UPDATE block SET root = ?, data = ?", (digest(header), data))
        seal(path)


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        (Hostile(), "the table of claims differs"),
        (Hostile(body=b"\x94\x90\x90\x90\x90"), "its body has other parts"),
        (Hostile(body=b"\x93\x91\x05\x90\x90"), "attribute 'raw'"),
        (Hostile(slot=2**62), "it comes after more epochs than are followed"),
    ],
)
def test_what_no_program_of_ours_writes_ends_in_a_line(tmp_path: Path, hostile: Hostile, told: str) -> None:
    path = tmp_path / "a.db"
    hostile.write(path)
    assert verified(path)
    assert told in audited_ledger(path)


def test_what_a_file_says_does_not_steer_the_terminal(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(good)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("INSERT INTO sqlite_master VALUES ('table', char(27) || '[2J', 'x', 9, 'CREATE')")
    seal(path)
    told = ran(path)
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "?[2J" in told.stderr
    assert "\x1b" not in told.stderr


def test_the_auditor_says_how_it_is_called() -> None:
    told = ran()
    assert (told.returncode, told.stderr) == (2, "usage: python audit_ledger.py FILE\n")


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_pipe_is_refused_in_one_line_and_not_waited_for(good: bytes, tmp_path: Path, ending: str) -> None:
    path = tmp_path / "a.db"
    if ending:
        path.write_bytes(good)
    os.mkfifo(tmp_path / f"a.db{ending}")
    assert audited_ledger(path) == f"a.db{ending}: expected a file, got something else"
    assert verified(path) == f"{path}: cannot be used: expected a file, got a pipe or a device"


def test_a_proof_is_not_taken_for_a_damaged_ledger(tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    path.write_text("{}")
    assert audited_ledger(path) == "is a proof, which audit_proof.py checks"


def test_the_auditor_runs_by_itself(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(good)
    told = ran(path)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"{path}: good: {3 * EPOCHS} blocks, ")
    path.write_bytes(good[:-1] + b"?")
    told = ran(path)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"{path}: page {len(good) // 4096} is not as it was sealed\n"


def ran(*arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run the auditor as its reader does, without any of our packages in its way."""
    command = [sys.executable, "-I", str(AUDITOR), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def without_file(_path: Path) -> None:
    """Leave nothing there."""


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (without_file, "No such file or directory"),
        (Path.mkdir, "a.db: expected a file, got something else"),
        (partial(Path.write_bytes, data=b""), "is no ledger: it does not begin as one"),
        (partial(Path.write_text, data="<!doctype html>\n" * 999), "is no ledger: it does not begin as one"),
        (partial(Path.write_text, data="{}"), "is a proof, which audit_proof.py checks"),
    ],
)
def test_what_is_no_ledger_is_a_mistake_and_no_fraud(tmp_path: Path, make: Callable[[Path], object], told: str) -> None:
    path = tmp_path / "a.db"
    make(path)
    found = ran(path)
    assert (found.returncode, found.stdout, found.stderr) == (2, "", f"{path}: {told}\n")


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ([1], "page 1 is not as it was sealed"),
        ([1, 3, 4, 7], "pages 1, 3, 4 and 7 are not as they were sealed"),
        ([1, 2, 3, 4, 5], "pages 1, 2, 3 and 2 others are not as they were sealed"),
    ],
)
def test_pages_are_told_in_words(good: bytes, tmp_path: Path, pages: list[int], told: str) -> None:
    path, damaged = tmp_path / "a.db", bytearray(good)
    for page in pages:
        damaged[4096 * page - 1] ^= 1
    path.write_bytes(damaged)
    assert audited_ledger(path) == told


@pytest.mark.parametrize(
    ("name", "is_simulated"),
    [
        (hashlib.sha256(b"a run").digest(), True),
        (b"a story that is told in 32 bytes", False),
        ("ein Märchen in zweiunddreißig B.".encode()[:32], False),
        (hashlib.sha256(b"a run").digest()[:31], False),
    ],
)
def test_a_ledger_of_a_simulated_cluster_is_called_so(tmp_path: Path, name: bytes, is_simulated: bool) -> None:
    path, story = tmp_path / "a.db", Story(name=name).tell(2)
    story.write(path)
    lines = auditor().audit(path).splitlines()
    assert lines[1:] == [f"{path}: simulated: its name is the digest of a run of `ecochain serve`"] * is_simulated
    assert shown.is_simulated(story.genesis) == is_simulated


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=9000), keep=st.integers(0, 40_000), is_open=st.booleans())
def test_any_bytes_behind_a_beginning_end_in_one_line(
    good: bytes, tmp_path: Path, content: bytes, keep: int, is_open: bool
) -> None:
    path = tmp_path / "a.db"
    # Without a seal in page 1 the rows themselves are read.
    path.write_bytes((good[:4064] + bytes(32) + good[4096:] if is_open else good)[:keep] + content)
    said = auditor().printable(audited_ledger(path))
    assert said or path.read_bytes() == good
    assert "\n" not in said
