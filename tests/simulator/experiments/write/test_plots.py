"""Pictures on a screen and in a paper: whole, readable, without colour as well, and the same bytes each time."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS
from simulator.experiments.write.medium import (
    COLUMN,
    PAGE,
    PLOTS,
    REPORT,
    Medium,
    drawn,
    is_wide,
    new_figure,
    set_scale,
    settings_of,
)
from simulator.experiments.write.pictures import pictures
from simulator.experiments.write.plots import bars, radar
from tests.processes import TOOL_SECONDS
from tests.simulator.experiments.fake_simulation import files_of, request

KEPT = sorted((Path(__file__).parents[4] / "bench/results/experiments").glob("*/results.json"))

PRINTED = [file for file in KEPT if file.parent.name in {"baseline-published", "peers-edge", "scaling-published"}]

LEAST_POINTS = 6.0
"""Size of the smallest text that can be read in print."""

MILLIMETRES_PER_POINT = 25.4 / 72


def kept(name: str) -> Results:
    (file,) = (one for one in KEPT if one.parent.name == name)
    return msgspec.json.decode(file.read_bytes(), type=Results)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "media"),
    [*((file, [REPORT]) for file in KEPT), *((file, [COLUMN, PAGE]) for file in PRINTED)],
    ids=lambda one: one.parent.name if isinstance(one, Path) else one[-1].ending,
)
def test_no_part_of_a_picture_is_cut_off_or_too_small(file: Path, media: list[Medium]) -> None:
    results = msgspec.json.decode(file.read_bytes(), type=Results)
    drawings = pictures(results)
    assert drawings
    for name, draw in drawings.items():
        for medium in media:
            with settings_of(medium):
                figure = draw(results, medium)
                if figure.get_figheight() > medium.most_height:
                    continue
                figure.draw_without_rendering()
                whole, used = figure.bbox_inches, figure.get_tightbbox()
                assert whole.padded(0.01).containsx(used.x0), name
                assert whole.padded(0.01).containsx(used.x1), name
                assert whole.padded(0.01).containsy(used.y0), name
                assert whole.padded(0.01).containsy(used.y1), name
                texts = figure.findobj(Text)
                assert min(float(one.get_fontsize()) for one in texts if one.get_text()) >= LEAST_POINTS, name


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_for_a_paper_there_are_pdf_files_of_two_widths_beside_the_report(tmp_path: Path) -> None:
    files = files_of(request(tmp_path, experiment="baseline", replications=2, plots="paper"))
    names = {name.removesuffix(".png") for name in files if name.endswith(".png")}
    assert {f"{name}{ending}" for name in names for ending in (".pdf", "-wide.pdf")} == {
        name for name in files if name.endswith(".pdf")
    }
    for name, content in files.items():
        if not name.endswith(".pdf"):
            continue
        (width,) = re.findall(rb"/MediaBox \[ 0 0 (\S+) ", content)
        assert round(float(width) * MILLIMETRES_PER_POINT) == (181 if name.endswith("-wide.pdf") else 88)
        # Fonts as TrueType, no bitmaps, and nothing of the moment or the program of drawing.
        assert b"/FontFile2" in content
        for absent in (b"/Type3", b"/Subtype /Image", b"/CreationDate", b"/Producer"):
            assert absent not in content
    assert ".pdf" not in files["report.md"].decode()
    results = msgspec.json.decode(files["results.json"], type=Results)
    assert all(files[name] == content for name, content in drawn("radar", partial(radar, results), PLOTS["paper"]))


def test_pictures_for_a_paper_have_no_title() -> None:
    for name in ("baseline-published", "scaling-edge"):
        results = kept(name)
        for medium in (REPORT, COLUMN, PAGE):
            for draw in pictures(results).values():
                figure = draw(results, medium)
                title = "".join((figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)))
                assert (title == "") == (medium is not REPORT)


def test_what_is_too_high_for_a_page_is_not_written() -> None:
    found = [
        name
        for height in (5.0, 50.0)
        for name, _ in drawn(f"{height:g}", partial(new_figure, height=height), PLOTS["paper"])
    ]
    assert found == ["5.png", "5.pdf", "5-wide.pdf", "50.png"]


def test_lines_of_a_picture_differ_without_colour() -> None:
    (axes,) = radar(kept("baseline-edge"), COLUMN).axes
    told = {(str(line.get_linestyle()), str(line.get_marker())) for line in axes.lines}
    assert len(told) == len(axes.lines) == 6


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False), min_size=1, max_size=8))
def test_an_axis_is_logarithmic_where_values_spread_over_two_decades(values: list[float]) -> None:
    axes = new_figure(REPORT, 1.0).subplots()
    note = set_scale(axes, "x", values)
    sizes = [abs(value) for value in values if value]
    wide = bool(sizes) and max(sizes) >= 100.0 * min(sizes)
    assert is_wide(values) == wide
    kind = "linear" if not wide else "log" if min(values) > 0.0 else "symlog"
    assert axes.get_xscale() == kind
    assert note.startswith("(logarithmic beyond ") == (kind == "symlog")


def test_on_a_logarithmic_axis_figures_are_points_and_no_bars() -> None:
    """A bar's length would depend on where the axis happens to begin."""
    results = kept("baseline-published")
    for measure, scale in (("emissions_grams", "log"), ("energy_joules", "linear"), ("cost_dollars", "symlog")):
        (axes,) = bars(results, measure, REPORT).axes
        assert axes.get_xscale() == scale
        assert len(axes.patches) == (5 if scale == "linear" else 0)
        points = [line for line in axes.lines if line.get_marker() == "o"]
        means = [one.by_measure[measure].mean * DISPLAYS[measure].factor for one in results.estimates]
        if scale != "linear":
            assert [float(np.asarray(line.get_xdata())[0]) for line in points] == pytest.approx(means)


def test_drawing_says_nothing_where_matplotlib_cannot_keep_its_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = (
        "from functools import partial; from simulator.experiments.write.medium import PLOTS, drawn, new_figure; "
        "list(drawn('x', partial(new_figure, height=1.0), PLOTS['paper']))"
    )
    environment = {**os.environ, "HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    argv = [sys.executable, "-c", code]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True)
    assert ended.stderr == ""
