"""JSON Schemas made from the TypeScript types that Grafana publishes; kept under .cache/ for the next run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.npm import installed, run
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

PARTS = ("Options", "FieldConfig")
"""Types that such a module may hold: of a panel's options, and of its custom field settings."""

GENERATOR = Path(__file__).with_suffix(".mjs")
"""Program that writes the schemas; a process for each of them would take three times as long."""


class PublishedSchema:
    """Schemas of one Grafana by TypeScript type, all of them made by one process when the first is asked for."""

    def __init__(self, major: str) -> None:
        self._folder = installed("grafana-schema", PINS / major, [GENERATOR], _generate)

    def dashboard(self) -> dict[str, Any]:
        """Return the schema of a whole board; options and custom field settings of panels are left open in it."""
        return _read(self._folder / _file("dashboard", "Dashboard"))

    def panel(self, kind: str, part: str) -> dict[str, Any] | None:
        """Return the schema of a panel type's `Options` or `FieldConfig`; None where Grafana publishes no such type."""
        file = self._folder / _file(kind, part)
        return _read(file) if file.exists() else None

    def version(self) -> int:
        """Return the version of the classic model that this Grafana writes."""
        text = max((self._folder / PACKAGE).glob("dist/esm/raw/dashboard/x/*types.gen.mjs")).read_text(encoding="utf-8")
        (number,) = re.findall(r"schemaVersion: (\d+)", text)
        return int(number)


def _generate(folder: Path) -> None:
    run([program("node", "nodejs"), GENERATOR.name], folder, json.dumps(list(_wanted(folder))))


def _wanted(folder: Path) -> Iterator[dict[str, str]]:
    """Yield what the generator shall make below the folder: of the parts of a panel, those that Grafana publishes."""
    yield {
        "source": str(_source(folder, "dashboard/x")),
        "type": "Dashboard",
        "target": _file("dashboard", "Dashboard"),
    }
    for kind, module in PANEL_MODULES.items():
        source = _source(folder, f"composable/{module}/panelcfg/x")
        text = source.read_text(encoding="utf-8")
        for part in PARTS:
            if any(word in text for word in _declarations(part)):
                yield {"source": str(source), "type": part, "target": _file(kind, part)}


def _source(folder: Path, module: str) -> Path:
    """Return the module's file of declarations, whose name changes between versions; dist/types/ comes with 12."""
    return max((folder / PACKAGE).glob(f"dist/*/raw/{module}/*types.gen.d.ts"))


def _file(kind: str, part: str) -> str:
    return f"{kind}-{part}.json"


def _read(file: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def _declarations(type_name: str) -> tuple[str, ...]:
    return (f"interface {type_name} ", f"type {type_name} ")
