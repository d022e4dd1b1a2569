"""Wheel and source archive: complete, nothing else in them, the same bytes anywhere, and installed into nothing."""

import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from exporter import __version__
from exporter.config import load_config
from scripts import wheels
from scripts.deb import PARTS, SCRIPTS, UNITS, debian_version, package
from scripts.packages import ROOT, changed, copy, packages, plain, run, told, tools
from scripts.sbom import bill
from tests.processes import TOOL_SECONDS
from tests.test_requirements import hashed

MOMENT = "1764000000"
"""Unix time that the packages of these tests bear."""

AUTHOR = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
"""The author of the commits of these tests, as environment variables."""

HEAVY = ("dask", "forecast", "measure", "simulator")
"""Extras with some 700 MB to fetch, or torch beside it."""

DEVELOPMENT = ("dev", "package", "test")
"""Extras that this repository's own environments are made of, each time that they are."""

EXTRAS = ("", "dashboards", "docs", "gpu", "report", *(pytest.param(one, marks=pytest.mark.full) for one in HEAVY))


@pytest.fixture(scope="module")
def python() -> Path:
    return tools(ROOT / ".cache")


@pytest.fixture(scope="module")
def made(python: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return wheel and source archive of this repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", MOMENT)
        wheel, archive = packages(ROOT, tmp_path_factory.mktemp("made"), python)
    return wheel, archive


def known(*patterns: str) -> set[str]:
    """Return the files that git knows by these patterns."""
    return set(run(["git", "ls-files", "-z", "--", *patterns], ROOT).split("\0")[:-1])


INSTALLED = ("exporter", "simulator", "grafana/dashboards", "prometheus/*.py", "prometheus/alertmanager.yml")


@pytest.mark.servers
@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_packages_and_no_other(made: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(made[0]).namelist())
    described = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - described == known(*INSTALLED, "prometheus/templates")
    assert {name.partition("/")[2] for name in described} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "licenses/NOTICE",
        "top_level.txt",
    }


@pytest.mark.servers
@pytest.mark.slow
def test_the_source_archive_has_what_the_wheel_is_made_of_and_no_other(made: tuple[Path, Path]) -> None:
    with tarfile.open(made[1]) as archive:
        members = archive.getmembers()
    names = {one.name.partition("/")[2] for one in members if one.isfile()}
    written = {name for name in names if name.startswith("ecotrack.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    own = known(*INSTALLED, "prometheus/templates", "LICENSE", "MANIFEST.in", "NOTICE", "README.md", "pyproject.toml")
    assert names - written == own
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} == {(0, 0, "", "", int(MOMENT))}


@pytest.mark.servers
@pytest.mark.slow
def test_twine_finds_nothing_to_warn_of(made: tuple[Path, Path], python: Path) -> None:
    assert run([str(python), "-m", "twine", "check", "--strict", *map(str, made)], ROOT).count("PASSED") == 2


@pytest.mark.servers
@pytest.mark.slow
def test_another_folder_day_and_user_give_the_same_bytes(
    made: tuple[Path, Path], python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "a longer path" / "elsewhere"
    copy(ROOT, elsewhere, 0)
    for path in elsewhere.rglob("*.py"):
        path.chmod(0o700)
        os.utime(path)
    (elsewhere / "exporter/notes.py").write_text("not_known_to_git = 1\n")
    for argv in (["git", "init", "--quiet"], ["git", "add", "--all", ":!exporter/notes.py"]):
        run(argv, elsewhere)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENT)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    before = os.umask(0o077)
    try:
        again = packages(elsewhere, tmp_path / "made", python)
    finally:
        os.umask(before)
    assert [path.name for path in again] == [path.name for path in made]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in made]


