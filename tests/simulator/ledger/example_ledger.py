"""The ledger that the documentation ships for people to audit, with a proof from it and its published log.

`python -m tests.simulator.ledger.example_ledger` writes them. All keys follow from names, so they protect nothing.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from simulator.ledger.file.proofs import proof_bytes, prove_claim
from simulator.ledger.file.reading import ClaimName, open_reader
from simulator.ledger.log.export import Memory, publish
from simulator.ledger.log.folder import Folder
from simulator.ledger.record.key_file import NoteKey
from tests.simulator.ledger.story import story

SHIPPED = Path(__file__).parents[3] / "docs" / "examples" / "ledger"

KEY = NoteKey("ledger.example/demo", hashlib.sha256(b"key of the example log").digest())


def write(folder: Path) -> None:
    """Write the files into a new folder."""
    folder.mkdir(parents=True)
    ledger = folder / "ledger.db"
    story().write(ledger)
    with (
        tempfile.TemporaryDirectory() as memory,
        open_reader(ledger) as reader,
        Folder(folder / "log") as log,
        Folder(Path(memory)) as beside,
    ):
        (folder / "claim.json").write_bytes(proof_bytes(prove_claim(reader, ClaimName(1, 2), 4)))
        publish(reader, KEY, log, Memory(beside, "signed"))
    (folder / "log.pub").write_text(f"{KEY.verifier()}\n", encoding="utf-8")


if __name__ == "__main__":
    shutil.rmtree(SHIPPED, ignore_errors=True)
    write(SHIPPED)
