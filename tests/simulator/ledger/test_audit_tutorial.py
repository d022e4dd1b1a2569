"""The tutorial on auditing a ledger: run as it is written, from an empty folder, it says what the page says."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.simulator.ledger.example_ledger import SHIPPED, write

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "tutorials" / "audit-a-ledger.md"

ORIGIN = "https://github.com/ecotrack/"
"""Address from which the page clones; a test has a repository of its own in its place."""

END = "<end of a command>"


def commands() -> list[tuple[str, str]]:
    """Return the commands of the page in order, each with what it is said to print."""
    shown = "".join(re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    return re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", shown, re.MULTILINE)


def repository(folder: Path) -> None:
    """Make a repository with the examples as they are now."""
    shutil.copytree(
        ROOT / "docs" / "examples", folder / "docs" / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "Examples"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, timeout=240)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a reader whose network is a folder, and who has the two packages at hand."""
    programs = Path(sys.executable).parent
    packages = [one for one in sys.path if one.endswith("site-packages")]
    return {
        "PATH": f"{os.environ['PATH']}:{programs}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
        "GIT_CONFIG_VALUE_0": ORIGIN,
        # With these packages to be seen, pip finds nothing to do and asks nobody.
        "PYTHONPATH": os.pathsep.join(packages),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def outputs(lines: list[str], folder: Path, around: dict[str, str]) -> list[str]:
    """Return what each command prints, in one shell that begins in an empty folder."""
    script = "".join(f"{line}\necho '{END}'\n" for line in lines)
    told = subprocess.run(
        ["bash", "--noprofile", "--norc"],
        input=script,
        cwd=folder,
        env=around,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=480,
        check=False,
    )
    return told.stdout.split(f"{END}\n")[: len(lines)]


def pattern(expected: str) -> str:
    """Return what an output has to match: three dots stand for digits that the page leaves out."""
    return re.escape(expected).replace(re.escape("..."), "[0-9a-f]+")


@pytest.mark.slow
def test_the_tutorial_says_what_its_commands_say(tmp_path: Path) -> None:
    (tmp_path / "ecotrack").mkdir()
    repository(tmp_path / "ecotrack")
    empty = tmp_path / "empty"
    empty.mkdir()
    found = commands()
    assert len(found) > 15
    told = outputs([command for command, _ in found], empty, environment(tmp_path))
    assert len(told) == len(found)
    for (command, expected), said in zip(found, told, strict=True):
        assert re.fullmatch(pattern(expected), said), f"{command}\nprints\n{said}\nand the page says\n{expected}"


def rows(ledger: Path) -> list[object]:
    """Return all rows of a ledger; the bytes between them depend on the version of SQLite."""
    with closing(sqlite3.connect(ledger)) as database:
        return [
            *database.execute("SELECT * FROM meta ORDER BY name"),
            *database.execute("SELECT * FROM block ORDER BY number"),
            *database.execute("SELECT * FROM claim ORDER BY number"),
            *database.execute("SELECT * FROM record ORDER BY number"),
            *database.execute("SELECT * FROM node ORDER BY tree, height, place"),
        ]


def test_the_files_of_the_tutorial_are_current(tmp_path: Path) -> None:
    written = tmp_path / "ledger"
    write(written)
    names = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert sorted(path.relative_to(SHIPPED) for path in SHIPPED.rglob("*") if path.is_file()) == names
    for name in names:
        if name.suffix == ".db":
            assert rows(SHIPPED / name) == rows(written / name)
        else:
            assert (SHIPPED / name).read_bytes() == (written / name).read_bytes(), name


@pytest.mark.parametrize("line", ["head 24:5440...", "pages 1 and 5"])
def test_another_output_than_that_of_the_page_is_found(line: str) -> None:
    assert re.fullmatch(pattern(line), line.replace("...", "ab" * 30))
    assert not re.fullmatch(pattern(line), line.replace("...", "ab" * 30).replace("5", "6"))
