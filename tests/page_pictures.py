"""`python -m tests.page_pictures` makes the pictures of the page in docs/images: a simulated hour of a laptop."""

from pathlib import Path
from tempfile import TemporaryDirectory

import exporter
from exporter.budget import Period, bounds_at
from exporter.core.units import Grams, Joules, UnixSeconds
from exporter.totals import Totals
from tests.fake_site import make_site
from tests.fakes import BERLIN, NOON
from tests.test_page import browse, page

IMAGES = Path(__file__).parent.parent / "docs/images"

WEEKS = 6 * 7 * 86_400.0
TODAY, THIS_MONTH = Grams(65.0), Grams(1900.0)


def main() -> None:
    """Write page-light.png and page-dark.png."""
    booked = {
        Period.DAY: {bounds_at(Period.DAY, NOON, BERLIN).start: TODAY},
        Period.MONTH: {bounds_at(Period.MONTH, NOON, BERLIN).start: THIS_MONTH},
    }
    totals = Totals(
        since=UnixSeconds(NOON - WEEKS),
        lifetime_energy=Joules(112e6),
        lifetime_emissions=Grams(15_100.0),
        booked=booked,
    )
    limits = {Period.DAY: Grams(250.0), Period.MONTH: Grams(6000.0)}
    site = make_site(limits=limits, totals=totals)
    site.work_for_an_hour()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page(site).replace("1.2.3", exporter.__version__), encoding="utf-8")
        for scheme, flags in {"light": (), "dark": ("--force-dark-mode",)}.items():
            picture = f"--screenshot={IMAGES / f'page-{scheme}.png'}"
            # `browse` ends an address with a slash, which a query may hold.
            browse(folder, f"{(folder / 'page.html').as_uri()}?", "--window-size=1100,1100", picture, *flags)


if __name__ == "__main__":
    main()
