"""Benchmark of the ledger's store on one core: records into it, proofs out of it, and its verification.

`python -m bench.ledger_store_bench --record` takes a minute and writes `bench/results/ledger-store.md`. Times are CPU
times of this process; what waits for the disk is given by the clock as well.
"""

import argparse
import gc
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench.record import record, table
from simulator.ledger.file.contents import body_leaves
from simulator.ledger.file.proofs import check_proof, proof_bytes, prove_claim, prove_growth
from simulator.ledger.file.reading import ClaimName, Reader, open_reader
from simulator.ledger.file.replay import Replay
from simulator.ledger.file.seal import check_seal
from simulator.ledger.file.store import create_store, open_store
from simulator.ledger.file.verify import verify
from simulator.ledger.record.codec import encode
from simulator.ledger.record.merkle import (
    StoredNodes,
    Tree,
    check_inclusion,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
)
from simulator.ledger.record.types import Block, BlockHeader, Body, Claim, SignedHeader, SignedMessage, TaskRecord
from tests.simulator.ledger.story import Story, execute

RECORDS = 1_000_000
"""Records of the ledger from which proofs are made: those of the issue."""

DEVICES, RECORDS_OF_A_CLAIM = 10, 500
"""Devices that claim in a block, and the task records of a claim."""

RECORDS_ASKED, PROOF_ASKED = 50_000, 1e-3
"""Records per second into the store, and seconds of an inclusion proof, that are asked for."""

ROUNDS = 200

T = TypeVar("T")

DIGEST = hashlib.sha256(b"bench").digest()


