"""The files of an experiment. The same findings give the same bytes."""

from pathlib import Path

import msgspec

from simulator.experiments.find.findings import Findings
from simulator.experiments.find.outcomes import RESULTS_FILE
from simulator.experiments.run.journal import write
from simulator.experiments.write.openmetrics import to_openmetrics
from simulator.experiments.write.pictures import write_plots
from simulator.experiments.write.report import report
from simulator.experiments.write.tables import latex_table, runs_csv, summary_csv


def write_findings(folder: Path, findings: Findings) -> None:
    """Write every file. The results come last, so that they never stand beside an older report."""
    plots = write_plots(folder, findings)
    texts = {
        "runs.csv": runs_csv(findings),
        "summary.csv": summary_csv(findings),
        "table.tex": latex_table(findings),
        "metrics.om": to_openmetrics(findings),
        "report.md": report(findings, plots),
    }
    for name, text in texts.items():
        write(folder / name, text.encode())
    write(folder / RESULTS_FILE, msgspec.json.format(msgspec.json.encode(findings), indent=1) + b"\n")
