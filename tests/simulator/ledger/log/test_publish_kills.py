"""A publisher that is killed, or whose disk fails, at any moment leaves a folder whose checkpoint verifies."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.ledger.file.faults import StoreError
from simulator.ledger.log import folder
from tests.simulator.ledger.log.published import checked, contents, publish_to, write

CALLS = ("mkdir", "rename", "fsync", "unlink", "rmdir")
"""Calls by which a publisher changes the disk."""

MOST_CALLS = 400
"""More calls than a publication of the story makes."""


class KilledError(BaseException):
    """The end of the process, which no handler of errors sees."""


class Failing:
    """One of the calls fails, counted from 0: before it does anything, or after."""

    def __init__(self, number: int, error: BaseException, *, after: bool = False) -> None:
        self.number = number
        self.error = error
        self.after = after
        self.count = 0

    @property
    def is_reached(self) -> bool:
        return self.count > self.number

    @contextmanager
    def patched(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with monkeypatch.context() as patched:
            for name in CALLS:
                patched.setattr(os, name, self._wrapped(getattr(os, name)))
            yield

    def _wrapped(self, real: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count - 1 != self.number:
                return real(*arguments, **named)
            if self.after:
                real(*arguments, **named)
            raise self.error

        return call


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a log of the first blocks, the ledger once it has grown, and the log that it makes."""
    made = tmp_path_factory.mktemp("grown")
    publish_to(made / "log", write(made / "ledger.db", 12))
    publish_to(made / "whole", write(made / "ledger.db"), memory="another")
    return made


def left(made: Path) -> str:
    """Return what the checker says of what is left; nothing where no checkpoint is there yet."""
    return checked(made / "log") if (made / "log/checkpoint").exists() else ""


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_call(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, begun: bool, after: bool
) -> None:
    found, whole = set(), contents(grown / "whole")
    for number in range(MOST_CALLS):
        made = tmp_path / str(number)
        made.mkdir()
        shutil.copy(grown / "ledger.db", made)
        for name in ("log", "memory") if begun else ():
            shutil.copytree(grown / name, made / name)
        call = Failing(number, KilledError(), after=after)
        with call.patched(monkeypatch), suppress(KilledError):
            publish_to(made / "log", made / "ledger.db")
        if not call.is_reached:
            break
        found.add(left(made)[:15])
        publish_to(made / "log", made / "ledger.db")
        assert whole.items() <= contents(made / "log").items()
        assert checked(made / "log").startswith("good: 15 blocks")
        assert not list((made / "log").rglob(".*"))
    assert 20 < number < MOST_CALLS - 1
    assert found == {"good: 3 blocks " if begun else "", "good: 15 blocks"}


@pytest.mark.slow
@pytest.mark.parametrize("reason", [28, 30, 5, 13], ids=os.strerror)
def test_a_disk_that_fails_at_any_call(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    refusals = 0
    for number in range(MOST_CALLS):
        made = tmp_path / str(number)
        made.mkdir()
        shutil.copy(grown / "ledger.db", made)
        for name in ("log", "memory"):
            shutil.copytree(grown / name, made / name)
        call = Failing(number, OSError(reason, os.strerror(reason)))
        try:
            with call.patched(monkeypatch):
                publish_to(made / "log", made / "ledger.db")
        except StoreError as error:
            refusals += 1
            assert str(error).endswith(f"cannot be used: {os.strerror(reason)}")
        if not call.is_reached:
            break
        assert checked(made / "log").startswith("good: ")
    assert 20 < refusals <= number < MOST_CALLS - 1


@pytest.mark.parametrize("library", ["syncfs", "nothing"])
def test_a_large_publication_waits_for_the_whole_disk_before_its_checkpoint(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    for name in ("log", "memory"):
        shutil.copytree(grown / name, tmp_path / name)
    monkeypatch.setattr(folder, "MOST_SYNCED", 2)
    with monkeypatch.context() as patched:
        sizes = []

        def sync(*_: object) -> int:
            sizes.append(checked(tmp_path / "log")[:14])
            return 0

        patched.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(**{library: sync}))
        patched.setattr(os, "sync", sync)
        publish_to(tmp_path / "log", grown / "ledger.db")
    assert sizes == ["good: 3 blocks"]
    assert contents(grown / "whole").items() <= contents(tmp_path / "log").items()


def test_a_large_publication_ends_where_the_disk_fails(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(grown / "log", tmp_path / "log")
    monkeypatch.setattr(folder, "MOST_SYNCED", 2)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(syncfs=lambda _: -1))
    monkeypatch.setattr(ctypes, "get_errno", lambda: 5)
    with pytest.raises(StoreError, match="cannot be used: Input/output error"):
        publish_to(tmp_path / "log", grown / "ledger.db")
    assert checked(tmp_path / "log").startswith("good: 3 blocks")
