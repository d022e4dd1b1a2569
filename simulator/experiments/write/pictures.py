"""Which pictures an experiment gets."""

from pathlib import Path

from simulator.experiments.find.findings import Findings
from simulator.experiments.run.journal import write
from simulator.experiments.write.plots import BARS, Draw, bars_of, differences, radar, to_png
from simulator.experiments.write.scaling_plot import scaling


def write_plots(folder: Path, findings: Findings) -> list[str]:
    """Draw all that the findings have figures for, but no bars that are all zero; answers with names of files."""
    drawings: dict[str, Draw] = {}
    if findings.reference is None:
        drawings["scaling.png"] = scaling
    else:
        metrics = [one for outcome in findings.outcomes for one in outcome.metrics.items()]
        measured = {measure for measure, estimate in metrics if estimate.mean or estimate.published}
        drawings |= {f"{name}.png": bars_of(measure) for name, measure in BARS.items() if measure in measured}
        drawings["ablation.png" if findings.experiment == "ablation" else "differences.png"] = differences
    if findings.experiment == "baseline":
        drawings["radar.png"] = radar
    for name, draw in drawings.items():
        write(folder / name, to_png(draw(findings)))
    return list(drawings)
