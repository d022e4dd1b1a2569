"""A story's ledger as a published log, and the checker of such logs, which imports nothing of ours."""

from pathlib import Path
from types import ModuleType

from tlog_scales.signing import Vkey

from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.store import open_store
from simulator.ledger.log.export import Memory, Published, publish
from simulator.ledger.log.folder import Folder
from simulator.ledger.record.key_file import NoteKey
from tests.simulator.ledger.examples import load_example
from tests.simulator.ledger.story import story

KEY = NoteKey("ledger.example/demo", b"\5" * 32)

OTHER_KEY = NoteKey("ledger.example/demo", b"\6" * 32)


def checker() -> ModuleType:
    """Return the checker of the documentation."""
    return load_example("check_log")


def checked(folder: Path, key: NoteKey = KEY) -> str:
    """Return what the checker says of a folder, good or bad."""
    try:
        good: str = checker().check(folder, Vkey.from_string(key.verifier()))
    except checker().WRONG as error:
        return f"wrong: {error}"
    return f"good: {good}"


def write(path: Path, blocks: int | None = None) -> Path:
    """Write the story's ledger with its first blocks, or go on with it."""
    if path.exists():
        with open_store(path) as store:
            story().append(store, blocks)
    else:
        story().write(path, blocks)
    return path


def publish_to(folder: Path, ledger: Path, key: NoteKey = KEY, memory: str = "memory") -> Published:
    """Publish a ledger; what the key remembers lies in a folder beside the published one."""
    with (
        open_reader(ledger) as reader,
        Folder(folder) as opened,
        Folder(folder.with_name(memory)) as beside,
    ):
        return publish(reader, key, opened, Memory(beside, "key.signed"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
