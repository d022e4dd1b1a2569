"""Proofs that stand alone: that a claim or a task record is in a ledger, and that a ledger only grew.

A proof ends at a head: the number of blocks and the root of the tree of all their roots. With it comes the header of
the head's last block, in which the block's proposer signed the blocks before it, and the genesis with the keys of all
validators, whose digest is the chain's id. Bytes are base64 in the file; a path is its hashes in a row.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec

from exporter.core.regular_file import read_file
from simulator.ledger.file.contents import body_leaves, check_signature
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.measured import Measured, measured_by, read_subject, sentences
from simulator.ledger.file.reading import ClaimName, ClaimRow, Head, Reader
from simulator.ledger.file.shown import SIMULATED, is_simulated
from simulator.ledger.record.codec import decode, digest, encode
from simulator.ledger.record.merkle import (
    HASH_BYTES,
    InvalidProofError,
    ProofFault,
    StoredNodes,
    Tree,
    check_consistency,
    check_inclusion,
    consistency_path,
    inclusion_path,
    leaf_hash,
)
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import BlockHeader, Claim, Genesis, SignedHeader, SignedMessage, TaskRecord


class ProofError(Exception):
    """A proof that cannot be made or does not hold; the text says why."""


FORMAT: Literal[3] = 3
"""Format of a ledger's blocks and signatures, which a proof is of as well."""


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A proof, and the format that it is of."""

    format: Literal[3]


class _AnyFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Kind and format of a proof; those of formats 1 and 2 have no number."""

    kind: Literal["claim", "growth"]
    format: int | None = None


class ShownHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A head as a proof shows it, its root in hexadecimal.

    `last` is the signed header of its last block. The path of that block's root is that of the last leaf, so its hashes
    are the peaks of the tree of all blocks before it: it leads to the head, and without the leaf to what was signed.
    """

    blocks: int
    root: str
    last: bytes
    path: bytes

    def head(self) -> Head:
        """Return the head. Raises ProofError where its root is no hexadecimal number in small letters."""
        with suppress(ValueError):
            root = bytes.fromhex(self.root)
            if root.hex() == self.root:
                return Head(self.blocks, root)
        raise ProofError(f'the root of a head is no hexadecimal number: "{self.root}"')


class RecordProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task record and its path to the root that its claim states."""

    place: int
    record: bytes
    path: bytes


class ClaimProof(_Shape, frozen=True, tag="claim"):
    """A signed claim, its path to the body of a block, and the block's path to a head.

    That of a measured host shows what the claim says of its hour, and has one form only: as it was written.
    """

    claim: str
    message: bytes
    place: int
    leaves: int
    body_path: bytes
    header: bytes
    block: int
    history_path: bytes
    head: ShownHead
    genesis: bytes
    record: RecordProof | None = None
    measured: Measured | msgspec.UnsetType = msgspec.UNSET


class GrowthProof(_Shape, frozen=True, tag="growth"):
    """A path that shows that the ledger of one head begins with all blocks of that of an older one."""

    old: ShownHead
    head: ShownHead
    path: bytes
    genesis: bytes


Proof = ClaimProof | GrowthProof


def prove_claim(reader: Reader, name: ClaimName, record: int | None = None) -> ClaimProof:
    """Return the proof that a claim is in a ledger, and one of its task records, by its place, if asked for.

    Raises ProofError where there is no such claim or record, and DamagedError.
    """
    row = reader.claim_row(name)
    if row is None:
        raise ProofError(f"{reader.path}: has no claim {name}")
    block, claim = reader.block_and_claim(row)
    leaves = body_leaves(block.body)
    tree = StoredNodes()
    tree.extend(leaves)
    head = reader.head()
    return ClaimProof(
        format=FORMAT,
        claim=str(name),
        message=leaves[row.place],
        place=row.place,
        leaves=len(leaves),
        body_path=b"".join(inclusion_path(row.place, len(leaves), tree.node)),
        header=encode(block.signed_header.header),
        block=row.block,
        history_path=b"".join(inclusion_path(row.block - 1, head.blocks, reader.nodes_of_history())),
        head=_shown(reader, head.blocks),
        genesis=encode(reader.genesis),
        record=None if record is None else _prove_record(reader, row, claim, record),
    )


