"""The file in which a proof is handed out, and what it may not take the place of."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from exporter.core.config import ConfigError
from simulator.ledger.file.measured import Subject, read_subject
from simulator.ledger.file.proofs import Proof, ProofError, read_proof
from simulator.ledger.record.codec import decode
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import Genesis


class Handed:
    """The file of the last proof; `others` are files that the run needs besides."""

    def __init__(self, path: Path, others: tuple[Path, ...]) -> None:
        # What a link leads to is replaced, not the link.
        self._target = Path(os.path.realpath(path))
        self._path = path
        self._others = others

    def refuse_other_file(self) -> None:
        """Refuse a path at which no proof can be handed out, before anything is signed. Raises ConfigError."""
        for other in self._others:
            if Path(os.path.realpath(other)) == self._target or _are_one(self._target, other):
                raise self._refused(f"is {other} itself, which a proof would replace")
        try:
            if self._target.exists() and not self._target.is_file():
                raise self._refused("cannot be written: expected a file, got a folder, a pipe or a device")
            if not self._target.parent.is_dir():
                raise self._refused("cannot be written: there is no such folder")
        except OSError as error:
            raise self._refused(f"cannot be written: {error.strerror}") from error

    def refuse_proof_of_another(self, subject: Subject) -> None:
        """Refuse to replace the proof of another chain: its texts stand nowhere else. Raises ConfigError."""
        proof = self.proof()
        if proof is None:
            return
        with suppress(RuleError):
            if read_subject(decode(proof.genesis, Genesis)) == subject:
                return
        raise self._refused("is a proof of another ledger; name another file, or move it away")

    def proof(self) -> Proof | None:
        """Return the proof that is there; None where there is none, or one that was damaged."""
        try:
            return read_proof(self._target)
        except ProofError:
            return None

    def write(self, content: bytes) -> None:
        """Replace the file at once, so that whoever reads it finds a whole one. Raises ConfigError."""
        target = self._target
        try:
            file, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            try:
                with os.fdopen(file, "wb") as writer:
                    writer.write(content)
                    writer.flush()
                    os.fsync(writer.fileno())
                # It holds no secret, and an exporter of another user reads it.
                Path(name).chmod(0o644)
                Path(name).replace(target)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._refused(f"cannot be written: {error.strerror}") from error

    def _refused(self, why: str) -> ConfigError:
        return ConfigError([f"--proof: {self._path}: {why}"])


def _are_one(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False
