"""Parts of the exporter that are off are not loaded, since a module stays in memory for as long as it runs."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

LAPTOP = Path(__file__).parent / "sources/fixtures/laptop"

ASSEMBLE = f"""
import json, sys
from pathlib import Path
from exporter import app, cli
from exporter.build import Paths, build_journal, build_sampler
from exporter.config import load_config
from exporter.core.clock import SystemClock
from exporter.core.command_line import web_of
from exporter.core.metrics import Representation
options = cli.build_parser().parse_args(sys.argv[1:])
config, clock, web = load_config(options.config_file), SystemClock(), web_of(options)
paths = Paths(procfs=Path({str(LAPTOP / "proc")!r}), sysfs=Path({str(LAPTOP / "sys")!r}))
journal = build_journal(config.journal, clock.wall())
sampler, publication = build_sampler(config, clock, paths, cli._chosen(options), None, journal=journal)
if len(sys.argv) == 1:
    sampler.sample_once()
    publication.latest()[1].body(Representation(openmetrics=True, gzipped=True))
print(json.dumps(sorted(sys.modules)))
"""
"""Program that assembles the exporter by its flags and prints what is loaded. As it comes, it samples and renders once;
with a part switched on it does not, since it would ask a server."""

METER = {"exporter.sources.meter", "exporter.sources.meter_answer", "exporter.sources.fetch", "exporter.core.errand"}
LIVE = {
    "exporter.intensity.ask_live",
    "exporter.intensity.exchange",
    "exporter.intensity.live",
    "exporter.intensity.providers.table",
    "exporter.intensity.providers.uk",
    "exporter.intensity.verification",
}

ATTRIBUTION = {
    "exporter.attribution.host",
    "exporter.attribution.sharing",
    "exporter.attribution.slots",
    "exporter.attribution.traffic",
}

SWITCHES: Mapping[str, tuple[str, Sequence[str], set[str]]] = {
    "journal": ("journal: {folder: journal}", (), {"exporter.journal.files", "exporter.journal.journal"}),
    "country": ("grid: {zone: FR}", (), {"exporter.intensity.zones", "yaml"}),
    "live grid": ("grid: {live: {provider: uk, zone: GB}}", (), LIVE | {"exporter.core.errand"}),
    "meter": ("meter: {kind: file, file: watts}", (), METER),
    "ipmi": ("", ("--collector.ipmi",), {"exporter.sources.ipmi", "exporter.core.errand"}),
    "nvml": ("", ("--collector.nvml",), {"exporter.sources.nvml"}),
    "connections": ("", ("--collector.connections",), {"exporter.sources.connections"}),
    "processes": ("", ("--collector.processes",), ATTRIBUTION | {"exporter.sources.processes.source"}),
    "process_bytes": ("", ("--collector.process_bytes",), ATTRIBUTION | {"exporter.sources.process_bytes.source"}),
    "web configuration": ("", ("--web.config.file=web.yml",), {"exporter.core.web.web_config"}),
}
"""Each part that is off by default: the configuration and the flags that switch it on, and modules that it needs."""

NEVER_AT_FIRST = {
    "bcrypt",
    "difflib",
    "encodings.idna",
    "exporter.calibrate.procedure",
    "exporter.core.web.authentication",
    "exporter.core.web.protection",
    "exporter.journal.cli",
    "exporter.optimize.cli",
    "exporter.optimize.found",
    "exporter.optimize.switch",
    "exporter.optimize.watch",
    "exporter.views.optimizations",
    "exporter.views.table",
    "pynvml",
}
"""Modules that no part of `SWITCHES` needs as it is assembled: later ones do, or a mistake, or another command."""


def loaded(folder: Path, *flags: str) -> set[str]:
    """Return the modules of an exporter that was assembled in a folder."""
    argv = [sys.executable, "-c", ASSEMBLE, *flags]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    ended = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=True)
    return set(json.loads(ended.stdout))


def test_what_is_never_loaded_at_first_exists() -> None:
    own = {name for name in NEVER_AT_FIRST if name.startswith("exporter.")}
    assert {name for name in own if find_spec(name) is None} == set()


def test_what_is_off_is_not_loaded(tmp_path: Path) -> None:
    modules = loaded(tmp_path)
    assert {"exporter.sources.rapl", "exporter.sampler", "prometheus_client"} <= modules
    optional = {name for _, _, needed in SWITCHES.values() for name in needed}
    assert modules & (optional | NEVER_AT_FIRST) == set()


@pytest.mark.parametrize("part", SWITCHES)
def test_what_is_on_is_loaded_from_the_start(part: str, tmp_path: Path) -> None:
    """An upgrade may replace the program's files while it runs: its own modules are those that it began with."""
    config, flags, needed = SWITCHES[part]
    (tmp_path / "web.yml").write_text("")
    (tmp_path / "ecotrack.yml").write_text(config)
    modules = loaded(tmp_path, f"--config.file={tmp_path / 'ecotrack.yml'}", *flags)
    assert needed <= modules
    assert modules & NEVER_AT_FIRST == set()
