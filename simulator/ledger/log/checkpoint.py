"""Checkpoints of a transparency log: its size and root as a signed note (c2sp.org/tlog-checkpoint, signed-note)."""

import base64
from dataclasses import dataclass

from simulator.ledger.record.key_file import KEY_HASH_BYTES, NoteKey, key_hash
from simulator.ledger.record.keys import is_signature
from simulator.ledger.record.merkle import HASH_BYTES

MOST_CHECKPOINT_BYTES = 1 << 17
"""Bytes of the longest checkpoint that is read: room for 16 signatures of nearly 5 kB (C2SP signed-note, "Format")."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its name, the number of its entries, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n".encode()

    def signed(self, key: NoteKey) -> bytes:
        """Return the signed note."""
        return self.text() + b"\n" + _line(key.name, key_hash(key.name, key.key().public) + key.sign(self.text()))


def read_checkpoint(content: bytes, key: NoteKey) -> Checkpoint | None:
    """Return the checkpoint in a note that a key signed under its own name; None for everything else.

    Signatures of others are left to others.
    """
    text, gap, signatures = content.rpartition(b"\n\n")
    checkpoint = checkpoint_of(text + b"\n")
    if not gap or checkpoint is None or checkpoint.origin != key.name or not signatures.endswith(b"\n"):
        return None
    named = key_hash(key.name, key.key().public)
    for line in signatures.splitlines(keepends=True):
        signature = _signature(line)
        if line == _line(key.name, signature) and signature[:KEY_HASH_BYTES] == named:
            signed = is_signature(key.key().public, checkpoint.text(), signature[KEY_HASH_BYTES:])
            return checkpoint if signed else None
    return None


def checkpoint_of(text: bytes) -> Checkpoint | None:
    """Return the checkpoint of which this is the text, to the byte; whoever signed it. None where there is none."""
    try:
        origin, size, root, end = text.decode().split("\n")
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except ValueError:
        return None
    is_head = checkpoint.size >= 0 and len(checkpoint.root) == HASH_BYTES
    return checkpoint if origin and not end and is_head and checkpoint.text() == text else None


def _signature(line: bytes) -> bytes:
    try:
        return base64.b64decode(line.strip().rpartition(b" ")[2], validate=True)
    except ValueError:
        return b""


def _line(name: str, signature: bytes) -> bytes:
    return f"\u2014 {name} {_base64(signature)}\n".encode()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
