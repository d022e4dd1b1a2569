"""The choice of an experiment's pictures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from simulator.experiments.find.effects import Factorial
from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity
from simulator.experiments.run.journal import write, writing
from simulator.experiments.write.medium import PLOTS, REPORT, Medium, drawn
from simulator.experiments.write.plots.bars import BARS, bars_of
from simulator.experiments.write.plots.differences import differences, intervals
from simulator.experiments.write.plots.effects import effects
from simulator.experiments.write.plots.front import front
from simulator.experiments.write.plots.radar import radar
from simulator.experiments.write.plots.scaling import scaling
from simulator.experiments.write.plots.styles import DrawResults
from simulator.experiments.write.plots.tornado import tornado

NAMES = (*BARS, "intervals", "differences", "ablation", "front", "effects", "radar", "scaling", "sensitivity")
"""Names of all pictures."""


def write_plots(folder: Path, results: Results, media: Sequence[Medium]) -> list[str]:
    """Draw all pictures and return the names of those for the report.

    No older picture stays in the folder, which would be one of other results: in a medium that is not asked for it is
    drawn anew, and it is removed where these results have none.
    """
    older = {(name, one) for name in NAMES for one in PLOTS["paper"] if (folder / f"{name}{one.ending}").exists()}
    names = []
    for picture, draw in pictures(results).items():
        wanted = [*media, *(one for one in PLOTS["paper"] if one not in media and (picture, one) in older)]
        for name, content in drawn(picture, partial(draw, results), wanted):
            write(folder / name, content)
            names.append(name)
    for name in sorted({f"{name}{one.ending}" for name, one in older} - set(names)):
        with writing(folder):
            (folder / name).unlink()
    return [name for name in names if name.endswith(REPORT.ending)]


def pictures(results: Results) -> dict[str, DrawResults]:
    """Return the pictures of an experiment by name: all that have figures, but no bars that are all zero, and
    differences only where there is another method than the reference.
    """
    if results.experiment == "scaling":
        return {"scaling": scaling}
    if isinstance(results.sensitivity, Sensitivity):
        return {"sensitivity": tornado} if results.sensitivity.low is not None else {}
    found = [one for estimated in results.estimates for one in estimated.by_measure.items()]
    measured = {measure for measure, estimate in found if estimate.mean or estimate.published}
    drawings = {name: bars_of(measure) for name, measure in BARS.items() if measure in measured}
    if results.comparisons:
        drawings["intervals"] = intervals
        drawings["ablation" if results.experiment == "ablation" else "differences"] = differences
    if results.front:
        drawings["front"] = front
    if isinstance(results.factorial, Factorial):
        drawings["effects"] = effects
    if results.experiment == "baseline":
        drawings["radar"] = radar
    return drawings
