"""`python -m grafana` writes the boards; with `--check` it reports drift and broken rules, and exits 1."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from grafana import (
    carbon_budget,
    device_carbon,
    edge_cluster,
    experiments,
    fleet,
    forecast,
    home,
    host_power,
    ledger,
    scheduler,
)
from grafana.board import assemble, to_json
from grafana.lint import lint

FOLDER = Path(__file__).parent / "dashboards"


def rendered() -> dict[str, str]:
    """Return every board: its file name under dashboards/, and the file's text."""
    boards = (
        carbon_budget.board(),
        device_carbon.board(),
        edge_cluster.board(),
        experiments.board(),
        fleet.board(),
        forecast.board(),
        home.board(),
        host_power.board(),
        ledger.board(),
        scheduler.board(),
    )
    return {f"{board.title.lower().replace(' ', '-')}.json": to_json(assemble(board)) for board in boards}


def drift(folder: Path) -> list[str]:
    """Report each difference between the folder and the boards that the code makes, one sentence per file."""
    expected = rendered()
    present = {path.name for path in folder.glob("*.json")}
    stray = [f"{name}: no board makes this file" for name in sorted(present - expected.keys())]
    stale = [
        f"{name}: differs from the code; run `python -m grafana`"
        for name, text in expected.items()
        if name not in present or (folder / name).read_text(encoding="utf-8") != text
    ]
    return stray + stale


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the boards, or with `--check` compare them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, report differences")
    if parser.parse_args(arguments).check:
        findings = drift(FOLDER) + [finding for text in rendered().values() for finding in lint(json.loads(text))]
        for finding in findings:
            print(finding)
        return 1 if findings else 0
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {FOLDER / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
