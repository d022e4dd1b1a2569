"""`python -m scripts.packages` writes wheel and source archive into dist/.

The same commit gives the same bytes, in whatever folder, by whatever user and on whatever day: what git knows is copied
with the times of the commit (SOURCE_DATE_EPOCH names another), and the source archive is written anew without owners.
"""

import argparse
import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "scripts/requirements/package.txt"
SOURCES = (
    "exporter",
    "grafana/dashboards",
    "prometheus/*.py",
    "prometheus/alertmanager.yml",
    "prometheus/templates",
    "simulator",
    "LICENSE",
    "MANIFEST.in",
    "NOTICE",
    "README.md",
    "pyproject.toml",
)
"""Files of the packages, as git names them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the packages; return 0, or 1 after what a program said that failed."""
    options = _parser().parse_args(arguments)
    return told(lambda: packages(ROOT, options.output, tools(ROOT / ".cache")))


def told(write: Callable[[], Iterable[Path]]) -> int:
    """Name what is written; return 0, or 1 after what a program said that failed."""
    try:
        for path in write():
            print(f"wrote {path}, {path.stat().st_size / 1e6:.2f} MB, sha256 {sha256(path.read_bytes()).hexdigest()}")
        if names := changed(ROOT):
            print(f"not made of a commit: nobody else gets these bytes; changed: {' '.join(names)}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(
            f"{error.cmd[0]}: exit status {error.returncode}\n{error.stdout or ''}{error.stderr or ''}", file=sys.stderr
        )
        return 1
    except FileNotFoundError as error:
        print(
            f"{error.filename}: is not there; packages are made with git, those of Debian with dpkg-deb",
            file=sys.stderr,
        )
        return 1
    return 0


def tools(cache: Path) -> Path:
    """Return the interpreter of an environment with what writes packages, made by their hashes if there is none."""
    folder = cache / f"package-{sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    if not folder.is_dir():
        cache.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=cache) as temporary:
            locked(Path(temporary), REQUIREMENTS)
            shutil.move(temporary, folder)
            Path(temporary).mkdir()  # for what ends the folder
    return folder / "bin/python"


def locked(folder: Path, requirements: Path, wheel: Path | None = None) -> Path:
    """Make an environment with these packages by their hashes, and a wheel of ours, and return its interpreter."""
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    venv.create(folder, with_pip=False)
    run([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(requirements)], ROOT)
    if wheel is not None:
        # By name, since a path would be noted in the environment.
        run([*pip, "--no-deps", "--no-index", "--find-links", str(wheel.parent), "ecotrack"], ROOT)
    return python


def packages(root: Path, output: Path, python: Path) -> tuple[Path, ...]:
    """Write wheel and source archive of the files that git knows below `root`; return their paths, in this order."""
    moment = moment_of(root)
    with TemporaryDirectory() as temporary:
        source, made = Path(temporary, "source"), Path(temporary, "made")
        copy(root, source, int(moment))
        # The archive first: the wheel is built from it, so that nothing can be missing in it.
        build = [str(python), "-m", "build", "--no-isolation", "--outdir", str(made), str(source)]
        run(build, source, {"SOURCE_DATE_EPOCH": moment, "PYTHONHASHSEED": "0"})
        (archive,) = made.glob("*.tar.gz")
        archive.write_bytes(plain(archive.read_bytes(), int(moment)))
        output.mkdir(parents=True, exist_ok=True)
        return tuple(Path(shutil.copy(path, output)) for path in sorted(made.iterdir()))


def changed(root: Path) -> list[str]:
    """Return the files that git knows and that are not as in the last commit."""
    return run(["git", "diff", "HEAD", "--name-only", "-z"], root).split("\0")[:-1]


def copy(root: Path, folder: Path, moment: int) -> None:
    """Copy the files of the packages as git knows them, each with the same rights and time."""
    for name in run(["git", "ls-files", "-z", "--", *SOURCES], root).split("\0")[:-1]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, path)
        path.chmod(0o644)
        os.utime(path, (moment, moment))


def plain(archive: bytes, moment: int) -> bytes:
    """Return a source archive with its files in order, without owners, and with one time for all."""
    written = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as before,
        gzip.GzipFile(filename="", fileobj=written, mode="wb", mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as after,
    ):
        for member in sorted(before.getmembers(), key=lambda one: one.name):
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.size, entry.mtime = member.type, member.size, moment
            entry.mode = 0o755 if member.isdir() else 0o644
            after.addfile(entry, before.extractfile(member) if member.isfile() else None)
    return written.getvalue()


def moment_of(root: Path) -> str:
    """Return the time that packages bear, in Unix seconds: SOURCE_DATE_EPOCH, or that of the last commit."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run(["git", "log", "-1", "--format=%ct"], root).strip()


def run(argv: Sequence[str], folder: Path, more: dict[str, str] | None = None) -> str:
    """Run a program and return what it prints. Raises CalledProcessError."""
    return subprocess.run(
        argv, cwd=folder, env={**os.environ, **(more or {})}, capture_output=True, text=True, check=True, umask=0o022
    ).stdout


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.packages", description=__doc__)
    parser.add_argument("--output", metavar="DIR", type=Path, default=ROOT / "dist", help="default: dist")
    return parser


if __name__ == "__main__":
    sys.exit(main())
