"""Folders of npm packages by their lock files, kept under .cache/ for the next run."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.processes import program

CACHE = Path(__file__).parents[1] / ".cache"
PINS = ("package.json", "package-lock.json")


def installed(name: str, pins: Path, files: Sequence[Path], finish: Callable[[Path], None] = lambda _: None) -> Path:
    """Return a folder that holds these files and the packages of the pins, and in which `finish` has run.

    It is made beside its final place first, so that an interrupted run leaves nothing that looks complete.
    """
    made_from = (pins / "package-lock.json").read_bytes() + b"".join(file.read_bytes() for file in files)
    folder = CACHE / f"{name}-{hashlib.sha256(made_from).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first of several workers makes it for all
        if not folder.is_dir():
            unfinished = Path(tempfile.mkdtemp(dir=CACHE))
            for file in (*(pins / one for one in PINS), *files):
                shutil.copy(file, unfinished)
            run([program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], unfinished)
            finish(unfinished)
            unfinished.rename(folder)
    return folder


def run(argv: list[str], folder: Path, told: str = "") -> str:
    """Run a program in a folder and return what it prints."""
    done = subprocess.run(argv, cwd=folder, input=told, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{argv[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
