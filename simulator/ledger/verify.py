"""Verification of a ledger file from its beginning: bytes, rows, signatures and the rules of the chain."""

from dataclasses import dataclass
from pathlib import Path

from simulator.ledger.codec import compute_chain_id
from simulator.ledger.contents import check_contents
from simulator.ledger.faults import DamagedError, told
from simulator.ledger.keys import check
from simulator.ledger.reading import Head, Reader, open_reader
from simulator.ledger.rules import Rule, RuleError
from simulator.ledger.types import Block, Genesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a good ledger file holds; `is_sealed` says whether every byte was checked, or every row."""

    head: Head
    finalized: int
    claims: int
    records: int
    is_sealed: bool


def verify(path: Path, trusted: Head | None = None) -> Verified:
    """Check a ledger file, and that it begins with the blocks of a head that is trusted.

    Raises DamagedError, which tells the first fault, and StoreError where it cannot be read.
    """
    with told(path), open_reader(path) as reader:
        check_contents(reader, Signatures(reader.genesis).see)
        _check_trusted(reader, trusted)
        return Verified(
            head=reader.head(),
            finalized=reader.finalized,
            claims=reader.count("claim"),
            records=reader.count("record"),
            is_sealed=reader.is_sealed,
        )


def _check_trusted(reader: Reader, trusted: Head | None) -> None:
    if trusted is None:
        return
    if trusted.blocks > reader.blocks:
        what = f"has {reader.blocks} blocks, and had {trusted.blocks} at the trusted head"
    elif reader.head_at(trusted.blocks) != trusted:
        what = f"its first {trusted.blocks} blocks are not those of the trusted head"
    else:
        return
    raise DamagedError(f"{reader.path}: {what}")


class Signatures:
    """Check of who signed blocks."""

    def __init__(self, genesis: Genesis) -> None:
        self._chain_id = compute_chain_id(genesis)
        self._validators = [one.key for one in genesis.validators]

    def see(self, number: int, block: Block) -> None:  # noqa: ARG002 - each block is checked alike
        """Check the signature of a block's proposer. Raises RuleError."""
        header = block.signed_header.header
        if header.proposer >= len(self._validators):
            raise RuleError(Rule.UNKNOWN_SIGNER, f"no validator {header.proposer}")
        check(self._validators[header.proposer], self._chain_id, header, block.signed_header.signature)
