"""Folders of sysfs: looked through anew when a device comes, goes or takes another's number."""

from pathlib import Path

import pytest

from exporter.sources.reading import ReadingUnavailableError
from exporter.sources.sysfs import LONGEST, MOST_DIGITS, Cached, content, figure


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


@pytest.mark.parametrize(("text", "number"), [("0\n", 0), (" 42 ", 42), ("9" * MOST_DIGITS, int("9" * MOST_DIGITS))])
def test_a_figure_is_a_number(tmp_path: Path, text: str, number: int) -> None:
    (tmp_path / "energy_uj").write_text(text, encoding="ascii")
    assert figure(tmp_path / "energy_uj") == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "one", "9" * (MOST_DIGITS + 1), "1" * 2 * LONGEST, "\u00b2"])
def test_what_is_no_figure_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "energy_uj").write_text(text, encoding="utf-8")
    with pytest.raises(ReadingUnavailableError, match="energy_uj is not a figure"):
        figure(tmp_path / "energy_uj")
