"""Python environments of the programs that the benchmarks compare, each with what that program needs and no more.

What else is installed costs memory: libraries are imported where they are found, and path hooks at each start.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODECARBON = "codecarbon==3.3.2"


@cache
def interpreter(name: str) -> Path | None:
    """Return the Python of `ecotrack` or `codecarbon`, with libraries installed; None where they cannot be had."""
    folder = ROOT / ".cache/bench" / name
    python, complete = folder / "bin/python", folder / "complete"
    needed = _needed(name)
    if not complete.is_file() or complete.read_text() != "\n".join(needed):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        installed = subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=False)
        if installed.returncode != 0:
            return None
        complete.write_text("\n".join(needed))
    # As pip leaves a package: what is compiled at the start takes half a MiB more, which the allocator keeps.
    subprocess.run([python, "-m", "compileall", "-q", str(ROOT / "exporter")], check=True)
    return python


def _needed(name: str) -> Sequence[str]:
    if name == "codecarbon":
        return [CODECARBON]
    # The libraries alone: the program itself is the one of this checkout.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [*project["project"]["dependencies"], f"--constraint={ROOT / 'constraints.txt'}"]
