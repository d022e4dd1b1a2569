"""Ways to damage a ledger file, from a flipped byte to a block that validators signed and should not have."""

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from simulator.ledger.consensus.proposal import build_vote
from simulator.ledger.consensus.state import get_block_proposer, get_history
from simulator.ledger.consensus.transition import compute_body_root, process_slots
from simulator.ledger.file.seal import PAGE_BYTES, seal, unseal
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    BlockHeader,
    Body,
    Checkpoint,
    ModelRecord,
    Record,
    Retirement,
    SignedHeader,
    SignedMessage,
)
from tests.simulator.ledger.story import BUYER, DEVICES, OWNER, Story, key, reveals

K = TypeVar("K", bound=Record)


def flip_a_byte(path: Path, draw: random.Random) -> None:
    """Change a byte of a closed file."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    path.write_bytes(content)


def flip_a_byte_unsealed(path: Path, draw: random.Random) -> None:
    """Change a byte of a file that was not closed, which may be one without meaning."""
    unseal(path)
    content = bytearray(path.read_bytes())
    content[draw.choice([draw.randrange(PAGE_BYTES - 32), draw.randrange(len(content))])] ^= draw.randrange(1, 256)
    content[PAGE_BYTES - 32 : PAGE_BYTES] = bytes(32)
    path.write_bytes(content)


def cut_or_lengthen(path: Path, draw: random.Random) -> None:
    """Give a closed file another length."""
    content = path.read_bytes()
    length = draw.choice([0, draw.randrange(len(content)), draw.randrange(len(content)) // PAGE_BYTES * PAGE_BYTES])
    path.write_bytes(draw.choice([content[:length], content + content[:PAGE_BYTES], content + b"\0"]))


def change_a_value(path: Path, draw: random.Random) -> None:
    """Change one value of a table, and seal the file again."""
    table, column = draw.choice(
        [("block", "number"), ("block", "root"), *[("block", "data")] * 4, ("record", "number"), ("record", "data")]
        + [("claim", one) for one in ("number", "device", "sequence", "block", "place", "first_record")]
        + [("node", one) for one in ("tree", "height", "place", "hash")]
        + [("meta", "value")] * 4
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        values = [one for (one,) in database.execute(f"SELECT {column} FROM {table}")]  # noqa: S608 - names of our own
        value = draw.choice(values or [0])
        if isinstance(value, int):
            changed: int | bytes = value + draw.choice([-1, 1, 1000])
        else:
            content = bytearray(value or b"\0")
            content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
            changed = bytes(content)
        statement = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608 - names of our own
        database.execute(statement, (changed, value))
    seal(path)


def remove_or_add_a_row(path: Path, draw: random.Random) -> None:
    """Remove a row, or add one, and seal the file again."""
    statement = draw.choice(
        [
            "DELETE FROM block WHERE number = (SELECT max(number) FROM block)",
            "DELETE FROM block WHERE number = 7",
            "DELETE FROM claim WHERE number = 5",
            "DELETE FROM record WHERE number = 9",
            "DELETE FROM meta WHERE name = 'head'",
            "DELETE FROM meta WHERE name = 'state'",
            "UPDATE meta SET value = x'' WHERE name = 'head'",
            "INSERT INTO meta VALUES ('more', x'00')",
            "INSERT INTO record SELECT max(number) + 1, x'00' FROM record",
            "INSERT INTO claim SELECT max(number) + 1, 9, 9, 1, 0, 1 FROM claim",
            "INSERT INTO node VALUES (77, 6, 0, x'00')",
            "INSERT INTO block SELECT max(number) + 1, x'00', data FROM block",
            "UPDATE meta SET value = x'0000000000000003' WHERE name = 'finalized'",
            "UPDATE meta SET value = x'00000000000000ff' WHERE name = 'finalized'",
            "UPDATE block SET data = CAST(data || x'00' AS BLOB) WHERE number = 3",
        ]
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)
    seal(path)


def change_nothing(path: Path, draw: random.Random) -> None:
    """Leave a good file good."""


DAMAGES: Sequence[Callable[[Path, random.Random], None]] = (
    change_nothing,
    flip_a_byte,
    flip_a_byte_unsealed,
    cut_or_lengthen,
    change_a_value,
    change_a_value,
    remove_or_add_a_row,
)


WAYS = (
    "a gap in a device's claims",
    "an interval claimed twice",
    "energy from nowhere",
    "energy below zero",
    "a claim signed by another device",
    "a claim for another chain",
    "units used twice",
    "units used by a stranger",
    "a gap in a holder's messages",
    "units without an end",
    "a device registered twice",
    "task records that another opened",
    "a block signed by another",
    "a slot of the past",
    "another history",
    "a block left out",
    "a vote for another chain",
    "a vote from nowhere",
    "a vote of the future",
    "a vote that counts twice",
    "a vote that is not signed",
)
"""Names of the ways to lie."""


class Liar:
    """The validators of a story, once they sign what they should not: each way adds one false block to it."""

    def __init__(self, story: Story) -> None:
        """Go on from a story, at the second slot of an epoch."""
        self.story = story
        self.slot = story.replay.consensus.slot + 2
        self.state = process_slots(story.replay.consensus, self.slot)
        self.epoch = self.slot // story.genesis.config.slots_per_epoch

    def ways(self) -> dict[str, Callable[[], Block]]:
        """Return the ways to lie by their names."""
        claim, later = self.story.claim(0, self.epoch), self.story.claim(0, self.epoch + 1)
        twice = replace(claim, start=claim.start - 20, end=claim.end - 20)
        _, used = self.told(Retirement)
        opened, records = self.told(ModelRecord)
        by_another = replace(records, validator=2)
        number = self.story.replay.ledger.holders[BUYER.public]
        again = replace(used, sequence=number + 1)
        negative = replace(claim, curtailed=-1, export=claim.export + claim.curtailed + 1)
        empty = replace(again, lots=replace(used.lots, end=used.lots.first))
        vote = replace(build_vote(self.state, 0, self.story.signer(self.story.validators[0])).data, slot=self.slot - 1)
        elsewhere = Checkpoint(epoch=vote.target.epoch, root=bytes(32))
        signed = self.story.signed
        return {
            "a gap in a device's claims": lambda: self.block([signed(later, DEVICES[0])]),
            "an interval claimed twice": lambda: self.block([signed(twice, DEVICES[0])]),
            "energy from nowhere": lambda: self.block([signed(replace(claim, export=claim.export + 1), DEVICES[0])]),
            "energy below zero": lambda: self.block([signed(negative, DEVICES[0])]),
            "a claim signed by another device": lambda: self.block([signed(claim, DEVICES[1])]),
            "a claim for another chain": lambda: self.block([replace(signed(claim, DEVICES[0]), chain_id=bytes(32))]),
            "units used twice": lambda: self.block([signed(again, BUYER)]),
            "units used by a stranger": lambda: self.block([signed(again, OWNER)]),
            "a gap in a holder's messages": lambda: self.block([signed(replace(again, sequence=number + 3), BUYER)]),
            "units without an end": lambda: self.block([signed(empty, BUYER)]),
            "a device registered twice": lambda: self.block([self.story.registration(0)]),
            "task records that another opened": lambda: self.block([replace(opened, message=by_another)]),
            "a block signed by another": lambda: self.block([], by=1),
            "a slot of the past": lambda: self.block([], slot=self.slot - 2),
            "another history": lambda: self.block([], history=bytes(32)),
            "a block left out": lambda: self.block([], later=1),
            "a vote for another chain": lambda: self.voting(replace(vote, target=elsewhere)),
            "a vote from nowhere": lambda: self.voting(
                replace(vote, source=replace(elsewhere, epoch=vote.source.epoch))
            ),
            "a vote of the future": lambda: self.voting(replace(vote, slot=self.slot)),
            "a vote that counts twice": lambda: self.voting(vote, times=2),
            "a vote that is not signed": lambda: self.voting(vote, by=key("nobody")),
        }

    def told(self, kind: type[K]) -> tuple[SignedMessage, K]:
        """Return the first message of a kind in the story, with its signature and without."""
        messages = (signed for block in self.story.blocks for signed in block.body.messages)
        return next((signed, signed.message) for signed in messages if isinstance(signed.message, kind))

    def block(
        self,
        messages: Sequence[SignedMessage],
        votes: Sequence[Attestation] = (),
        *,
        by: int = 0,
        slot: int | None = None,
        later: int = 0,
        history: bytes = b"",
    ) -> Block:
        """Return a block whose body and signature are its own; `by` counts from the validator whose turn it is.

        Its number may be a `later` one, and its header state another `history`.
        """
        body = Body(attestations=tuple(votes), messages=tuple(messages))
        proposer, keys = get_block_proposer(self.state), self.story.validators
        header = BlockHeader(
            slot=self.slot if slot is None else slot,
            proposer=proposer,
            number=self.state.blocks + 1 + later,
            parent_root=self.state.head,
            history_root=history or get_history(self.state).root(),
            state_root=self.story.blocks[-1].signed_header.header.state_root,
            body_root=compute_body_root(body),
            randomness_reveal=reveals(proposer).reveal(self.slot),
        )
        signature = keys[(proposer + by) % len(keys)].sign(self.story.chain_id, header)
        return Block(signed_header=SignedHeader(header=header, signature=signature), body=body)

    def voting(self, vote: AttestationData, *, by: SecretKey | None = None, times: int = 1) -> Block:
        """Return a block with a vote."""
        attestation = Attestation(data=vote, signature=(by or self.story.validators[0]).sign(self.story.chain_id, vote))
        return self.block([], [attestation] * times)


def write_lie(story: Story, block: Block, path: Path) -> None:
    """Write a story and a false block after it to a file, and close it."""
    blocks, records = list(story.blocks), list(story.records)
    story.note(block)
    story.snapshots[-1] = b""
    story.write(path)
    story.blocks, story.records = blocks, records
    story.finalized, story.snapshots = story.finalized[: len(blocks)], story.snapshots[: len(blocks)]
