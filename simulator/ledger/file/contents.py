"""Check of a ledger file's contents: that every row is what the blocks say, and that the blocks hold together.

Each table but those of blocks and records repeats what the blocks say, so that proofs are quick. Here all of it is
computed anew and compared. Signatures, votes and the rules of the chain are another matter:
`simulator.ledger.file.verify`.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.reading import (
    HISTORY,
    LOWEST_STORED,
    META,
    SCHEMA,
    ClaimName,
    ClaimRow,
    Head,
    Reader,
    claims_of,
    head_bytes,
)
from simulator.ledger.file.snapshot import check_snapshot
from simulator.ledger.record.codec import compute_chain_id, decode, digest, encode
from simulator.ledger.record.keys import check
from simulator.ledger.record.merkle import StoredNodes, Tree, root_of
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, Body, Claim, Genesis, SignedHeader

See = Callable[[int, Block], None]
"""Told the number of each block and the block, in order; may raise RuleError, which then is the block's fault."""


def check_contents(reader: Reader, see: See | None = None) -> None:
    """Check every row of a ledger file. Raises DamagedError, which tells the first fault, from the first block on."""
    _Check(reader).run(see or (lambda _number, _block: None))


def body_leaves(body: Body) -> list[bytes]:
    """Return the leaves of the tree whose root a header states."""
    return [encode(one) for one in chain(body.attestations, body.evidence, body.messages)]


def check_signature(signed: SignedHeader, genesis: Genesis) -> None:
    """Check that the proposer of a header signed it, by the keys of a genesis. Raises RuleError."""
    proposer = signed.header.proposer
    if proposer >= len(genesis.validators):
        raise RuleError(Rule.UNKNOWN_SIGNER, f"no validator {proposer}")
    check(genesis.validators[proposer].key, compute_chain_id(genesis), signed.header, signed.signature)


class _Check:
    """The first fault of a ledger file, looked for block by block."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parent = reader.genesis_root
        self._history = StoredNodes()
        self._record = self._claim = 1
        self._nodes = 0
        self._snapshot = reader.snapshot
        self._claims: Iterator[ClaimRow | None] = chain(reader.each_claim(), repeat(None))

    def run(self, see: See) -> None:
        reader = self._reader
        for fault in reader.integrity():
            raise self._damaged(f"SQLite finds: {fault}")
        if reader.schema() != list(SCHEMA):
            raise self._damaged("its tables are not those of a ledger")
        for number, root, data in reader.each_block():
            if number != self._blocks + 1:
                raise self._damaged(f"block {self._blocks + 1} is missing")
            try:
                block = decode(data, Block)
                self._check_block(number, root, block)
                see(number, block)
                if self._snapshot is not None and self._snapshot.number == number:
                    check_snapshot(self._snapshot, reader.genesis_root, block.signed_header.header)
            except RuleError as error:
                raise self._damaged(f"block {number}: {error}") from error
        self._check_nodes(HISTORY, self._history.heights, "history")
        if self._reader.meta("head") != head_bytes(Head(self._blocks, self._history.tree.root())):
            raise self._damaged(f"its head is not that of its {self._blocks} blocks")
        self._check_counts()

    @property
    def _blocks(self) -> int:
        return self._history.tree.size

    def _check_block(self, number: int, root: bytes, block: Block) -> None:
        header = block.signed_header.header
        if digest(header) != root:
            raise self._damaged(f"block {number}: its root is not that of its header")
        if header.parent_root != self._parent:
            raise self._damaged(f"block {number}: it does not follow the block before it")
        if (header.number, header.history_root) != (number, self._history.tree.root()):
            raise self._damaged(f"block {number}: its header states other blocks before it")
        if root_of(body_leaves(block.body)) != header.body_root:
            raise self._damaged(f"block {number}: its body is not the one that its header is about")
        self._parent = root
        self._history.extend([root])
        for place, claim in claims_of(block):
            self._check_claim(number, place, claim)

    def _check_claim(self, block: int, place: int, claim: Claim) -> None:
        name = ClaimName(claim.device, claim.sequence)
        where = f"block {block}: claim {name}"
        expected = ClaimRow(
            number=self._claim,
            name=name,
            block=block,
            place=place,
            first_record=self._record,
        )
        if next(self._claims) != expected:
            raise self._damaged(f"{where}: the table of claims does not say where it lies")
        tree = Tree()
        completed = tree.extend(self._reader.records(self._record, claim.records))
        if (tree.size, tree.root()) != (claim.records, claim.records_root):
            raise self._damaged(f"{where}: its task records are not those that it states the root of")
        self._check_nodes(self._claim, completed, where)
        self._claim, self._record = self._claim + 1, self._record + claim.records

    def _check_nodes(self, tree: int, completed: Sequence[Sequence[bytes]], where: str) -> None:
        expected = [
            (height, place, found)
            for height, hashes in enumerate(completed)
            if height >= LOWEST_STORED
            for place, found in enumerate(hashes)
        ]
        if self._reader.stored_nodes(tree) != expected:
            raise self._damaged(f"{where}: the table of Merkle nodes does not have those of its tree")
        self._nodes += len(expected)

    def _check_counts(self) -> None:
        """Check that no table holds more than what was found by following the blocks."""
        counts = {
            "meta": len(META),
            "block": self._blocks,
            "claim": self._claim - 1,
            "record": self._record - 1,
            "node": self._nodes,
        }
        for table, count in counts.items():
            if self._reader.count(table) != count:
                raise self._damaged(f"the table {table} has rows that belong to no block")
        if self._snapshot is not None and not 0 < self._snapshot.number <= self._blocks:
            raise self._damaged("the state that is kept is of no block")
        if self._reader.finalized > self._blocks:
            raise self._damaged(f"block {self._reader.finalized} was final, and is missing")

    def _damaged(self, what: str) -> DamagedError:
        return DamagedError(f"{self._reader.path}: {what}")
