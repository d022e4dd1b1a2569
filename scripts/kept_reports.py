"""`python -m scripts.kept_reports` writes the reports of kept experiments anew, from their results, without a run.

What `ecochain experiment` makes of figures is written: report, tables, metrics and plots. Figures stay as they are, and
so do `results.json` and `runs.csv`. A report whose methods the experiment has no more is left alone, and named.
"""

import argparse
from pathlib import Path

import msgspec

from scripts.imports import ROOT
from simulator.experiments.find.results import Results
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.output import texts_of
from simulator.experiments.write.pictures import pictures, write_plots

FOLDERS = ("bench/results/experiments", "bench/results/own-policy")

FIGURES = "runs.csv"
"""File of the figures of each run, which stays as the run wrote it."""

OF_OTHER_METHODS = ("forecasts-edge", "forecasts-solar-farm")
"""Reports of runs under the policy shifting: today's experiment is of rolling-horizon, and its words would be wrong."""


def kept() -> list[Path]:
    """Return the folders of all reports that can be written anew."""
    found = sorted(path.parent for folder in FOLDERS for path in (ROOT / folder).glob("*/results.json"))
    return [folder for folder in found if folder.name not in OF_OTHER_METHODS]


def results_in(folder: Path) -> Results:
    """Read the results in a folder."""
    return msgspec.json.decode((folder / "results.json").read_bytes(), type=Results)


def texts(results: Results) -> dict[str, str]:
    """Return the files that are text, but for the figures, by name."""
    plots = [f"{name}{REPORT.ending}" for name in pictures(results)]
    return {name: text for name, text in texts_of(results, plots).items() if name != FIGURES}


def main() -> None:
    """Write all, and print the names of those that changed."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for folder in kept():
        results = results_in(folder)
        write_plots(folder, results, [REPORT])
        wanted = texts(results)
        changed = [name for name, text in wanted.items() if (folder / name).read_text("utf-8") != text]
        for name in changed:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        print(f"{folder.name}: {', '.join(changed) or 'texts are as they were'}")
    for name in OF_OTHER_METHODS:
        print(f"{name}: left alone, since its methods are those of an earlier experiment")


if __name__ == "__main__":
    main()
