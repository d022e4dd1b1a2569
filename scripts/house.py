"""Pages for who inherits the repository: a map of its rooms, and the list of its decisions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.imports import ROOT

PACKAGES = {
    "exporter": "The exporter, `ecotrack`",
    "simulator": "The simulator, `ecochain`",
    "prometheus": "Rules and alerts",
    "grafana": "Dashboards",
}
"""The packages of the product, and how the map calls them."""

BESIDE = (
    ("tests/", "laws, properties, golden files and real servers, in the same rooms as the code"),
    ("bench/", "benchmarks beside peers; `bench/results/` has their last figures"),
    ("scripts/", "what `make` and continuous integration call"),
    ("docs/", "pages to learn, to do, to look up and to understand; `adr/` has the decisions"),
)
"""Folders beside the product."""

WALK = """\
A value's way, from a counter to a mail:

```mermaid
flowchart LR
  sources -->|readings| usage -->|use| power -->|watts| sampler
  intensity -->|g/kWh| sampler
  sampler -->|snapshot| exposition -->|/metrics| Prometheus
  sampler -->|snapshot| views -->|page, JSON| browser
  sampler -->|totals| state
  Prometheus -->|rules| Alertmanager --> mail
  Prometheus --> Grafana
```

And of a simulated task:

```mermaid
flowchart LR
  scenario --> assembly -->|cluster, tasks| run
  scheduling -->|placements| run
  energy -->|flows| run
  forecast -->|outlook| run
  run -->|figures| experiments --> reports
  run -->|steps| live -->|/metrics| Prometheus
  live -->|claims| ledger
```
"""


def house() -> str:
    """Return the map: for each package its rooms, and what the first line of each says."""
    return (
        "A folder is a room, and its first line says what belongs there; this page collects those lines. "
        "`LAYERS` in [tests/test_architecture.py](../../tests/test_architecture.py) says which room may import which: "
        "what stands higher in that table knows nothing of what stands below it. [Words](glossary.md) explains the "
        "terms, and [the decisions](../adr/README.md) tell why it is so.\n\n"
        + WALK
        + "".join(f"\n## {title}\n\n{_table(_rooms(package))}" for package, title in PACKAGES.items())
        + f"\n## Beside them\n\n{_table(BESIDE)}"
    )


def decisions() -> str:
    """Return the list of the decisions, by number, with what became of each."""
    lines = []
    for path in sorted((ROOT / "docs/adr").glob("[0-9]*.md")):
        title, _, status, *_ = path.read_text(encoding="utf-8").splitlines()
        number, name = title.removeprefix("# ").split(". ", 1)
        state = re.match(r"(?:Status: )?(\w+), (\d{4}-\d{2}-\d{2})", status)
        if state is None:
            raise ValueError(f"{path.name}: the third line begins with state and date, as 'Accepted, 2026-11-21'")
        lines.append(f"| {number} | [{name}]({path.name}) | {state[1].lower()} | {state[2]} |\n")
    return "| | decision | state | date |\n|---|---|---|---|\n" + "".join(lines)


def _rooms(package: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the purpose of each room of a package, and of each file outside its rooms."""
    folder = ROOT / package
    for file in sorted(folder.glob("*.py")):
        if not file.name.startswith("__"):
            yield str(file.relative_to(ROOT)), _purpose(file)
    for file in sorted(folder.rglob("__init__.py")):
        if file.parent != folder:
            yield f"{file.parent.relative_to(ROOT)}/", _purpose(file)


def _purpose(file: Path) -> str:
    """Return the first sentence of a file's docstring."""
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).removesuffix(".")


def _table(rows: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    return "| where | what |\n|---|---|\n" + "".join(f"| [{where}](../../{where}) | {what} |\n" for where, what in rows)