def _prove_record(reader: Reader, row: ClaimRow, claim: Claim, place: int) -> RecordProof:
    if not 0 <= place < claim.records:
        raise ProofError(f"{reader.path}: claim {row.name} has {claim.records} task records, numbered from 0")
    found = reader.records(row.first_record + place, 1)
    if not found:
        raise DamagedError(f"{reader.path}: task record {place} of claim {row.name} is missing")
    path = inclusion_path(place, claim.records, reader.nodes_of_claim(row))
    return RecordProof(place=place, record=found[0], path=b"".join(path))


def prove_growth(reader: Reader, since: int) -> GrowthProof:
    """Return the proof that a ledger begins with what it had when it had `since` blocks.

    Raises ProofError where it has fewer, and DamagedError.
    """
    head = reader.head()
    if not 0 < since <= head.blocks:
        raise ProofError(f"{reader.path}: has {head.blocks} blocks, of which none is number {since}")
    node = reader.nodes_of_history()
    return GrowthProof(
        format=FORMAT,
        old=_shown(reader, since),
        head=_shown(reader, head.blocks),
        path=b"".join(consistency_path(since, head.blocks, node)),
        genesis=encode(reader.genesis),
    )


def _shown(reader: Reader, blocks: int) -> ShownHead:
    """Return the head that a ledger had when it had a number of blocks, with its signature."""
    block = reader.block(blocks)
    if block is None:
        raise DamagedError(f"{reader.path}: block {blocks} is missing")
    return ShownHead(
        blocks=blocks,
        root=reader.head_at(blocks).root.hex(),
        last=encode(block.signed_header),
        path=b"".join(inclusion_path(blocks - 1, blocks, reader.nodes_of_history())),
    )


def read_proof(path: Path) -> Proof:
    """Return the proof in a file. Raises ProofError where the file cannot be read or holds none."""
    try:
        content = read_file(path)
    except OSError as error:
        raise ProofError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        proof: Proof = msgspec.json.decode(content, type=Proof)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProofError(f"{path}: {_mistake(content, error)}") from error
    if isinstance(proof, ClaimProof) and proof.measured is not msgspec.UNSET and proof_bytes(proof) != content:
        raise ProofError(f"{path}: is not as `ecochain ledger attest` wrote it")
    return proof


def _mistake(content: bytes, error: Exception) -> str:
    if content.startswith(b"SQLite format 3\0"):
        return "is a ledger, which `ecochain ledger verify` checks"
    if content.startswith(b"c2sp.org/tlog-proof@"):
        return "is a proof for a public log, which programs for such logs check: see docs/how-to/publish-a-ledger.md"
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = msgspec.json.decode(content, type=_AnyFormat).format
        if found != FORMAT:
            return f"is a proof of format {found or '1 or 2'}, which only the version that wrote it can check"
    return f"is no proof that this version reads; `ecochain ledger prove` writes one: {error}"