def main() -> None:
    """Print the tables, and record them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/ledger-store.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [tree(), writing(folder / "many.db"), proving(folder), verifying(folder)]
    print("\n\n".join(parts))
    if options.record:
        record("ledger-store", ["The store of the ledger on one core", *parts])


def tree() -> str:
    """Return what the Merkle tree takes in memory."""
    records = [encode(task(number)) for number in range(RECORDS)]
    nodes = StoredNodes()
    begin = time.process_time()
    nodes.extend(records)
    per_second = RECORDS / (time.process_time() - begin)
    root, places = nodes.tree.root(), [number * 4999 % RECORDS for number in range(ROUNDS)]
    paths = [inclusion_path(place, RECORDS, nodes.node) for place in places]
    rows = [
        ("inclusion path", each(places, lambda place: inclusion_path(place, RECORDS, nodes.node))),
        ("consistency path", each(places[1:], lambda place: consistency_path(place, RECORDS, nodes.node))),
        (
            "check of an inclusion path",
            each(range(ROUNDS), lambda one: check_one(records[places[one]], places[one], paths[one], root)),
        ),
    ]
    longest = max(len(path) for path in paths) * 32
    told = (
        f"A tree grows by {per_second:,.0f} records of {len(records[0])} bytes per second. With {RECORDS:,} records a "
        f"path has at most {longest} bytes."
    )
    return f"## The tree in memory\n\n{told}\n\n{times(rows)}"


def check_one(data: bytes, place: int, path: list[bytes], root: bytes) -> None:
    """Check one path of the large tree."""
    check_inclusion(leaf_hash(data), place, RECORDS, path, root)


def writing(path: Path) -> str:
    """Return what records take on their way into the store: encoding, Merkle roots, rows, commits and the seal."""
    story = Story()
    per_block = DEVICES * RECORDS_OF_A_CLAIM
    count = RECORDS // per_block
    tasks = [[task(number) for number in range(device, device + RECORDS_OF_A_CLAIM)] for device in range(DEVICES)]
    parent, history = story.chain_id, Tree()
    gc.collect()
    begin, cpu = time.perf_counter(), time.process_time()
    with create_store(path, story.genesis) as store:
        for number in range(1, count + 1):
            records = {ClaimName(device, number): [encode(one) for one in tasks[device]] for device in range(DEVICES)}
            messages = [claim(name, root_of(leaves)) for name, leaves in records.items()]
            block = block_of(story, parent, history, messages)
            parent = hashlib.sha256(encode(block.signed_header.header)).digest()
            history.extend([parent])
            store.append(block, records)
        closing = time.perf_counter()
    spent, clock = time.process_time() - cpu, time.perf_counter() - begin
    sealing, size = time.perf_counter() - closing, path.stat().st_size
    begin = time.process_time()
    check_seal(path)
    sealed = time.process_time() - begin
    begin = time.process_time()
    open_store(path).close()
    opened = time.process_time() - begin
    rows = [
        ("records into the store per second of CPU time", f"{RECORDS / spent:,.0f}"),
        ("the same by the clock, each block on the disk", f"{RECORDS / clock:,.0f}"),
        ("blocks per second by the clock", f"{count / clock:,.0f}"),
        ("bytes of the file per record", f"{size / RECORDS:.0f}"),
        ("seconds to close and seal the file, by the clock", f"{sealing:.2f}"),
        ("MB per second that the check of the seal reads", f"{size / sealed / 1e6:,.0f}"),
        ("seconds to open it, check every byte, and seal it again", f"{opened:.2f}"),
    ]
    told = (
        f"{RECORDS:,} records in {count} blocks of {DEVICES} claims of {RECORDS_OF_A_CLAIM} records; "
        f"{RECORDS_ASKED:,} records per second are asked for. Each root is computed twice: for the claim, and by the "
        "store, which believes nobody."
    )
    return f"## Into the store\n\n{told}\n\n{table(['', 'figure'], rows)}"


def proving(folder: Path) -> str:
    """Return what proofs take from files of a million records: in many claims, and in one."""
    path = folder / "one.db"
    story, name = Story(), ClaimName(0, 1)
    with create_store(path, story.genesis) as store:
        leaves = [encode(task(number)) for number in range(RECORDS)]
        block = block_of(story, story.chain_id, Tree(), [claim(name, root_of(leaves), RECORDS)])
        store.append(block, {name: leaves})
        del leaves
    rows = []
    with open_reader(path) as reader:
        rows.append(("task record, a million in one claim", each(places(), lambda at: prove_claim(reader, name, at))))
    with open_reader(folder / "many.db") as reader:
        rows += proofs_of_many(reader)
    longest = max(rows, key=lambda row: row[1])
    told = (
        f"A proof is made from the file, with {RECORDS:,} records in it; {PROOF_ASKED * 1e3:g} ms are asked for, the "
        f"slowest takes {longest[1] * 1e3:.2f} ms."
    )
    return f"## Proofs\n\n{told}\n\n{times(rows)}"


def proofs_of_many(reader: Reader) -> list[tuple[str, float]]:
    """Return what proofs take from a file of many claims."""
    blocks = reader.blocks
    names = [ClaimName(at % DEVICES, at % blocks + 1) for at in places()]
    proof = prove_claim(reader, names[0], 7)
    growth = prove_growth(reader, blocks // 3)
    return [
        ("claim", each(names, lambda name: prove_claim(reader, name))),
        ("task record, a million in many claims", each(names, lambda name: prove_claim(reader, name, 7))),
        ("growth between two heads", each(places(), lambda at: prove_growth(reader, at % blocks + 1))),
        ("check of a claim and a record", each(range(ROUNDS), lambda _: check_proof(proof))),
        ("check of growth", each(range(ROUNDS), lambda _: check_proof(growth))),
        ("writing a proof", each(range(ROUNDS), lambda _: proof_bytes(proof))),
    ]


def verifying(folder: Path) -> str:
    """Return what the verification of whole files takes."""
    rows = []
    for validators in (4, 32):
        story = Story(validators, slots_per_epoch=60).tell(20)
        path = folder / f"{validators}.db"
        story.write(path)
        begin = time.process_time()
        replay = Replay(story.genesis, execute)
        for number, block in enumerate(story.blocks, 1):
            replay.see(number, block)
        replayed = len(story.blocks) / (time.process_time() - begin)
        begin = time.process_time()
        verify(path, execute)
        verified = len(story.blocks) / (time.process_time() - begin)
        signatures = sum(1 + len(one.body.attestations) + len(one.body.messages) for one in story.blocks)
        per_block = signatures / len(story.blocks)
        rows.append([f"{validators}", f"{per_block:.1f}", f"{replayed:,.0f}", f"{verified:,.0f}"])
    told = (
        "Chains of 20 epochs of 60 slots: in each, three devices claim, all validators vote, records are opened and "
        "units change hands. A file is verified byte by byte, row by row and rule by rule; 1,000 blocks per second are "
        "asked for at 4 validators and 200 at 32."
    )
    head = ["validators", "signatures of a block", "blocks per second, replayed", "blocks per second, file verified"]
    return f"## Verification\n\n{told}\n\n{table(head, rows)}"


def places() -> Iterator[int]:
    """Yield places all over a million records."""
    return (number * 4999 % RECORDS for number in range(1, ROUNDS))


def each(values: Iterable[T], operation: Callable[[T], object]) -> float:
    """Return the median CPU time of an operation on each of some values."""
    spent = []
    for value in values:
        begin = time.process_time()
        operation(value)
        spent.append(time.process_time() - begin)
    return median(spent)


def times(rows: Iterable[tuple[str, float]]) -> str:
    """Return a table of times."""
    return table(["median CPU time", "ms"], [[name, f"{one * 1e3:.3f}"] for name, one in rows])


def task(number: int) -> TaskRecord:
    """Return a task record."""
    return TaskRecord(
        task=number,
        task_class=number % 3,
        arrived=1000 * number,
        finished=1000 * number + 400,
        deadline=1000 * number + 900,
        model=DIGEST,
        input_seed=number * 7919,
        output=number % 10,
    )


def claim(name: ClaimName, root: bytes, records: int = RECORDS_OF_A_CLAIM) -> SignedMessage:
    """Return a claim about records, with a signature that nobody checks here."""
    message = Claim(
        device=name.device,
        sequence=name.sequence,
        start=300 * name.sequence,
        end=300 * name.sequence + 300,
        generation=9_000_000,
        load=9_000_000,
        grid_import=0,
        export=0,
        charge=0,
        discharge=0,
        curtailed=0,
        intensity=400_000,
        intensity_source=DIGEST,
        tasks=(records, 0),
        records=records,
        records_root=root,
        models=DIGEST,
    )
    return SignedMessage(chain_id=DIGEST, message=message, signature=bytes(64))


def block_of(story: Story, parent: bytes, history: Tree, messages: list[SignedMessage]) -> Block:
    """Return the block of claims that follows a history, signed by a validator; nobody checks its state here."""
    body = Body(messages=tuple(messages))
    header = BlockHeader(
        slot=history.size + 1,
        proposer=0,
        number=history.size + 1,
        parent_root=parent,
        history_root=history.root(),
        state_root=DIGEST,
        body_root=root_of(body_leaves(body)),
        randomness_reveal=DIGEST,
    )
    signature = story.validators[0].sign(story.chain_id, header)
    return Block(signed_header=SignedHeader(header=header, signature=signature), body=body)


if __name__ == "__main__":
    main()
