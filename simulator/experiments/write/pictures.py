"""The choice of an experiment's pictures."""

from pathlib import Path

from simulator.experiments.find.results import Results
from simulator.experiments.run.journal import write
from simulator.experiments.write.plots import BARS, Draw, bars_of, differences, radar, to_png
from simulator.experiments.write.scaling_plot import scaling


def write_plots(folder: Path, results: Results) -> list[str]:
    """Draw all pictures that have figures, but no bars that are all zero, and return the names of the files."""
    drawings: dict[str, Draw] = {}
    if results.reference is None:
        drawings["scaling.png"] = scaling
    else:
        found = [one for estimated in results.estimates for one in estimated.by_measure.items()]
        measured = {measure for measure, estimate in found if estimate.mean or estimate.published}
        drawings |= {f"{name}.png": bars_of(measure) for name, measure in BARS.items() if measure in measured}
        drawings["ablation.png" if results.experiment == "ablation" else "differences.png"] = differences
    if results.experiment == "baseline":
        drawings["radar.png"] = radar
    for name, draw in drawings.items():
        write(folder / name, to_png(draw(results)))
    return list(drawings)
