"""The files of an experiment. The same results give the same bytes."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from simulator.experiments.find.effects import Factorial
from simulator.experiments.find.estimates import RESULTS_FILE
from simulator.experiments.find.results import Results
from simulator.experiments.run.journal import write
from simulator.experiments.write.medium import PLOTS, Medium
from simulator.experiments.write.openmetrics import to_openmetrics
from simulator.experiments.write.pictures import write_plots
from simulator.experiments.write.report import report
from simulator.experiments.write.tables import effects_csv, latex_table, runs_csv, summary_csv


def write_results(folder: Path, results: Results, media: Sequence[Medium] = PLOTS["report"]) -> None:
    """Write every file. The results come last, so that they never stand beside an older report."""
    for name, text in texts_of(results, write_plots(folder, results, media)).items():
        write(folder / name, text.encode())
    write(folder / RESULTS_FILE, msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def texts_of(results: Results, plots: Sequence[str]) -> dict[str, str]:
    """Return the files that are text by name, but for the results themselves; `plots` are names of files beside."""
    texts = {
        "runs.csv": runs_csv(results),
        "summary.csv": summary_csv(results),
        "table.tex": latex_table(results),
        "metrics.om": to_openmetrics(results),
        "report.md": report(results, plots),
    }
    if isinstance(results.factorial, Factorial):
        texts["effects.csv"] = effects_csv(results.factorial)
    return texts
