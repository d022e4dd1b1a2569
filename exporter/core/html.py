"""The parts from which both programs build their pages: documents that need no script.

Text that comes from the system or a configuration is untrusted and has to be escaped where it enters HTML. Figures
stand in `<data value>` elements with their full precision, so that what is shown can be compared with `/metrics`.
"""

import base64
import hashlib
import math
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path

UNKNOWN = "unknown"

MARK = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath fill='%23217346' d='M14 2C5 2 2 6 2 11l-1 4h2l1-3c6 1 10-2 10-10z'/%3E%3C/svg%3E"
)
"""A leaf, which a browser shows beside the title; without one it would ask for /favicon.ico, which is not there."""

STILL = "still"
"""Query of a page that is not loaded again by itself."""

LEAST_GRAMS = 0.0001
"""Grams below which an amount is shown as 0.0: less than a laptop emits within a second. Assumption."""

LEAST_RELOAD_SECONDS = 30
"""Seconds between two loads of a page, at least: a headless browser counts its `--virtual-time-budget` anew with each
load, so that it ends by itself only if the budget, 5 or 10 s as a rule, is shorter. Assumption."""


@cache
def style_sheet() -> str:
    """Return the pages' style sheet."""
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """Return a policy that admits the pages' own style sheet, by its hash, their mark, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style_sheet().encode()).digest()).decode()
    closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"{closed}; img-src data:; style-src 'sha256-{digest}'"


def reloading(interval: float, *, still: bool) -> tuple[float | None, str]:
    """Return after how many seconds a page is loaded again, if it is, and a link to the page for which that differs.

    Somebody who reads slowly, or has the page read aloud, can keep it as it is (WCAG 2.2, 2.2.1 and 2.2.2).
    """
    if still:
        return None, '<p><a href="/">Keep this page up to date</a></p>'
    return interval, f'<p><a href="/?{STILL}">Keep this page as it is</a></p>'


def document(*, title: str, refresh: float | None, header: str, main: str, footer: str) -> str:
    """Build a page, loaded again after `refresh` seconds or a little more, if any; all but `title` is HTML."""
    seconds = None if refresh is None else max(LEAST_RELOAD_SECONDS, round(refresh))
    again = "" if seconds is None else f'<meta http-equiv="refresh" content="{seconds}">\n'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{again}<title>{escape(title)}</title>
<link rel="icon" href="{MARK}">
<style>{style_sheet()}</style>
</head>
<body>
<header>{header}</header>
<main>
{main}
</main>
<footer>{footer}</footer>
</body>
</html>
"""


def footer_links(program: str, version: str, metrics_path: str) -> str:
    """Link to the other representations of the same figures, and name the program."""
    return (
        f'<p><a href="{escape(metrics_path)}">metrics</a> &middot; <a href="/api/v1/summary">summary</a> &middot;\n'
        f'<a href="/api/v1/history">history</a> &middot; {program} {escape(version)}</p>'
    )


def scrolling(label: str, table: str) -> str:
    """Let a table that is wider than its place scroll, by keyboard too; the label names it for screen readers."""
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{table}</div>'


def card(title: str, *parts: str) -> str:
    """Build a card; parts that are not HTML blocks of their own become dim lines."""
    body = "".join(part if part.startswith(("<p", "<svg")) else f'<p class="dim">{part}</p>' for part in parts if part)
    return f"<section><h2>{title}</h2>{body}</section>"


def big(value: float | None, name: str, unit: str, digits: int) -> str:
    """Mark up a large figure."""
    if value is None:
        return f'<p class="big">{UNKNOWN}</p>'
    return f'<p class="big">{data(value, name, f"{value:.{digits}f}")} <small>{unit}</small></p>'


def data(value: float, name: str, text: str) -> str:
    """Mark up a figure with its full precision beside the text that is shown."""
    return f'<data id="{name}" value="{value!r}">{text}</data>'


def bar(share: float, label: str, colour: str = "", mark: str = "") -> str:
    """Draw a share as a bar; a `colour` begins with a space, a `mark` is drawn on a scale of 200."""
    return (
        f'<svg class="bar{colour}" viewBox="0 0 200 10" preserveAspectRatio="none" role="img" aria-label="{label}">'
        '<rect class="track" width="200" height="10"/>'
        f'<rect width="{200 * min(1.0, share):.1f}" height="10"/>{mark}</svg>'
    )


def money(amount: float, currency: str | None) -> str:
    """Write an amount of money to three digits and two decimals at least, and its currency where that has a name."""
    digits = max(2, 2 - math.floor(math.log10(abs(amount)))) if amount else 2
    whole, _, decimals = f"{amount:.{digits}f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2} {currency or ''}".rstrip()


def grams(amount: float) -> str:
    """Format an amount of CO2e for people."""
    return f"{amount / 1000:.2f} kg" if amount >= 1000 else f"{gram_figures(amount)} g"


def kwh_text(kwh: float) -> str:
    """Write an energy in kWh, and in Wh below a tenth of one."""
    return f"{kwh:.3f} kWh" if kwh >= 0.1 else f"{kwh * 1000.0:.2f} Wh"


def gram_figures(amount: float) -> str:
    """Format grams to a tenth, and to two digits below one gram, so that a small budget does not look unused."""
    decimals = 1 - math.floor(math.log10(amount)) if LEAST_GRAMS <= amount < 1 else 1
    return f"{amount:.{decimals}f}"


def age(seconds: float) -> str:
    """Format a time that has passed for people, to about two digits."""
    for size, name in ((31_557_600.0, "years"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"


def moment(at: float) -> str:
    """Format a time in UTC, from Unix seconds."""
    when = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{when.isoformat(timespec="seconds")}">{when:%Y-%m-%d %H:%M:%S} UTC</time>'
