"""Pictures on a screen and in a paper: whole, readable, without colour as well, and the same bytes each time."""

import re
from functools import partial
from pathlib import Path

import msgspec
import pytest
from matplotlib.text import Text

from simulator.experiments.find.results import Results
from simulator.experiments.write.medium import (
    COLUMN,
    PAGE,
    PLOTS,
    REPORT,
    Medium,
    drawn,
    settings_of,
)
from simulator.experiments.write.pictures import pictures
from simulator.experiments.write.plots.radar import radar
from tests.simulator.experiments.fake_simulation import files_of, request
from tests.simulator.experiments.write.plots.kept import KEPT, kept
from tests.simulator.experiments.write.plots.planted import with_factorial, with_front, with_sensitivity

PRINTED = ("baseline-published", "peers-edge", "scaling-published")

LEAST_POINTS = 6.0
"""Size of the smallest text that can be read in print."""

MILLIMETRES_PER_POINT = 25.4 / 72


PLANTED = {
    "planted": with_front(with_factorial(kept("peers-edge"))),
    "planted-sensitivity": with_sensitivity(kept("peers-edge")),
}
"""Results that have, together, every kind of picture but that of scaling."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "media"),
    [
        *((file.parent.name, [REPORT]) for file in KEPT),
        *((name, [COLUMN, PAGE]) for name in PRINTED),
        *((name, [REPORT, COLUMN, PAGE]) for name in PLANTED),
    ],
    ids=lambda one: one if isinstance(one, str) else one[-1].ending,
)
def test_no_part_of_a_picture_is_cut_off_or_too_small(name: str, media: list[Medium]) -> None:
    results = PLANTED[name] if name in PLANTED else kept(name)
    drawings = pictures(results)
    # A slope is a figure or two, and has none.
    assert drawings or isinstance(results.slopes, list)
    for picture, draw in drawings.items():
        for medium in media:
            with settings_of(medium):
                figure = draw(results, medium)
                if figure.get_figheight() > medium.most_height:
                    continue
                figure.draw_without_rendering()
                whole, used = figure.bbox_inches, figure.get_tightbbox()
                assert whole.padded(0.01).containsx(used.x0), picture
                assert whole.padded(0.01).containsx(used.x1), picture
                assert whole.padded(0.01).containsy(used.y0), picture
                assert whole.padded(0.01).containsy(used.y1), picture
                texts = figure.findobj(Text)
                assert min(float(one.get_fontsize()) for one in texts if one.get_text()) >= LEAST_POINTS, picture


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
