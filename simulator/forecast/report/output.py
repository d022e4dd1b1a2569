"""The files of an evaluation. The same outcomes give the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from simulator.experiments.run.journal import write, writing
from simulator.experiments.write.plots import to_png
from simulator.forecast.report.figures import Evaluation, Figures, figures_of
from simulator.forecast.report.plots import pictures
from simulator.forecast.report.tables import errors_csv, latex_table, page, skills_csv

RESULTS_FILE = "results.json"


def write_report(folder: Path, evaluation: Evaluation, scored: Mapping[tuple[str, str], int]) -> Figures:
    """Write results, tables, pictures and the page, and return the figures. Raises ConfigError where it cannot."""
    figures = figures_of(evaluation, scored)
    drawn = {name: to_png(figure) for name, figure in pictures(evaluation, figures)}
    texts = {
        "errors.csv": errors_csv(figures),
        "skills.csv": skills_csv(figures),
        "table.tex": latex_table(figures),
        "report.md": page(figures, list(drawn)),
    }
    with writing(folder):
        for name, picture in drawn.items():
            write(folder / name, picture)
        for name, text in texts.items():
            write(folder / name, text.encode())
        write(folder / RESULTS_FILE, msgspec.json.encode(figures) + b"\n")
    return figures
