"""Proofs that a block is in a published log, in the text format of c2sp.org/tlog-proof."""

import base64
from pathlib import Path

from exporter.core.regular_file import read_file
from simulator.ledger.file.faults import StoreError
from simulator.ledger.file.proofs import ProofError
from simulator.ledger.file.reading import Head, Reader
from simulator.ledger.log.checkpoint import MOST_CHECKPOINT_BYTES, checkpoint_of
from simulator.ledger.record.merkle import inclusion_path

FIRST_LINE = "c2sp.org/tlog-proof@v1"
"""First line of a proof (C2SP tlog-proof, section "Format")."""


def prove_block(reader: Reader, number: int, checkpoint: Path) -> bytes:
    """Return the proof that a block, numbered from 1, is in the log of a checkpoint.

    Raises ProofError where it is not, or the log is not one of this ledger, DamagedError, and StoreError where the
    checkpoint cannot be read.
    """
    try:
        content = read_file(checkpoint, MOST_CHECKPOINT_BYTES)
    except OSError as error:
        raise StoreError(f"{checkpoint}: cannot be read: {error.strerror}") from error
    found = checkpoint_of(content.rpartition(b"\n\n")[0] + b"\n")
    if found is None:
        raise ProofError(f"{checkpoint}: is no checkpoint of a log")
    if found.size > reader.blocks or Head(found.size, found.root) != reader.head_at(found.size):
        raise ProofError(f"{checkpoint}: is no checkpoint of {reader.path}")
    if not 0 < number <= found.size:
        raise ProofError(f"{checkpoint}: its log has {found.size} blocks, of which none is number {number}")
    path = inclusion_path(number - 1, found.size, reader.nodes_of_history())
    lines = [FIRST_LINE, f"index {number - 1}", *(base64.b64encode(one).decode() for one in path), "", ""]
    return "\n".join(lines).encode() + content
