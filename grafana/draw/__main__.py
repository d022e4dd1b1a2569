"""`python -m grafana.draw` draws boards with the values of a Prometheus, as PNG, in local time; needs Chromium."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from grafana.__main__ import FOLDER
from grafana.draw.ask import NoAnswerError, Prometheus
from grafana.draw.page import page
from grafana.queries import BoardJson

WIDTHS = (1280, 1600)
"""Widths of the pictures in pixels: a laptop's window, and that of a larger screen."""

BROWSER_SECONDS = 120
"""Time that Chromium may take for a picture."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the boards; return 0, or 2 after one line about what is missing."""
    options = _parser().parse_args(arguments)
    prometheus = Prometheus(
        url=options.prometheus.rstrip("/"),
        end=options.end or time.time(),
        span=options.minutes * 60.0,
        scrape=options.scrape,
        values=dict(options.choose),
    )
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        for name in options.boards or sorted(path.stem for path in FOLDER.glob("*.json")):
            document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
            for width in options.width or WIDTHS:
                html, height = page(document, chosen(document, prometheus), width, unfolded=options.unfolded)
                picture = options.output / f"board-{name}-{width}.png"
                take(html, (width, min(height, options.height or height)), picture)
                print(f"wrote {picture}")
    except (NoAnswerError, OSError, subprocess.SubprocessError) as error:
        print(f"grafana.draw: {error}", file=sys.stderr)
        return 2
    return 0


def take(html: str, size: tuple[int, int], picture: Path) -> None:
    """Let headless Chromium, with a profile of its own and no requests, take the picture of a page."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "board.html"
        file.write_text(html, encoding="utf-8")
        shown = [f"--window-size={size[0]},{size[1]}", "--hide-scrollbars", f"--screenshot={picture.absolute()}"]
        argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", *quiet, f"--user-data-dir={folder}/profile"]
        subprocess.run([*argv, *shown, file.as_uri()], check=True, capture_output=True, timeout=BROWSER_SECONDS)


def chosen(board: BoardJson, prometheus: Prometheus) -> Prometheus:
    """Choose what the board chooses at first, where nothing else was asked for."""
    first = {
        one["name"]: str(one["current"]["value"])
        for one in board["templating"]["list"]
        if isinstance(one.get("current", {}).get("value"), str)
    }
    return replace(prometheus, values=first | dict(prometheus.values))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grafana.draw", description=__doc__)
    add = parser.add_argument
    add("boards", nargs="*", metavar="BOARD", help="names of files in grafana/dashboards; all by default")
    add("--prometheus", metavar="URL", default="http://127.0.0.1:9090", help="default %(default)s")
    add("--minutes", metavar="M", type=float, default=60.0, help="length of the time shown; default %(default)s")
    add("--end", metavar="SECONDS", type=float, help="end of the time shown as Unix time; now by default")
    add("--scrape", metavar="SECONDS", type=float, default=15.0, help="time between two scrapes; default %(default)s")
    add("--choose", metavar=("NAME", "VALUE"), nargs=2, action="append", default=[], help="choose a variable's value")
    add("--width", metavar="PX", type=int, action="append", help="width of the picture; 1280 and 1600 by default")
    add("--height", metavar="PX", type=int, help="cut the picture off below; as high as the board by default")
    add("--unfolded", action="store_true", help="open the rows that are closed at first")
    add("--output", metavar="DIR", type=Path, default=Path("docs/images"), help="default %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
