"""Both commands as they are installed: from a wheel, in an environment with the exporter's packages alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exporter.stack.test_dashboards import COMMITTED as BOARDS
from tests.exporter.stack.test_messages import COMMITTED as MESSAGES
from tests.exporter.stack.test_messages import messages
from tests.exporter.stack.test_rules import COMMITTED as RULES
from tests.exporter.stack.test_rules import written
from tests.processes import TOOL_SECONDS, program
from tests.test_requirements import FOLDER as REQUIREMENTS

ROOT = Path(__file__).parents[3]
FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def run(*argv: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
    return subprocess.run(
        [*map(str, argv)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * TOOL_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def ecotrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from the committed folders, install it into an empty environment, and return its command."""
    folder = tmp_path_factory.mktemp("installed")
    source, wheels, there = folder / "source", folder / "wheels", folder / "there"
    source.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, source)
    for name in ("exporter", "simulator", "prometheus", "grafana"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    install: list[str | Path] = [*pip, "--python", there / "bin/python", "install"]
    steps: list[list[str | Path]] = [
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, source],
        [sys.executable, "-m", "venv", "--without-pip", there],
        [*install, "--require-hashes", "--only-binary=:all:", "-r", REQUIREMENTS / "exporter.txt"],
        [*install, "--no-deps", "--no-index", "--find-links", wheels, "ecotrack"],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=2 * TOOL_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
    shutil.rmtree(source)
    return there / "bin/ecotrack"


@pytest.mark.parametrize(("command", "committed"), [("rules", RULES), ("dashboards", BOARDS)])
def test_an_installed_command_writes_what_is_committed(
    ecotrack: Path, tmp_path: Path, command: str, committed: dict[str, str]
) -> None:
    done = run(ecotrack, command, "--output", "out", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert written(tmp_path / "out") == committed


@pytest.mark.usefixtures("generation")
def test_an_installed_command_writes_the_messages_too(ecotrack: Path, tmp_path: Path) -> None:
    done = run(ecotrack, "rules", "--output", "out", "--only", "ecotrack", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert messages(tmp_path / "out") == MESSAGES
    checked = subprocess.run(
        [program("amtool"), "check-config", tmp_path / "out/alertmanager/alertmanager.yml"],
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "1 templates" in checked.stdout


def test_a_folder_of_the_same_name_beside_it_is_not_taken_for_the_packages(ecotrack: Path, tmp_path: Path) -> None:
    for name in ("prometheus", "grafana/dashboards"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "grafana/dashboards/mine.json").write_text("{}")
    (tmp_path / "prometheus/prometheus.yml").write_text("{}")
    for command, committed in (("rules", RULES), ("dashboards", BOARDS)):
        done = run(ecotrack.parent / "python", "-m", "exporter", command, "--output", command, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert written(tmp_path / command) == committed


def test_help_comes_with_examples(ecotrack: Path, tmp_path: Path) -> None:
    for command in ("rules", "dashboards"):
        done = run(ecotrack, command, "--help", folder=tmp_path)
        assert done.returncode == 0
        assert f"ecotrack {command} --output" in done.stdout.partition("examples:")[2]


def test_the_exporter_loads_neither(ecotrack: Path, tmp_path: Path) -> None:
    """A daemon has no use for what the commands need, and nothing here has numpy or the boards' library."""
    loaded = "import sys, exporter.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    done = run(ecotrack.parent / "python", "-c", loaded, folder=tmp_path)
    packages = set(done.stdout.split())
    assert "exporter" in packages, done.stderr
    assert not {"prometheus", "grafana", "numpy"} & packages
    for library in ("numpy", "grafana_foundation_sdk", "promql_parser"):
        assert run(ecotrack.parent / "python", "-c", f"import {library}", folder=tmp_path).returncode == 1
