"""`python -m scripts.deb` writes the Debian package of the exporter into dist/: ADR 35 says what is in it and why.

It is made of the wheel of this commit and the locked requirements, for Debian 12 and the processor that `--arch` names,
and has the same bytes for the same commit. Each commit has a version of its own, by which apt takes a later one for an
upgrade; the plain version is that of the release's tag.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter import __version__
from exporter.cli import build_parser
from scripts.packages import ROOT, changed, moment_of, packages, run, told, tools
from scripts.release import versions_in

PARTS = ROOT / "scripts/debian"
REVISION = 1
"""Number of the package among those of one version; raise it where only the packaging changes."""

PYTHON = (3, 11)
"""Python of Debian 12, for which compiled packages are chosen."""

PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
"""Processors by Debian's names, with those of wheels."""

GLIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""Platforms of wheels for the glibc that `control` depends on, 2.28, and older."""

SERVICE_COMMAND = "/opt/ecotrack/bin/ecotrack"
"""Program of the unit in docs/examples, in whose place the package's own stands."""

PROGRAM = "/usr/bin/ecotrack"

UNITS = ("ecotrack.service", "ecotrack.socket")
"""Units of docs/examples that are in the package. The socket is neither enabled nor started."""

SCRIPTS = ("postinst", "prerm", "postrm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the package; return 0, or 1 after what a program said that failed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.deb", description=__doc__)
    parser.add_argument("--arch", choices=PROCESSORS, default="amd64", help="default: %(default)s")
    parser.add_argument("--output", metavar="DIR", type=Path, default=ROOT / "dist", help="default: dist")
    options = parser.parse_args(arguments)
    return told(lambda: [_package(options.arch, options.output)])


def _package(architecture: str, output: Path) -> Path:
    with TemporaryDirectory() as temporary:
        wheel, _ = packages(ROOT, Path(temporary), tools(ROOT / ".cache"))
        return package(wheel, architecture, debian_version(ROOT, __version__), output)


