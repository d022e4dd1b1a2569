"""The journal of finished work, a line for each unit, so that an interrupted experiment goes on where it stopped."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from exporter.core.config import ConfigError
from simulator.experiments.run.provenance import Provenance
from simulator.experiments.run.work import Figures

JOURNAL_FILE = "runs.jsonl"


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    figures: dict[str, int | float]


class Journal:
    """Results, kept as they come, by a digest of the work. The first line of the file holds their provenance."""

    def __init__(self, folder: Path, provenance: Provenance) -> None:
        """Open the journal of a folder, and read what it holds.

        Raises ConfigError for a folder that cannot be written to, and for a journal of another provenance.
        """
        self._folder, self._provenance = folder, provenance
        with writing(folder):
            self.results = dict(_read(folder / JOURNAL_FILE, provenance))
            # Rewritten, since a line that was cut short would spoil the next one.
            self.keep(list(self.results))
            self._file = (folder / JOURNAL_FILE).open("ab", buffering=0)

    def __enter__(self) -> "Journal":
        """Return this journal, which is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; every line is on its way to the disk already."""
        self._file.close()

    def add(self, key: str, figures: Figures) -> None:
        """Append a result. Raises ConfigError where it cannot be written."""
        self.results[key] = figures
        with writing(self._folder):
            self._file.write(_encode(self.results, [key]))

    def keep(self, keys: Sequence[str]) -> None:
        """Replace the file by the results of these keys, in this order. Raises ConfigError as `add` does."""
        head = msgspec.json.encode(self._provenance) + b"\n"
        write(self._folder / JOURNAL_FILE, head + _encode(self.results, keys))


def _encode(results: Mapping[str, Figures], keys: Sequence[str]) -> bytes:
    return b"".join(msgspec.json.encode(_Line(key=key, figures=dict(results[key]))) + b"\n" for key in keys)


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole. Raises ConfigError where it cannot be written."""
    fresh = path.with_name(f".{path.name}")
    with writing(path.parent):
        fresh.write_bytes(data)
        fresh.replace(path)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors of writing a file of the folder, such as a full disk or a missing permission, into ConfigError."""
    try:
        yield
    except OSError as error:
        told = f"--output: {error.filename or folder}: cannot be written: {error.strerror or error}"
        raise ConfigError([told]) from error


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder, and make it if missing. Raises ConfigError where it is unusable or another run holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(
            [f"--output: expected a folder that can be written to, got {folder}: {error.strerror}"]
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigError([f"--output: {folder} is in use by another run of this experiment"]) from error
    finally:
        os.close(handle)


def _read(path: Path, provenance: Provenance) -> Iterator[tuple[str, Figures]]:
    """Yield the complete lines. Raises ConfigError for a journal of another provenance."""
    head, *lines = path.read_bytes().splitlines() if path.exists() else [b""]
    if not head:
        return
    remedy = "remove it to begin anew, or choose another folder"
    try:
        kept = msgspec.json.decode(head, type=Provenance)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"--output: {path}: does not say what its results depend on: {remedy}"]) from error
    if differences := " and ".join(kept.differences(provenance)):
        raise ConfigError([f"--output: {path}: was made with {differences}: {remedy}"])
    decoder = msgspec.json.Decoder(_Line)
    for text in lines:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            line = decoder.decode(text)
            yield line.key, line.figures
