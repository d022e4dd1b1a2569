"""Folders of sysfs: looked through anew when a device comes, goes or takes another's number."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.sources.reading import ReadingUnavailableError
from exporter.sources.sysfs import LONGEST, MOST_DIGITS, Cached, content, figure, opened, text


def test_a_folder_is_looked_through_anew_only_when_its_devices_change(tmp_path: Path) -> None:
    folder, looks = tmp_path / "class", []

    def find(where: Path) -> list[str]:
        looks.append(where)
        return sorted(path.name for path in where.glob("*"))

    cached = Cached(folder, find)
    assert (cached.current(), cached.current()) == ([], [])
    assert len(looks) == 1
    folder.mkdir()
    (folder / "hwmon0").symlink_to(tmp_path / "card")
    assert (cached.current(), cached.current()) == (["hwmon0"], ["hwmon0"])
    assert len(looks) == 2
    (folder / "hwmon0").unlink()
    (folder / "hwmon0").symlink_to(tmp_path / "another card")
    assert cached.current() == ["hwmon0"]
    assert len(looks) == 3


def test_what_could_not_be_looked_through_is_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "name"
    cached = Cached(tmp_path / "class", lambda _: content(file))
    with pytest.raises(FileNotFoundError):
        cached.current()
    file.write_bytes(b" amdgpu \n")
    assert cached.current() == b"amdgpu"


@pytest.mark.parametrize(("told", "number"), [("0\n", 0), (" 42 ", 42), ("9" * MOST_DIGITS, int("9" * MOST_DIGITS))])
def test_a_figure_is_a_number(tmp_path: Path, told: str, number: int) -> None:
    (tmp_path / "energy_uj").write_text(told, encoding="ascii")
    assert figure(tmp_path / "energy_uj") == number


def read_opened(path: Path) -> bytes | None:
    with opened(path) as file:
        return file.read(1)


@pytest.mark.parametrize("read", [content, text, figure, read_opened])
@pytest.mark.parametrize("has_writer", [True, False])
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: Callable[[Path], object], has_writer: bool) -> None:
    pipe = tmp_path / "energy_uj"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR) if has_writer else None
    try:
        with contextlib.suppress(BlockingIOError, ReadingUnavailableError):
            assert not read(pipe)
    finally:
        if writer is not None:
            os.close(writer)


@pytest.mark.parametrize("nonsense", ["", "-1", "1.5", "one", "9" * (MOST_DIGITS + 1), "1" * 2 * LONGEST, "\u00b2"])
def test_what_is_no_figure_is_named(tmp_path: Path, nonsense: str) -> None:
    (tmp_path / "energy_uj").write_text(nonsense, encoding="utf-8")
    with pytest.raises(ReadingUnavailableError, match="energy_uj is not a figure"):
        figure(tmp_path / "energy_uj")
