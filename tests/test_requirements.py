"""Packages that users run are fetched by hashes that agree with `constraints.txt`; images can be pinned by digests."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.processes import TOOL_SECONDS, program

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "scripts/requirements"
FILES = ("build", "exporter", "package", "simulator")

DIGEST = f"sha256:{'0f' * 32}"


def hashed(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes by the package's name."""
    found = {}
    for entry in re.findall(r"^[a-z0-9].*(?:\n +--hash=.*)*", (FOLDER / f"{name}.txt").read_text(), re.MULTILINE):
        requirement, *hashes = re.split(r" \\\n +--hash=sha256:", entry)
        package, version = requirement.partition(";")[0].strip().split("==")
        found[package] = (version, hashes)
    return found


def pins() -> dict[str, str]:
    """Return the versions of `constraints.txt` by the package's name."""
    lines = [line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    return {canonicalize_name(name): version for name, version in lines}


def wanted(name: str) -> list[str]:
    """Return what `pyproject.toml` asks for."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    asked: dict[str, list[str]] = {
        "build": document["build-system"]["requires"],
        "exporter": project["dependencies"],
        "package": document["build-system"]["requires"] + project["optional-dependencies"]["package"],
        "simulator": project["dependencies"] + project["optional-dependencies"]["simulator"],
    }
    return asked[name]


def needed(asked: list[str]) -> Iterator[str]:
    """Yield the names of all that is asked for and what that needs in turn, on this machine."""
    for requirement in map(Requirement, asked):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)
            # What writes packages has an environment of its own.
            with contextlib.suppress(PackageNotFoundError):
                yield from needed(requires(requirement.name) or [])


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_there_with_the_version_of_the_constraints_and_its_hashes(name: str) -> None:
    found = hashed(name)
    assert found.keys() >= set(needed(wanted(name)))
    assert {package: version for package, (version, _) in found.items()} == {one: pins()[one] for one in found}
    for package, (_, hashes) in found.items():
        assert hashes, package
        assert [one for one in hashes if not re.fullmatch("[0-9a-f]{64}", one)] == [], package


@pytest.mark.parametrize("name", FILES)
def test_versions_are_those_that_the_project_allows(name: str) -> None:
    found = hashed(name)
    for requirement in map(Requirement, wanted(name)):
        assert requirement.specifier.contains(found[canonicalize_name(requirement.name)][0])


@pytest.mark.parametrize("name", FILES)
def test_no_file_says_where_packages_come_from(name: str) -> None:
    assert not re.search(r"://|index|find-links", (FOLDER / f"{name}.txt").read_text())


def test_the_images_fetch_nothing_without_a_hash() -> None:
    steps = re.split(r"&&|^RUN ", (ROOT / "Dockerfile").read_text().replace("\\\n", " "), flags=re.MULTILINE)
    fetching = [step for step in steps if re.search(r"\bpip (--python \S+ )?(install|wheel)\b", step)]
    assert len(fetching) >= 5
    assert [step for step in fetching if not re.search(r"--require-hashes|--no-deps", step)] == []
    assert all(re.search("--no-index|--no-build-isolation", step) for step in fetching if "--no-deps" in step)


@pytest.mark.servers
def test_pip_installs_the_exporters_packages_by_their_hashes_alone(tmp_path: Path) -> None:
    done = pip("--target", tmp_path / "there", "-r", FOLDER / "build.txt", "-r", FOLDER / "exporter.txt")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there/psutil").is_dir()


@pytest.mark.servers
def test_pip_refuses_a_package_whose_hash_is_another(tmp_path: Path) -> None:
    other = re.sub(r"sha256:\w{8}", "sha256:00000000", (FOLDER / "build.txt").read_text())
    (tmp_path / "build.txt").write_text(other)
    done = pip("--target", tmp_path / "there", "-r", tmp_path / "build.txt")
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def pip(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=2 * TOOL_SECONDS, check=False)


def pin_images(folder: Path, answer: str, buildx: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the script on a copy, with a Docker that gives `answer` for every image, and `buildx` as status of that."""
    (folder / "scripts").mkdir(exist_ok=True)
    shutil.copy(ROOT / "scripts/pin-images", folder / "scripts")
    docker = folder / "bin/docker"
    docker.parent.mkdir(exist_ok=True)
    asked = '[ "$1 $2 $3" = "buildx imagetools inspect" ]'
    docker.write_text(f'#!/bin/sh\n[ "$1 $2" = "buildx version" ] && exit {buildx}\n{asked} || exit 9\necho {answer}\n')
    docker.chmod(0o755)
    environment = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    argv = [program("bash"), str(folder / "scripts/pin-images")]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("Dockerfile", "docker-compose.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.servers
def test_digests_stand_beside_the_tags_of_all_images_that_are_fetched_and_are_renewed(tree: Path) -> None:
    for digest in (f"sha256:{'a1' * 32}", DIGEST):
        done = pin_images(tree, digest)
        assert (done.returncode, done.stderr) == (0, "")
    for name in ("Dockerfile", "docker-compose.yml"):
        before, after = (ROOT / name).read_text(), (tree / name).read_text()
        unpinned = re.sub("@sha256:[0-9a-f]{64}", "", before)
        assert re.sub(f"@{DIGEST}", "", after) == unpinned
        tagged = re.findall(r"^(?:FROM| *image:) \S+:\S+", unpinned, re.MULTILINE)
        fetched = [one for one in tagged if not one.endswith(":local")]
        assert len(fetched) >= 2
        assert after.count(f"@{DIGEST}") == len(fetched)


@pytest.mark.servers
@pytest.mark.parametrize("answer", ["", "sha256:12", "ERROR: denied"])
def test_what_is_no_digest_is_written_nowhere(tree: Path, answer: str) -> None:
    done = pin_images(tree, answer)
    assert done.returncode == 1
    assert f'expected a digest, got "{answer}"' in done.stderr
    for name in ("Dockerfile", "docker-compose.yml"):
        assert (tree / name).read_text() == (ROOT / name).read_text()


@pytest.mark.servers
def test_a_docker_without_buildx_is_refused_in_one_line(tree: Path) -> None:
    done = pin_images(tree, DIGEST, buildx=1)
    assert (done.returncode, done.stderr) == (1, "scripts/pin-images: needs Docker with buildx\n")