def proof_bytes(proof: Proof) -> bytes:
    """Return a proof as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n"


def check_proof(proof: Proof, trusted: Head | None = None) -> list[str]:
    """Return in sentences what a proof proves, of the head that is trusted if one is, and who signed it.

    Raises ProofError, which says what does not hold.
    """
    heads = [proof.head.head()] + ([proof.old.head()] if isinstance(proof, GrowthProof) else [])
    if trusted is not None and trusted not in heads:
        raise ProofError(f"it is about the head {' and '.join(map(head_text, heads))}, not about the trusted one")
    if isinstance(proof, ClaimProof):
        told = [*_check_claim(proof, heads[0]), _check_signed(proof.head, proof.genesis)]
        shown = proof.measured
        return [*told, *(_lacking(proof) if shown is msgspec.UNSET else _check_measured(proof, shown))]
    signed = [_check_signed(one, proof.genesis) for one in (proof.old, proof.head)]
    return [*_check_growth(proof, heads[0], heads[1]), *signed]


def head_text(head: Head) -> str:
    """Return a head as people note it: the number of blocks, a colon and the root."""
    return f"{head.blocks}:{head.root.hex()}"


def _check_claim(proof: ClaimProof, head: Head) -> list[str]:
    try:
        signed = decode(proof.message, SignedMessage)
        header = decode(proof.header, BlockHeader)
    except RuleError as error:
        raise ProofError(f"it holds what is no record of a ledger: {error}") from error
    claim = signed.message
    if not isinstance(claim, Claim) or str(ClaimName(claim.device, claim.sequence)) != proof.claim:
        raise ProofError(f"the message that it holds is not claim {proof.claim}")
    with _saying("the claim is not in the block"):
        check_inclusion(leaf_hash(proof.message), proof.place, proof.leaves, _hashes(proof.body_path), header.body_root)
    with _saying("the block is not in the ledger"):
        leaf, path = leaf_hash(digest(header)), _hashes(proof.history_path)
        check_inclusion(leaf, proof.block - 1, head.blocks, path, head.root)
    told = [f"claim {proof.claim} is in block {proof.block} of the ledger with the head {head_text(head)}"]
    if (one := proof.record) is not None:
        try:
            decode(one.record, TaskRecord)
        except RuleError as error:
            raise ProofError(f"it holds what is no task record: {error}") from error
        with _saying("the task record is not in the claim"):
            leaf, path = leaf_hash(one.record), _hashes(one.path)
            check_inclusion(leaf, one.place, claim.records, path, claim.records_root)
        told.append(f"task record {one.place} of {claim.records} is in that claim")
    return told


def _lacking(proof: ClaimProof) -> list[str]:
    """Return what a reader should know of a proof that shows no measured hour."""
    genesis = decode(proof.genesis, Genesis)
    if read_subject(genesis) is not None:
        return ["the claim is of a measured hour, whose figures and texts this proof leaves out"]
    return [SIMULATED] if is_simulated(genesis) else []


def _check_measured(proof: ClaimProof, shown: Measured) -> list[str]:
    """Check what a proof shows of an hour against its claim, and return it in sentences."""
    genesis, claim = decode(proof.genesis, Genesis), decode(proof.message, SignedMessage)
    subject = read_subject(genesis)
    if subject is None or not isinstance(claim.message, Claim):
        raise ProofError("its chain is none of attestations, so nothing was measured")
    if claim.chain_id != hashlib.sha256(proof.genesis).digest():
        raise ProofError("its claim is one of another chain")
    if measured_by(subject, claim.message, shown.intensity_source, shown.models) != shown:
        raise ProofError("what it shows as measured is not what the claim says")
    return sentences(subject, shown)


def _check_growth(proof: GrowthProof, head: Head, old: Head) -> list[str]:
    with _saying("the ledger did not grow from the older head"):
        check_consistency(old.blocks, head.blocks, _hashes(proof.path), old.root, head.root)
    return [f"the ledger with the head {head_text(head)} begins with all blocks of that with {head_text(old)}"]


def _check_signed(shown: ShownHead, genesis: bytes) -> str:
    """Check that a validator of the chain signed a head, and say which."""
    chain_id = hashlib.sha256(genesis).digest()
    try:
        signed = decode(shown.last, SignedHeader)
        check_signature(signed, decode(genesis, Genesis))
    except RuleError as error:
        raise ProofError(f"the head is not signed: {error}") from error
    header, head, peaks = signed.header, shown.head(), _hashes(shown.path)
    with _saying("the head is not the one that was signed"):
        check_inclusion(leaf_hash(digest(header)), head.blocks - 1, head.blocks, peaks, head.root)
        if (header.number, header.history_root) != (head.blocks, Tree(head.blocks - 1, peaks[::-1]).root()):
            raise InvalidProofError(ProofFault.OTHER_ROOT)
    return f"validator {header.proposer} of the chain {chain_id.hex()} signed the head {head_text(head)}"


def _hashes(path: bytes) -> list[bytes]:
    return [path[start : start + HASH_BYTES] for start in range(0, len(path), HASH_BYTES)]


@contextmanager
def _saying(what: str) -> Iterator[None]:
    try:
        yield
    except InvalidProofError as error:
        raise ProofError(f"{what}: {error}") from error
