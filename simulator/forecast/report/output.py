"""The files of an evaluation. The same outcomes give the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from simulator.experiments.run.journal import write, writing
from simulator.experiments.write.medium import PLOTS, REPORT, Medium, drawn
from simulator.forecast.report.figures import Evaluation, Figures, figures_of
from simulator.forecast.report.plots import pictures
from simulator.forecast.report.tables import errors_csv, latex_table, page, skills_csv

RESULTS_FILE = "results.json"


def write_report(
    folder: Path,
    evaluation: Evaluation,
    scored: Mapping[tuple[str, str], int],
    media: Sequence[Medium] = PLOTS["report"],
) -> Figures:
    """Write results, tables, pictures and the page, and return the figures. Raises ConfigError where it cannot."""
    figures = figures_of(evaluation, scored)
    files = dict(file for name, draw in pictures(evaluation, figures) for file in drawn(name, draw, media))
    texts = {
        "errors.csv": errors_csv(figures),
        "skills.csv": skills_csv(figures),
        "table.tex": latex_table(figures),
        "report.md": page(figures, [name for name in files if name.endswith(REPORT.ending)]),
    }
    with writing(folder):
        for name, picture in files.items():
            write(folder / name, picture)
        for name, text in texts.items():
            write(folder / name, text.encode())
        write(folder / RESULTS_FILE, msgspec.json.encode(figures) + b"\n")
    return figures
