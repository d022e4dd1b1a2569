"""Pages of both programs in headless Chromium: nothing fails, and everybody can read and use them.

What is checked of each state: console, requests, WCAG 2.2 AA by axe in both colours, width of a telephone, text of
twice the size, the keyboard, and print.
"""

import shutil
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.core.web.server import Response, Server
from exporter.core.web.web_config import load_web_config
from tests.browser.chromium import Browser, Look, Tab, browsing, tab
from tests.browser.examined import CLOSE, SCROLLS, STICKS_OUT, WIDE, not_reached, wrong
from tests.browser.sheets import signs
from tests.browser.states import STATES, routes
from tests.exporter.core.web.http_client import serving
from tests.exporter.core.web.test_web_config import HASH
from tests.exporter.fake_site import make_site

pytestmark = [pytest.mark.servers, pytest.mark.slow]

TELEPHONE, TABLET, SCREEN = Look(width=390), Look(width=768), Look()

PAPER = Look(width=718, dark=True, medium="print")
"""A sheet of A4 within the margins that browsers leave, for somebody whose screen is dark."""

SHEET_PIXELS = 1123
"""Height of a sheet of A4 in CSS pixels, of 96 to an inch."""

MOST_WHITE = 0.2
"""Part of the first sheet that may stay white. A choice: less than the picture of flows, which cannot be cut, needs."""

SHADE_PIXELS = 5
"""Width of the shade at the edge of a table that scrolls, less a pixel of which a part is shaded."""

FOOT = "document.querySelector('footer').textContent.length"

WRONG = b"""<!doctype html><html><head><title></title></head><body><script>console.error('broken')</script>
<img src="http://localhost:9/none.png"><div style="width:2000px;color:#ccc;transition:all 1s">pale</div>
<table><tr><td>1</td></tr></table><a href="/" style="outline:none" tabindex="5">first</a></body></html>"""
"""A page with a fault of each kind that the tests look for."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    wrong_page = Response(content_type="text/html", body=WRONG, headers=(("Content-Security-Policy", "img-src *"),))
    paths = routes(tmp_path_factory.mktemp("states")) | {"/wrong": lambda _request: wrong_page}
    with serving(paths) as found:
        yield found


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_has_no_fault(browser: Browser, server: Server, name: str, *, dark: bool) -> None:
    with tab(browser) as shown:
        shown.look(Look(dark=dark))
        shown.open(f"{server.url}/{name}")
        assert shown.asked() == [f"{server.url}/{name}"]
        assert wrong(shown) == []


@pytest.mark.parametrize("name", STATES)
def test_a_page_fits_every_width_and_is_all_within_reach_of_the_keyboard(
    browser: Browser, server: Server, name: str
) -> None:
    with tab(browser) as shown:
        shown.open(f"{server.url}/{name}")
        for look in (Look(width=320), TELEPHONE, TABLET, SCREEN, Look(width=640, text=2.0), Look(width=1280, text=2.0)):
            shown.look(look)
            assert shown.evaluate(WIDE) == [], look
        shown.look(SCREEN)
        assert not_reached(shown) == []


@pytest.mark.parametrize("name", STATES)
def test_a_page_is_printed_whole_and_dark_on_white(browser: Browser, server: Server, name: str, tmp_path: Path) -> None:
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/{name}")
        assert shown.evaluate("matchMedia('print and (prefers-color-scheme: dark)').matches")
        assert shown.evaluate(STICKS_OUT) == []
        assert shown.evaluate("getComputedStyle(document.body).color") == "rgb(21, 32, 26)"
        sheets = printed(shown, tmp_path)
        assert 0 not in sheets
        assert sheets[-1] > shown.evaluate(FOOT)


@pytest.mark.parametrize("name", ["exporter-programs", "exporter-report", "simulator-edge"])
def test_the_foot_of_a_page_has_no_sheet_for_itself(
    browser: Browser, server: Server, name: str, tmp_path: Path
) -> None:
    """The last of some sections of a sheet is made higher until it needs one more: with the foot, or before it."""
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/{name}")
        few = len(printed(shown, tmp_path))

        def grown(height: int) -> list[int]:
            shown.evaluate(f"document.querySelector('main').lastElementChild.style.paddingBottom = '{height}px'")
            return printed(shown, tmp_path)

        least = bisect_left(range(SHEET_PIXELS), few + 1, key=lambda height: len(grown(height)))
        assert least < SHEET_PIXELS
        assert grown(least)[-1] > shown.evaluate(FOOT)


@pytest.mark.parametrize("name", ["exporter-programs", "exporter-report", "simulator-edge"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_figure_is_under_the_shade_of_a_table_that_scrolls_and_none_is_left_at_its_end(
    browser: Browser, server: Server, name: str, *, dark: bool
) -> None:
    with tab(browser) as shown:
        shown.look(replace(TELEPHONE, dark=dark))
        shown.open(f"{server.url}/{name}")
        found = shown.evaluate(SCROLLS)
        assert found
        for number, right, top, height in found:

            def edge(left: int, number: int = number, place: tuple[int, int, int] = (right, top, height)) -> bytes:
                shown.evaluate(f"document.querySelectorAll('.scroll')[{number}].scrollLeft = {left}")
                return shown.part(place[0] - SHADE_PIXELS, place[1], SHADE_PIXELS, place[2])

            begin, blank = edge(0), shown.part(right + 3, top, SHADE_PIXELS, height)
            assert begin != blank
            assert edge(7) == edge(13) == begin
            assert edge(10_000) == blank


@pytest.mark.parametrize("name", STATES)
def test_printed_columns_stand_apart(browser: Browser, server: Server, name: str) -> None:
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/{name}")
        assert shown.evaluate(CLOSE) == []


@pytest.mark.parametrize("name", ["exporter-laptop", "exporter-programs", "simulator-edge", "simulator-flows"])
def test_the_first_printed_sheet_is_used(browser: Browser, server: Server, name: str, tmp_path: Path) -> None:
    """Its white end is as high as the header can grow before anything leaves the sheet."""
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/{name}")
        first = printed(shown, tmp_path)[0]
        white = round(MOST_WHITE * SHEET_PIXELS)
        assert grown_header(shown, white, tmp_path)[0] < first


def test_a_long_printed_table_goes_on_with_its_headings(browser: Browser, server: Server, tmp_path: Path) -> None:
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/simulator-edge")
        row = "document.querySelector('.nodes tbody tr')"
        shown.evaluate(f"for (let more = 0; more < 45; more++) {row}.after({row}.cloneNode(true))")
        sheets = printed(shown, tmp_path)
        headings = shown.evaluate("document.querySelector('.nodes thead').textContent.length")
        shown.evaluate("document.querySelector('.nodes thead').style.display = 'table-row-group'")
        once = printed(shown, tmp_path)
        assert len(sheets) > 2
        assert sum(sheets) - sum(once) == headings * (len(sheets) - 2)


def test_a_printed_heading_stays_with_its_table(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Wherever the sheet ends, it ends before the name of the second table of programs or after rows of it."""
    with tab(browser) as shown:
        shown.look(PAPER)
        shown.open(f"{server.url}/exporter-programs")
        shown.evaluate("document.querySelector('.small').remove()")
        ends = {grown_header(shown, height, tmp_path)[0] for height in range(100, 300, 10)}
        name, about = (
            shown.evaluate(f"document.querySelector('{one}').textContent.length") for one in (".name", ".name + p")
        )
        assert len(ends) > 1
        assert [end for end in ends if {end + name, end + name + about} & ends] == []