def test_an_archive_of_another_time_has_other_bytes_and_the_same_files() -> None:
    """A time that got into the bytes would be found by their comparison."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name in ("b", "a"):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uname, entry.mtime = 1, 0o600, "me", 5
            archive.addfile(entry, io.BytesIO(name.encode()))
    one, other = plain(written.getvalue(), 10), plain(written.getvalue(), 11)
    assert one != other
    assert plain(other, 10) == one
    with tarfile.open(fileobj=io.BytesIO(one)) as read:
        assert [(each.name, each.mode, each.uname, each.mtime) for each in read] == [
            ("a", 0o644, "", 10),
            ("b", 0o644, "", 10),
        ]


def test_what_is_not_in_the_commit_is_named(tmp_path: Path) -> None:
    """A package of it has bytes that nobody else gets from the commit."""
    (tmp_path / "a b").write_text("1")
    for argv in (["git", "init", "--quiet"], ["git", "add", "--all"], ["git", "commit", "--quiet", "--message=1"]):
        run(argv, tmp_path, AUTHOR)
    (tmp_path / "unknown to git").touch()
    assert changed(tmp_path) == []
    (tmp_path / "a b").write_text("2")
    assert changed(tmp_path) == ["a b"]


@pytest.mark.parametrize(
    ("program", "line"), [("no-such-program", "no-such-program: is not there"), ("false", "false: ")]
)
def test_a_program_that_is_missing_or_fails_is_named(
    capsys: pytest.CaptureFixture[str], program: str, line: str
) -> None:
    assert told(lambda: [Path(run([program], ROOT))]) == 1
    assert capsys.readouterr().err.startswith(line)


def test_every_extra_is_installed_or_left_out_for_a_reason() -> None:
    document = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = {line.partition(" = ")[0] for line in document.splitlines() if " = [" in line}
    plain_ones = {one for one in EXTRAS if isinstance(one, str)}
    assert extras == {*plain_ones, *HEAVY, *DEVELOPMENT} - {""}


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("extra", EXTRAS)
def test_the_wheel_installs_into_an_empty_environment(made: tuple[Path, Path], tmp_path: Path, extra: str) -> None:
    there = tmp_path / "there"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", there], check=True, timeout=TOOL_SECONDS)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(there / "bin/python")]
    wanted = f"{made[0]}[{extra}]" if extra else str(made[0])
    # torch needs twenty minutes on a slow machine with an empty cache.
    fetch = [*pip, "install", "--quiet", "--only-binary=:all:", "--constraint", str(ROOT / "constraints.txt"), wanted]
    done = subprocess.run(fetch, capture_output=True, text=True, timeout=10 * TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    run([*pip, "check"], tmp_path)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert run([str(there / "bin/ecotrack"), "--version"], tmp_path, environment).startswith("ecotrack ")
    run([str(there / "bin/ecotrack"), "--config.check"], tmp_path, environment)
    simulator = [str(there / "bin/ecochain"), "--version"]
    if extra in HEAVY:
        assert run(simulator, tmp_path, environment).startswith("ecochain ")


@pytest.mark.servers
@pytest.mark.slow
def test_the_bill_of_materials_names_all_that_is_installed_and_is_the_same_each_time(
    made: tuple[Path, Path], python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENT)
    first, second = (bill("exporter", made[0], tmp_path / name, python).read_text() for name in ("one", "two"))
    assert first == second
    assert str(tmp_path) not in first
    assert "file:" not in first
    document = json.loads(first)
    assert document["specVersion"] == "1.6"
    found = {one["name"].lower().replace("_", "-"): one["version"] for one in document["components"]}
    assert found == {name: version for name, (version, _) in hashed("exporter").items()}
    (own,) = (one for one in document["dependencies"] if one["ref"] == "root-component")
    assert len(own["dependsOn"]) == len(found)


def test_a_package_without_a_wheel_is_named_in_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(pins: Sequence[str]) -> tuple[int, str, dict[str, str]]:
        if "numpy==2.4.6" in pins:
            return 1, "ERROR: No matching distribution found for numpy==2.4.6", {}
        return 0, "", {pin.partition("==")[0].lower().replace("_", "-").replace(".", "-"): "x.whl" for pin in pins}

    monkeypatch.setattr(wheels, "ask", answer)
    assert wheels.main(["--skip", "torch"]) == 1
    told = capsys.readouterr().out
    assert "| numpy==2.4.6 | none |" in told
    assert "| h11==0.16.0 | x.whl |" in told
    assert "| torch | not asked for |" in told
    assert "torch==" not in told
    assert told.count("\n") == 2 + len(wheels.pinned(wheels.CONSTRAINTS.read_text()))


@pytest.fixture(scope="module")
def deb(made: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the exporter's package for Debian."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed: this is no Debian")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", MOMENT)
        return package(made[0], "amd64", "0.1.0-1", tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def unpacked(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked") / "there"
    run(["dpkg-deb", "--raw-extract", str(deb), str(folder)], ROOT)
    return folder


@pytest.mark.servers
@pytest.mark.slow
def test_lintian_has_nothing_against_the_debian_package(deb: Path) -> None:
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed: apt-get install --no-install-recommends lintian")
    argv = ["lintian", "--allow-root", "--fail-on=error,warning", str(deb)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=2 * TOOL_SECONDS, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.servers
@pytest.mark.slow
def test_the_debian_package_has_the_same_bytes_each_time(
    made: tuple[Path, Path], deb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENT)
    monkeypatch.setenv("COLUMNS", "200")
    assert package(made[0], "amd64", "0.1.0-1", tmp_path).read_bytes() == deb.read_bytes()


@pytest.mark.servers
@pytest.mark.slow
def test_the_debian_package_holds_the_exporter_and_its_locked_packages_alone(unpacked: Path) -> None:
    site = unpacked / "usr/lib/ecotrack/lib/python3.11/site-packages"
    described = {path.name.removesuffix(".dist-info") for path in site.glob("*.dist-info")}
    found = {name.lower().replace("_", "-"): version for name, _, version in (one.rpartition("-") for one in described)}
    assert found == {name: version for name, (version, _) in hashed("exporter").items()} | {"ecotrack": __version__}
    assert {path.name for path in site.glob("[a-z]*") if path.name in ("simulator", "tests", "bench", "bin")} == set()
    assert list(unpacked.rglob("__pycache__")) == []
    assert (unpacked / "usr/lib/ecotrack/bin/python3").readlink() == Path("../../../bin/python3")
    assert (unpacked / "DEBIAN/conffiles").read_text() == "/etc/ecotrack/ecotrack.yml\n"
    load_config(unpacked / "etc/ecotrack/ecotrack.yml")
    for name in SCRIPTS:
        run(["sh", "-n", f"DEBIAN/{name}"], unpacked)


@pytest.mark.servers
@pytest.mark.slow
def test_the_unit_of_the_debian_package_starts_its_program_and_is_locked_down(unpacked: Path) -> None:
    unit = unpacked / "lib/systemd/system/ecotrack.service"
    started = [line for line in unit.read_text().splitlines() if line.startswith("Exec") and "ecotrack" in line]
    assert started
    assert all("=/usr/bin/ecotrack " in line for line in started)
    assert "/opt/" not in unit.read_text()
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    # In tenths: no more than 1.6 of 10.
    run(["systemd-analyze", "security", "--offline=true", "--threshold=16", "--no-pager", str(unit)], ROOT)


@pytest.mark.servers
@pytest.mark.slow
def test_the_debian_package_has_the_socket_and_leaves_it_to_the_administrator(unpacked: Path) -> None:
    assert {path.name for path in (unpacked / "lib/systemd/system").iterdir()} == set(UNITS)
    for name in ("enable", "update-state"):
        assert f"{name} ecotrack.socket" not in (unpacked / "DEBIAN/postinst").read_text()
    prerm = (unpacked / "DEBIAN/prerm").read_text()
    assert "stop ecotrack.socket ecotrack.service" in prerm  # or a scrape starts the service in the midst of an upgrade


@pytest.mark.parametrize("reason", ["configure", "abort-upgrade", "abort-remove", "abort-deconfigure"])
def test_what_stops_before_an_upgrade_starts_again_also_where_that_fails(tmp_path: Path, reason: str) -> None:
    """`sh` finds these programs alone, which note that they are asked."""
    for name in ("py3compile", "py3clean", "deb-systemd-helper", "deb-systemd-invoke", "systemctl"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{tmp_path}/asked\n')
        (tmp_path / name).chmod(0o755)
    run(["/bin/sh", str(PARTS / "prerm"), "upgrade"], tmp_path, {"PATH": str(tmp_path)})
    run(["/bin/sh", str(PARTS / "postinst"), reason], tmp_path, {"PATH": str(tmp_path)})
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked.index("py3clean -p ecotrack /usr/lib/ecotrack") < asked.index(
        "py3compile -p ecotrack /usr/lib/ecotrack"
    )
    if Path("/run/systemd/system").is_dir():
        starts = [line for line in asked if line.startswith("deb-systemd-invoke start ")]
        assert starts == [f"deb-systemd-invoke start ecotrack.{kind}" for kind in ("socket", "service")]


def committed(root: Path, at: str, changelog: str) -> None:
    (root / "CHANGELOG.md").write_text(changelog)
    run(["git", "add", "--all"], root)
    moments = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": at}
    run(["git", "commit", "--quiet", "--allow-empty", "--message=1"], root, AUTHOR | moments)


def test_debian_takes_each_commit_and_release_for_newer_than_what_came_before_it(tmp_path: Path) -> None:
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is not installed: this is no Debian")
    run(["git", "init", "--quiet"], tmp_path)
    versions = []
    released = ""
    for number, version in enumerate(("0.1.0", "0.2.0-alpha.1", "0.2.0-rc.1", "0.2.0", "0.10.0")):
        for at in ("08:59:59+02:00", "09:00:00+02:00", "08:00:00Z"):  # read without its zone, the last is the first
            committed(tmp_path, f"2026-12-0{number + 1}T{at}", f"## Unreleased\n{released}")
            versions.append(debian_version(tmp_path, version))
        released = f"## {version} - 2026-12-0{number + 1}\n{released}"
        committed(tmp_path, f"2026-12-0{number + 1}T10:00:00Z", f"## Unreleased\n{released}")
        run(["git", "tag", f"v{version}"], tmp_path)
        versions.append(debian_version(tmp_path, version))
        assert versions[-1] == f"{version.replace('-', '~')}-1"
        # Also where the release is named at once.
        for hour, later in ((11, version), (12, version.partition("-")[0])):
            committed(tmp_path, f"2026-12-0{number + 1}T{hour}:00:00Z", f"## Unreleased\n{released}")
            versions.append(debian_version(tmp_path, later))
    assert len(versions) == len(set(versions)) == 30
    for older, newer in itertools.pairwise(versions):
        run(["dpkg", "--compare-versions", older, "lt", newer], ROOT)
    for version in versions:
        run(["dpkg", "--validate-version", version], ROOT)


def test_the_version_of_a_package_is_that_of_its_commit_and_says_where_a_file_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["git", "init", "--quiet"], tmp_path)
    committed(tmp_path, "2026-11-30T10:17:49+01:00", "## Unreleased\n")
    run(["git", "tag", "v0.2.0"], tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENT)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    head = run(["git", "rev-parse", "HEAD"], tmp_path)[:12]
    assert debian_version(tmp_path, "0.1.0") == f"0.1.0~git20261130091749.{head}-1"
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n\n- More.\n")
    for version in ("0.1.0", "0.2.0"):  # what is changed is not the release either
        assert debian_version(tmp_path, version) == f"{version}~git20261130091749.{head}.changed-1"


@pytest.mark.servers
@pytest.mark.full
def test_the_debian_package_is_installed_started_upgraded_and_purged(
    made: tuple[Path, Path], deb: Path, tmp_path: Path
) -> None:
    if os.getuid() != 0 or not all(map(shutil.which, ("debootstrap", "ip"))):
        pytest.skip("needs root, debootstrap and iproute2")
    newer = package(made[0], "amd64", "0.1.0-2", tmp_path)
    argv = [str(ROOT / "scripts/check-deb"), str(deb), str(newer)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=15 * TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "installed, started as user 61184, upgraded and purged" in done.stdout
