"""The report as a picture, by matplotlib, which is loaded only here."""

from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import GRAMS_PER_KILOGRAM
from exporter.journal.findings import Findings

INCHES = (10.0, 6.0)

DOTS_PER_INCH = 120


def write_plot(found: Findings, path: Path) -> None:
    """Draw the emissions so far and those of each day. Raises ConfigError where matplotlib or the place is missing."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load, and an extra
    except ImportError as error:
        raise ConfigError(['--plot: matplotlib is not installed: pip install "ecotrack[report]"']) from error
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    days = [one.start for one in found.days]
    above.fill_between(days, [one.cumulative_grams / GRAMS_PER_KILOGRAM for one in found.days], color="#217346")
    above.set_ylabel("kg CO\u2082e so far")
    below.bar(days, [one.grams for one in found.days], color="#217346")
    below.set_ylabel("g CO\u2082e a day")
    for axes in (above, below):
        axes.set_ylim(bottom=0.0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.autofmt_xdate()
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError([f"--plot: {path}: cannot be written: {error}"]) from error
