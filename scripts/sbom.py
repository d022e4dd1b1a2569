"""`python -m scripts.sbom` writes the bill of materials of an installed exporter into dist/, as CycloneDX 1.6.

It is of the environment that the locked requirements and the wheel of this commit make, and the same at each run.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.packages import ROOT, locked, moment_of, packages, run, told, tools

PROGRAMS = ("exporter", "simulator")
"""Sets of locked requirements, by the names of their files."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one bill of materials; return 0, or 1 after what a program said that failed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.sbom", description=__doc__)
    parser.add_argument("--program", choices=PROGRAMS, default="exporter", help="default: %(default)s")
    parser.add_argument("--output", metavar="DIR", type=Path, default=ROOT / "dist", help="default: dist")
    options = parser.parse_args(arguments)
    return told(lambda: [_bill(options.program, options.output)])


def _bill(program: str, output: Path) -> Path:
    python = tools(ROOT / ".cache")
    with TemporaryDirectory() as temporary:
        wheel, _ = packages(ROOT, Path(temporary), python)
        return bill(program, wheel, output, python)


def bill(program: str, wheel: Path, output: Path, python: Path) -> Path:
    """Write the bill of materials of a program's environment, checked against CycloneDX's schema; return its path."""
    with TemporaryDirectory() as temporary:
        described = locked(Path(temporary, "there"), ROOT / f"scripts/requirements/{program}.txt", wheel)
        output.mkdir(parents=True, exist_ok=True)
        path = output / f"{wheel.name.removesuffix('-py3-none-any.whl')}-{program}.cdx.json"
        written = [
            "--output-reproducible",
            "--spec-version=1.6",
            "--validate",
            "--pyproject",
            str(ROOT / "pyproject.toml"),
        ]
        argv = [str(python), "-m", "cyclonedx_py", "environment", *written, "-o", str(path.absolute()), str(described)]
        run(argv, ROOT, {"SOURCE_DATE_EPOCH": moment_of(ROOT)})
        path.write_text(_with_wheel(json.loads(path.read_text()), wheel))
    return path


def _with_wheel(document: dict[str, Any], wheel: Path) -> str:
    """Name version and hash of the wheel that is described, which pyproject.toml has not."""
    version = wheel.name.split("-")[1]
    document["metadata"]["component"] |= {
        "version": version,
        "purl": f"pkg:pypi/ecotrack@{version}",
        "hashes": [{"alg": "SHA-256", "content": sha256(wheel.read_bytes()).hexdigest()}],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