def debian_version(root: Path, version: str) -> str:
    """Return the version of a commit's package: the program's where the release's tag is on it, else one of its own.

    By the commit's second it sorts after the newest release of the changelog and before the next one, as a version
    before a release, such as 0.2.0-rc.1, stands before the release.
    """
    if f"v{version}" in run(["git", "tag", "--points-at", "HEAD"], root).split() and not changed(root):
        return _sorted(version)
    moment, short = run(["git", "log", "-1", "--format=%ct %h", "--abbrev=12"], root).split()
    own = f"git{datetime.fromtimestamp(int(moment), UTC):%Y%m%d%H%M%S}.{short}{'.changed' if changed(root) else ''}"
    headings = versions_in((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    newest = next((one for one in headings if not one.startswith("#")), "")
    after = newest == version or newest.startswith(f"{version}-")
    return _sorted(f"{newest}+{own}") if after else _sorted(version, f"~{own}")


def _sorted(version: str, own: str = "") -> str:
    return f"{version.replace('-', '~', 1)}{own}-{REVISION}"


def package(wheel: Path, architecture: str, version: str, output: Path) -> Path:
    """Write the package of a wheel and return its path."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment(folder / "usr/lib/ecotrack", wheel, architecture)
        files(folder, version)
        control(folder, architecture, version)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or path.name in SCRIPTS else 0o644)
        output.mkdir(parents=True, exist_ok=True)
        made = output / f"ecotrack_{version}_{architecture}.deb"
        # Times after that of the commit become that one.
        epoch = {"SOURCE_DATE_EPOCH": moment_of(ROOT)}
        run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(folder), str(made)], ROOT, epoch)
    return made


def environment(folder: Path, wheel: Path, architecture: str) -> None:
    """Write an environment of Debian's Python with the locked requirements for a processor, and the exporter."""
    site = folder / f"lib/python{PYTHON[0]}.{PYTHON[1]}/site-packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    platforms = [f"--platform={glibc}_{PROCESSORS[architecture]}" for glibc in GLIBC]
    kind = [f"--python-version={PYTHON[0]}.{PYTHON[1]}", "--implementation=cp", *platforms, "--only-binary=:all:"]
    locked = ["--require-hashes", "-r", str(ROOT / "scripts/requirements/exporter.txt")]
    run([*pip, f"--target={site}", "--no-deps", *kind, *locked], ROOT)
    run([*pip, f"--target={site}", "--no-deps", "--no-index", "--find-links", str(wheel.parent), "ecotrack"], ROOT)
    # The package has a command of its own, and the simulator's libraries are not here.
    for name in ("bin", "simulator"):
        shutil.rmtree(site / name)
    (folder / "bin").mkdir()
    (folder / "bin/python3").symlink_to("../../../bin/python3")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")


def files(folder: Path, version: str) -> None:
    """Write command, manual page, unit, configuration and documents."""
    units = {name: (ROOT / "docs/examples" / name).read_text() for name in UNITS}
    licence = (ROOT / "LICENSE").read_text().split("\n\n", 2)[2]
    terms = "".join(f" {line}\n" if line else " .\n" for line in licence.rstrip().split("\n"))
    moment = int(moment_of(ROOT))
    change = f"ecotrack ({version}) bookworm; urgency=medium\n\n  * See changelog.gz.\n\n"
    change += f" -- The ecotrack authors <ecotrack@users.noreply.github.com>  {formatdate(moment)}\n"
    texts = {
        "etc/ecotrack/ecotrack.yml": (PARTS / "ecotrack.yml").read_text(),
        **{f"lib/systemd/system/{name}": text.replace(SERVICE_COMMAND, PROGRAM) for name, text in units.items()},
        "usr/bin/ecotrack": (PARTS / "ecotrack").read_text(),
        "usr/share/doc/ecotrack/copyright": f"{(PARTS / 'copyright').read_text()}{terms}",
        "usr/share/lintian/overrides/ecotrack": (PARTS / "lintian-overrides").read_text(),
    }
    packed = {
        "usr/share/doc/ecotrack/changelog.gz": (ROOT / "CHANGELOG.md").read_text(),
        "usr/share/doc/ecotrack/changelog.Debian.gz": change,
        "usr/share/man/man1/ecotrack.1.gz": manual(moment),
    }
    for name, text in texts.items():
        _write(folder / name, text.encode())
    for name, text in packed.items():
        _write(folder / name, gzip.compress(text.encode(), mtime=0))


def manual(moment: int) -> str:
    """Return the manual page: what the program says of itself, as it says it."""
    os.environ["COLUMNS"] = "78"
    told = build_parser().format_help().replace("\\", "\\e").replace("-", "\\-")
    shown = "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in told.splitlines())
    title = f'.TH ECOTRACK 1 "{formatdate(moment)[5:16]}" "ecotrack {__version__}" "User Commands"'
    name = ".SH NAME\necotrack \\- Prometheus exporter for energy and carbon"
    return f"{title}\n{name}\n.SH DESCRIPTION\n.nf\n{shown}\n.fi\n"


def control(folder: Path, architecture: str, version: str) -> None:
    """Write the part that dpkg reads."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in paths)  # noqa: S324 - what dpkg asks for
    described = (
        (PARTS / "control")
        .read_text()
        .format(
            version=version,
            architecture=architecture,
            kilobytes=sum(path.stat().st_size // 1024 + 1 for path in paths),
            oldest=f"{PYTHON[0]}.{PYTHON[1]}",
            next=f"{PYTHON[0]}.{PYTHON[1] + 1}",
        )
    )
    texts = {"control": described, "md5sums": sums, "conffiles": "/etc/ecotrack/ecotrack.yml\n"}
    for name in SCRIPTS:
        texts[name] = (PARTS / name).read_text()
    for name, text in texts.items():
        _write(folder / "DEBIAN" / name, text.encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