def grown_header(shown: Tab, height: int, folder: Path) -> list[int]:
    """Print a page whose header is higher by so many pixels; return how many signs each sheet has."""
    shown.evaluate(f"document.querySelector('header').style.paddingTop = '{height}px'")
    return printed(shown, folder)


def printed(shown: Tab, folder: Path) -> list[int]:
    """Print a page; return how many signs each sheet has."""
    shown.print(folder / "page.pdf")
    return signs((folder / "page.pdf").read_bytes())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_refusals_are_pages_for_a_browser(browser: Browser, tmp_path: Path, *, dark: bool) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{somebody: '{HASH}'}}\n", encoding="utf-8")
    with (
        serving(make_site().handlers) as open_to_all,
        serving({}, web_config=load_web_config(tmp_path / "web.yml")) as shut,
    ):
        for url, status in ((f"{open_to_all.url}/nothing", 404), (f"{shut.url}/", 401)):
            with tab(browser) as shown:
                shown.look(Look(width=390, dark=dark))
                shown.open_without_password(url) if status == 401 else shown.open(url)
                found = wrong(shown)
                assert [one for one in found if f"responded with a status of {status}" not in one] == []
                assert len(found) == 1
                assert not_reached(shown) == []
                assert shown.evaluate("document.title").startswith(str(status))


def test_what_is_wrong_is_found(browser: Browser, server: Server) -> None:
    with tab(browser) as shown:
        shown.look(TELEPHONE)
        shown.open(f"{server.url}/wrong")
        assert len(shown.asked()) == 2
        said = "\n".join([*wrong(shown), *not_reached(shown)])
    expected = ["console: broken", "not loaded", "to scroll sideways", "no language", "no title", "0 of main"]
    expected += ["DIV moves", "a table without headers", "color-contrast", "html-has-lang", "image-alt", "is not seen"]
    assert [one for one in expected if one not in said] == []
