"""The version stands in one place, a release is checked before it is tagged, and other systems are told in one line."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import exporter
import simulator
from exporter.core.supported import LEAST_PYTHON, unsupported
from scripts.release import UNRELEASED, main, mistakes, versions_in

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = "docs/how-to/install-packages.md"
KUSTOMIZATION = "docs/examples/kubernetes/kustomization.yaml"


def test_the_version_stands_in_one_place() -> None:
    written = [
        file
        for folder in ("exporter", "simulator", "scripts")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(rf'"{re.escape(exporter.__version__)}"', file.read_text(encoding="utf-8"))
    ]
    assert [file.relative_to(ROOT).as_posix() for file in written] == ["exporter/__init__.py"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "exporter.__version__"}
    assert simulator.__version__ == exporter.__version__


def test_the_manifests_name_an_image_of_this_version() -> None:
    assert f"newTag: {exporter.__version__}\n" in (ROOT / KUSTOMIZATION).read_text(encoding="utf-8")


def test_pages_name_packages_and_images_of_this_version() -> None:
    found = [line for line in mistakes(f"v{exporter.__version__}", ROOT, exporter.__version__) if "packages of" in line]
    assert found == []
    assert len([line for line in mistakes("v999.0.0", ROOT, "999.0.0") if "packages of" in line]) == 3


def test_the_citation_names_this_version_and_no_day_before_there_is_a_release() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == exporter.__version__
    released = versions_in((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[1:]
    assert ("date-released" in citation) == (citation["version"] in released)


def test_the_changelog_has_one_heading_for_what_comes() -> None:
    headings = versions_in((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert headings[0] == UNRELEASED
    assert headings.count(UNRELEASED) == 1


def tree(folder: Path) -> None:
    """Write the files of a tree that may be released as v1.2.0."""
    (folder / "docs/examples/kubernetes").mkdir(parents=True)
    (folder / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2027-01-31\n\n## 1.1.0 - 2026-12-01\n"
    )
    (folder / "docs/upgrading.md").write_text("# Upgrading\n\n## Unreleased\n\n## 1.2.0\n\n## 1.1.0\n")
    (folder / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.0\ndate-released: 2027-01-31\n")
    (folder / KUSTOMIZATION).write_text("images: [{name: a, newTag: 1.2.0}]\n")
    (folder / PACKAGES).parent.mkdir()
    (folder / PACKAGES).write_text("ecotrack_1.2.0~rc.1-1_amd64.deb ecotrack-1.2.0rc1-py3-none-any.whl other-1.0.0\n")


Damage = Callable[[Path], object]


def replaced(name: str, old: str, new: str) -> Damage:
    """Return what replaces a text in a file of a tree."""
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


@pytest.mark.parametrize(
    ("tag", "version", "damage", "told"),
    [
        ("v1.2.0", "1.2.0", None, []),
        ("1.2.0", "1.2.0", None, ["tag: expected v and a version such as v0.1.0, got 1.2.0"]),
        ("v1.2.0", "1.1.0", None, ["exporter/__init__.py: expected version 1.2.0, got 1.1.0"]),
        (
            "v1.2.0",
            "1.2.0",
            replaced("CHANGELOG.md", " - 2027-01-31", ""),
            ["CHANGELOG.md: expected the heading ## 1.2.0 - YYYY-MM-DD below Unreleased"],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced("CHANGELOG.md", "## 1.2.0 - 2027-01-31", ""),
            ["CHANGELOG.md: expected the heading ## 1.2.0 - YYYY-MM-DD below Unreleased"],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced("CHANGELOG.md", "## Unreleased", ""),
            [
                "CHANGELOG.md: expected one heading Unreleased, above all versions",
                "CHANGELOG.md: expected the heading ## 1.2.0 - YYYY-MM-DD below Unreleased",
            ],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced("docs/upgrading.md", "1.2.0", "1.3.0"),
            ["docs/upgrading.md: expected the heading ## 1.2.0"],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced(KUSTOMIZATION, "1.2.0", "1.1.0"),
            ["docs/examples/kubernetes: expected the image's tag 1.2.0"],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced("CITATION.cff", "\nversion: 1.2.0", "\nversion: 1.1.0"),
            ["CITATION.cff: expected version 1.2.0, got 1.1.0"],
        ),
        (
            "v1.2.0",
            "1.2.0",
            replaced("CITATION.cff", "date-released: 2027-01-31", ""),
            ["CITATION.cff: expected date-released 2027-01-31, got none"],
        ),
        (
            "v1.2.0-rc.1",
            "1.2.0-rc.1",
            replaced(PACKAGES, "1.2.0", "1.1.0"),
            [
                "CHANGELOG.md: expected the heading ## 1.2.0-rc.1 - YYYY-MM-DD below Unreleased",
                "docs/upgrading.md: expected the heading ## 1.2.0-rc.1",
                "CITATION.cff: expected version 1.2.0-rc.1, got 1.2.0",
                "docs/examples/kubernetes: expected the image's tag 1.2.0-rc.1",
                "docs/how-to/install-packages.md: expected packages of 1.2.0, got 1.1.0",
            ],
        ),
    ],
)
def test_each_disagreement_is_one_line(
    tmp_path: Path, tag: str, version: str, damage: Damage | None, told: list[str]
) -> None:
    tree(tmp_path)
    if damage is not None:
        damage(tmp_path)
    assert list(mistakes(tag, tmp_path, version)) == told


def test_the_script_tells_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["v999.0.0"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"release: exporter/__init__.py: expected version 999.0.0, got {exporter.__version__}"
    assert main([]) == 2


@pytest.mark.parametrize("module", ["exporter", "simulator"])
@pytest.mark.parametrize("platform", ["darwin", "win32", "freebsd14", "android"])
def test_another_system_is_told_in_one_line(module: str, platform: str) -> None:
    """Nothing of the program is imported there: much of it would fail without the system's own words."""
    start = f"import runpy, sys; sys.platform = {platform!r}; runpy.run_module({module!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=240, check=False)
    name = {"exporter": "ecotrack", "simulator": "ecochain"}[module]
    line = f"{name}: runs on Linux alone, whose /proc and /sys it reads, and this is {platform}: see "
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}docs/explanation/compatibility.md\n")


def test_an_old_python_is_told_in_one_line() -> None:
    page = "see docs/explanation/compatibility.md"
    assert unsupported("linux", (3, 10)) == f"needs Python 3.11 or later, and this is 3.10: {page}"
    assert unsupported("linux", LEAST_PYTHON) is None
    assert unsupported("linux", (4, 0)) is None
    assert PROJECT["project"]["requires-python"] == f">={'.'.join(map(str, LEAST_PYTHON))}"


@pytest.mark.parametrize("name", ["exporter/__main__.py", "simulator/__main__.py", "exporter/core/supported.py"])
def test_an_old_python_can_read_what_tells_it(name: str) -> None:
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("name", ["exporter/__init__.py", "exporter/core/__init__.py", "simulator/__init__.py"])
def test_nothing_else_is_imported_before_it(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"^(?:from|import) .*$", text, re.MULTILINE)) <= {"from exporter import __version__"}


def test_the_commands_begin_with_that_check() -> None:
    assert PROJECT["project"]["scripts"] == {
        "ecotrack": "exporter.__main__:main",
        "ecochain": "simulator.__main__:main",
    }
