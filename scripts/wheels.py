"""`python -m scripts.wheels` prints a table of the wheels for 64-bit ARM of all that constraints.txt pins.

Nothing is installed; an index that offers metadata apart is asked for that alone. Exit status 1: some have no wheel, so
that they would be compiled where this project is installed.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"

PLATFORMS = tuple(f"{one}_aarch64" for one in ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34"))
"""Platforms of wheels, the one with the oldest glibc first, since that runs on most. Debian 12 has glibc 2.36."""

PYTHON = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none")

MISSING = re.compile(r"No matching distribution found for (\S+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a wheel is missing."""
    parser = argparse.ArgumentParser(prog="python -m scripts.wheels", description=__doc__)
    skip = "leave a package out, may be repeated; say one whose index has no other builds than that of this machine"
    parser.add_argument("--skip", metavar="NAME", action="append", default=[], help=skip)
    options = parser.parse_args(arguments)
    pins = [pin for pin in pinned(CONSTRAINTS.read_text()) if pin.partition("==")[0] not in options.skip]
    print("| package | wheel for aarch64 |\n|---|---|")
    missing = 0
    for pin, wheel in found(pins):
        missing += not wheel
        print(f"| {pin} | {wheel or 'none'} |")
    for name in options.skip:
        print(f"| {name} | not asked for |")
    return int(missing > 0)


def pinned(text: str) -> list[str]:
    """Return what a file of constraints pins."""
    return [line for line in text.splitlines() if "==" in line and not line.startswith("#")]


def found(pins: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each pin with the name of its wheel, empty where there is none."""
    asked, none = list(pins), set[str]()
    while True:
        status, told, wheels = ask([pin for pin in asked if pin not in none])
        if status == 0:
            break
        lost = MISSING.search(told)
        if lost is None or lost[1] in none:
            raise SystemExit(told)
        none.add(lost[1])
    yield from ((pin, "" if pin in none else wheels[_canonical(pin.partition("==")[0])]) for pin in asked)


def ask(pins: Sequence[str]) -> tuple[int, str, dict[str, str]]:
    """Ask pip for all at once: exit status, what it says, and the files by the packages' names."""
    platforms = [f"--platform={one}" for one in PLATFORMS]
    with TemporaryDirectory() as temporary:
        report, listed = Path(temporary, "report.json"), Path(temporary, "pins.txt")
        listed.write_text("\n".join(pins))
        only = ["--only-binary=:all:", "--no-deps", "--dry-run", "--ignore-installed", f"--target={temporary}/none"]
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            *only,
            *platforms,
            *PYTHON,
        ]
        done = subprocess.run(
            [*pip, f"--report={report}", "-r", str(listed)], capture_output=True, text=True, check=False
        )
        installed = json.loads(report.read_text())["install"] if done.returncode == 0 else []
    files = {_canonical(one["metadata"]["name"]): Path(one["download_info"]["url"]).name for one in installed}
    return done.returncode, done.stderr, files


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
