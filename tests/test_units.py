"""The systemd units are what systemd reads, and give the service as little as it needs."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.flags import DEFAULT_ADDRESS
from tests.processes import TOOL_SECONDS

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs/examples"
UNIT = EXAMPLES / "ecotrack.service"
DROP_INS = ("ecotrack-power.service.conf", "ecotrack-process-bytes.service.conf")

MOST_EXPOSURE = 1.6
"""Most exposure of the service, from 0 to 10 by systemd-analyze(1), without a drop-in."""

MOST_EXPOSED = {"ecotrack-power.service.conf": 1.6, "ecotrack-process-bytes.service.conf": 2.0}
"""Most exposure with a drop-in, which is what its capabilities and groups cost."""

analyzed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def installed(folder: Path, *drop_ins: str) -> Path:
    """Return the unit as it is installed in a folder, with a program that there is and with these drop-ins."""
    program = "/opt/ecotrack/bin/ecotrack"
    (folder / "ecotrack.service.d").mkdir()
    files = {UNIT: folder / UNIT.name, EXAMPLES / "ecotrack.socket": folder / "ecotrack.socket"}
    files |= {EXAMPLES / name: folder / f"ecotrack.service.d/{name}" for name in drop_ins}
    for file, place in files.items():
        place.write_text(file.read_text(encoding="utf-8").replace(program, sys.executable), encoding="utf-8")
    return folder / UNIT.name


def analyze(*arguments: str | Path) -> str:
    """Return what systemd-analyze prints."""
    argv = ["systemd-analyze", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def exposure(unit: Path) -> float:
    """Return how exposed a service is, from 0 to 10."""
    told = analyze("security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for ecotrack.service: ([\d.]+)", told)
    assert found, told
    return float(found[1])


@analyzed
@pytest.mark.servers
@pytest.mark.parametrize("drop_ins", [(), *((one,) for one in DROP_INS), DROP_INS])
def test_systemd_reads_every_line(tmp_path: Path, drop_ins: tuple[str, ...]) -> None:
    unit = installed(tmp_path, *drop_ins)
    told = analyze("verify", "--man=no", unit, tmp_path / "ecotrack.socket")
    # Whatever else it knows of this machine's other units.
    assert [line for line in told.splitlines() if "ecotrack" in line] == []


@analyzed
@pytest.mark.servers
def test_systemd_would_have_found_a_wrong_line(tmp_path: Path) -> None:
    unit = installed(tmp_path, DROP_INS[0])
    with (tmp_path / f"ecotrack.service.d/{DROP_INS[0]}").open("a") as file:
        file.write("WatchdogSeconds=1\n")
    assert "WatchdogSeconds" in analyze("verify", "--man=no", unit)


@analyzed
@pytest.mark.servers
def test_the_service_is_hardly_exposed(tmp_path: Path) -> None:
    assert exposure(installed(tmp_path)) <= MOST_EXPOSURE


@analyzed
@pytest.mark.servers
@pytest.mark.parametrize("drop_in", DROP_INS)
def test_a_drop_in_costs_no_more_than_it_says(tmp_path: Path, drop_in: str) -> None:
    assert exposure(installed(tmp_path, drop_in)) <= MOST_EXPOSED[drop_in]


def test_the_unit_watches_tells_and_holds_nothing() -> None:
    """The program tells what it does, and is heard only where the unit asks for it."""
    text = UNIT.read_text(encoding="utf-8")
    for line in ("Type=notify", "WatchdogSec=2min", "LimitCORE=0", "CapabilityBoundingSet=", "Restart=on-failure"):
        assert f"\n{line}\n" in text
    assert "AF_UNIX" in text  # or nothing could be told


def test_capabilities_are_those_of_ebpf_alone() -> None:
    found = {}
    for name in DROP_INS:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read(EXAMPLES / name, encoding="utf-8")
        found[name] = {parser["Service"].get(key) for key in ("AmbientCapabilities", "CapabilityBoundingSet")}
    assert found == {DROP_INS[0]: {None}, DROP_INS[1]: {"CAP_BPF CAP_PERFMON"}}


def test_the_socket_is_at_the_address_that_the_exporter_has_by_itself() -> None:
    assert f"\nListenStream={DEFAULT_ADDRESS}\n" in (EXAMPLES / "ecotrack.socket").read_text(encoding="utf-8")


def written_drop_ins() -> list[tuple[str, str]]:
    """Return name and text of each drop-in of the exporter's service that the pages write or install."""
    found = [("programs.conf", (EXAMPLES / DROP_INS[1]).read_text(encoding="utf-8"))]
    for page in sorted((ROOT / "docs/how-to").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        found += re.findall(r"/ecotrack\.service\.d/(\S+\.conf) >/dev/null <<'END'\n(.*?)\nEND\n", text, re.DOTALL)
    return found


def test_no_drop_in_takes_away_the_flags_of_another() -> None:
    """Of two that set `ExecStart`, or one variable, the later by name counts: TLS would be gone, or a collector."""
    unit = UNIT.read_text(encoding="utf-8")
    known = set(re.findall(r"\$(ECOTRACK_\w+)", unit))
    assert known == set(re.findall(r"(ECOTRACK_\w+)=", unit))
    places: dict[str, set[str]] = {}
    for name, text in written_drop_ins():
        assert "ExecStart=" not in text
        for variable in re.findall(r'^Environment="?(\w+)=', text, re.MULTILINE):
            places.setdefault(variable, set()).add(name)
    assert places.keys() == known
    assert {len(names) for names in places.values()} == {1}
