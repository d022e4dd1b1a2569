"""The choice of an experiment's pictures."""

from pathlib import Path

from simulator.experiments.find.results import Results
from simulator.experiments.run.journal import write
from simulator.experiments.write.plots import BARS, Draw, bars_of, differences, radar, to_png
from simulator.experiments.write.scaling_plot import scaling


def write_plots(folder: Path, results: Results) -> list[str]:
    """Draw all pictures and return the names of the files."""
    drawings = pictures(results)
    for name, draw in drawings.items():
        write(folder / name, to_png(draw(results)))
    return list(drawings)


def pictures(results: Results) -> dict[str, Draw]:
    """Return the pictures of an experiment by file name: all that have figures, but no bars that are all zero."""
    if results.reference is None:
        return {"scaling.png": scaling}
    found = [one for estimated in results.estimates for one in estimated.by_measure.items()]
    measured = {measure for measure, estimate in found if estimate.mean or estimate.published}
    drawings = {f"{name}.png": bars_of(measure) for name, measure in BARS.items() if measure in measured}
    drawings["ablation.png" if results.experiment == "ablation" else "differences.png"] = differences
    if results.experiment == "baseline":
        drawings["radar.png"] = radar
    return drawings
