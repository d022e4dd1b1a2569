"""The pages of both programs in a real browser: on a telephone, and where nobody looks at them."""

from pathlib import Path

import pytest

from exporter.cli import main
from tests.exporter.fake_site import make_site
from tests.exporter.journal.logs import months, write_journal
from tests.exporter.test_page import Document, browse, page
from tests.fake_clock import NOON
from tests.simulator.live.golden_snapshot import golden_snapshot
from tests.simulator.live.test_page import page as simulator_page

TELEPHONE_WIDTH = 390

TOLD = f"""<script>
onload = () => {{
  const root = document.documentElement, said = [];
  root.style.width = '{TELEPHONE_WIDTH}px';
  const shaded = (place) => getComputedStyle(place, '::after').backgroundImage.startsWith('linear-gradient');
  for (const one of document.body.querySelectorAll('*'))
    if (!one.closest('.scroll') && one.getBoundingClientRect().right > {TELEPHONE_WIDTH} + 1)
      said.push(one.tagName + ' sticks out');
  let scroll = 0;
  for (const one of document.querySelectorAll('.scroll')) {{
    if (one.scrollWidth > one.clientWidth) scroll += 1;
    if (!shaded(one)) said.push('a table that scrolls without a sign');
  }}
  document.body.innerHTML = '<p>' + scroll + ' scroll. ' + said.join('. ') + '</p>';
}};
</script>"""
"""A script of the test, not of the page: it puts what it finds in the page's place."""


def exporter_page() -> str:
    site = make_site()
    site.work_for_an_hour()
    return page(site)


def report_page(folder: Path) -> str:
    journal = write_journal(folder / "journal.csv", months(NOON, 3 * 7 * 1440))
    (folder / "ecotrack.yml").write_text("budget: {day_grams: 800, week_grams: 6000}\n")
    html = folder / "report.html"
    assert main(["report", f"--config.file={folder / 'ecotrack.yml'}", f"--html={html}", str(journal)]) == 0
    return html.read_text(encoding="utf-8")


@pytest.mark.servers
def test_nothing_sticks_out_of_a_telephone_and_wide_tables_show_that_they_scroll(tmp_path: Path) -> None:
    pages = {
        "exporter": exporter_page(),
        "report": report_page(tmp_path),
        "simulator": simulator_page(golden_snapshot()),
    }
    for name, html in pages.items():
        (tmp_path / f"{name}.html").write_text(html.replace("</head>", f"{TOLD}</head>"), encoding="utf-8")
        told = Document(browse(tmp_path, f"{(tmp_path / f'{name}.html').as_uri()}?", "--dump-dom").stdout).text
        scroll, _, faults = told.rpartition(" scroll. ")
        assert faults.strip() == "", name
        # Without this the test would not see a sign.
        assert int(scroll.split()[-1]) > 0, name


@pytest.mark.servers
@pytest.mark.parametrize("flag", ["--dump-dom", "--screenshot"])
def test_the_refresh_does_not_keep_a_headless_browser_waiting(tmp_path: Path, flag: str) -> None:
    """Each load begins the budget of virtual time anew: a page loaded again within the budget is loaded for ever."""
    pages = {"exporter": exporter_page(), "simulator": simulator_page(golden_snapshot())}
    for name, html in pages.items():
        assert "http-equiv" in html
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")
        wanted = f"{flag}={tmp_path / name}.png" if flag == "--screenshot" else flag
        address = f"{(tmp_path / f'{name}.html').as_uri()}?"
        ended = browse(tmp_path, address, wanted, "--virtual-time-budget=20000")
        assert (tmp_path / f"{name}.png").exists() if flag == "--screenshot" else "</footer>" in ended.stdout
