"""Values as Grafana writes them, by the names of its units."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))

SCALED: Mapping[str, str] = {
    "watt": "W",
    "joule": "J",
    "Bps": "B/s",
    "hertz": "Hz",
    "massg": "g",
    "watth": "Wh",
    "decbytes": "B",
    "pps": "p/s",
}
"""Units that take the prefixes of the SI."""

DATE_FORMATS = {"D": "%-d", "MMM": "%b"}
"""Parts of a date that the boards' own formats have, as moment.js names them."""

DATE_PARTS = re.compile("|".join(sorted(DATE_FORMATS, key=len, reverse=True)))

LENGTHS = ((31_536_000.0, "years"), (604_800.0, "weeks"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "mins"))


def written(value: float, unit: str, decimals: int | None) -> str:
    """Write a value in a unit."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞" if value < 0 else "-"
    if unit.startswith("suffix:"):
        return f"{_plain(value, decimals)} {unit.removeprefix('suffix:').strip()}"
    if unit.startswith("time:"):
        at = datetime.fromtimestamp(value / 1000.0).astimezone()
        return DATE_PARTS.sub(lambda match: f"{at:{DATE_FORMATS[match[0]]}}", unit.removeprefix("time:"))
    if unit.startswith("dateTime"):
        return datetime.fromtimestamp(value / 1000.0).astimezone().strftime("%Y-%m-%d %H:%M")
    if unit in SCALED:
        return _scaled(value, SCALED[unit], decimals)
    return OTHERS.get(unit, _plain)(value, decimals)


def auto_decimals(value: float) -> int:
    """Return the decimals that Grafana gives a value where none are asked for: about two digits."""
    if value == 0 or value % 1 == 0:
        return 0
    found = 1 - math.floor(math.log10(abs(value)))
    return max(0, found + 1 if abs(value) * 10.0**found > 2.25 else found)


def _plain(value: float, decimals: int | None) -> str:
    text = f"{value:.{auto_decimals(value) if decimals is None else decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals is None and "." in text else text


def _scaled(value: float, unit: str, decimals: int | None) -> str:
    size = abs(value)
    factor, prefix = next((one for one in PREFIXES if size >= one[0]), (1.0, ""))
    return f"{_plain(value / factor, decimals)} {prefix}{unit}"


def _percent(value: float, decimals: int | None) -> str:
    return f"{_plain(100.0 * value, decimals)}%"


def _bytes(value: float, decimals: int | None) -> str:
    power = 0 if value == 0 else min(4, int(math.log(abs(value), 1024)))
    return f"{_plain(value / 1024**power, decimals)} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[max(0, power)]}"


def _seconds(value: float, decimals: int | None) -> str:
    if 0 < abs(value) < 1:
        return _scaled(value, "s", decimals)
    length, name = next((one for one in LENGTHS if abs(value) >= one[0]), (1.0, "s"))
    return f"{_plain(value / length, decimals)} {name}"


def _clock(value: float, _decimals: int | None) -> str:
    minutes, seconds = divmod(round(abs(value)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return ("-" if value < 0 else "") + (f"{days} d " if days else "") + f"{hours:02d}:{minutes:02d}:{seconds:02d}"


def _dollars(value: float, decimals: int | None) -> str:
    return f"{'-' if value < 0 else ''}${_plain(abs(value), decimals)}"


OTHERS: Mapping[str, Callable[[float, int | None], str]] = {
    "percentunit": _percent,
    "bytes": _bytes,
    "s": _seconds,
    "dtdurations": _clock,
    "dtdhms": _clock,
    "currencyUSD": _dollars,
    "kwatth": lambda value, decimals: _scaled(1000.0 * value, "Wh", decimals),
    "masst": lambda value, decimals: f"{_plain(value, decimals)} t",
}
