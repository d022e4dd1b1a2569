"""JSON Schemas made from the TypeScript types that Grafana publishes; kept under .cache/ for the next run."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.processes import program

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).parent / "schema"
MAJORS = sorted(path.name for path in PINS.iterdir())
"""Major versions of Grafana, each with the folder that pins one."""

PACKAGE = Path("node_modules/@grafana/schema")
PANEL_MODULES = {
    "barchart": "barchart",
    "bargauge": "bargauge",
    "stat": "stat",
    "state-timeline": "statetimeline",
    "table": "table",
    "text": "text",
    "timeseries": "timeseries",
    "trend": "trend",
}
"""Panel type -> the module that holds its types."""


class PublishedSchema:
    """Schemas of one Grafana by TypeScript type, each generated when it is first asked for (about a second)."""

    def __init__(self, major: str) -> None:
        self._pins = PINS / major
        lock = (self._pins / "package-lock.json").read_bytes()
        self._folder = ROOT / ".cache" / f"grafana-schema-{hashlib.sha256(lock).hexdigest()[:16]}"
        if not self._folder.is_dir():
            self._install()

    def dashboard(self) -> dict[str, Any]:
        """Return the schema of a whole board; options and custom field settings of panels are left open in it."""
        return self._schema("dashboard/x", "Dashboard")

    def panel(self, kind: str, part: str) -> dict[str, Any] | None:
        """Return the schema of a panel type's `Options` or `FieldConfig`; None where Grafana publishes no such type."""
        module = f"composable/{PANEL_MODULES[kind]}/panelcfg/x"
        if not any(word in self._source(module).read_text(encoding="utf-8") for word in _declarations(part)):
            return None
        return self._schema(module, part)

    def version(self) -> int:
        """Return the version of the classic model that this Grafana writes."""
        text = max((self._folder / PACKAGE).glob("dist/esm/raw/dashboard/x/*types.gen.mjs")).read_text(encoding="utf-8")
        (number,) = re.findall(r"schemaVersion: (\d+)", text)
        return int(number)

    def _install(self) -> None:
        """Install beside the final place first, so that an interrupted run leaves nothing that looks complete."""
        self._folder.parent.mkdir(exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=self._folder.parent))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(self._pins / name, unfinished)
        _run([program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], unfinished)
        unfinished.rename(self._folder)

    def _source(self, module: str) -> Path:
        """Return the module's file of declarations, whose name changes between versions; dist/types/ comes with 12."""
        return max((self._folder / PACKAGE).glob(f"dist/*/raw/{module}/*types.gen.d.ts"))

    def _schema(self, module: str, type_name: str) -> dict[str, Any]:
        target = self._folder / f"{module.replace('/', '-')}-{type_name}.json"
        if not target.exists():
            unfinished = target.with_suffix(f".{os.getpid()}")
            generator = str(self._folder / "node_modules/.bin/ts-json-schema-generator")
            source = str(self._source(module))
            options = ["--path", source, "--type", type_name, "--no-type-check", "-o", str(unfinished)]
            _run([generator, *options], self._folder)
            unfinished.rename(target)
        schema: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return schema


def _run(argv: list[str], folder: Path) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{argv[0]} failed:\n{done.stdout}\n{done.stderr}"


def _declarations(type_name: str) -> tuple[str, ...]:
    return (f"interface {type_name} ", f"type {type_name} ")
