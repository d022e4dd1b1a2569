"""The forecasts on the page: a row for each series with what is served and why, and a small chart of band and truth."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from exporter.core.chart import HEIGHT, WIDTH, Place, framed, round_top, steps
from exporter.core.html import data, scrolling
from simulator.live.forecast_view import BandView, ForecastView, HourView

MOST_CHARTS = 6
"""Most charts on the page, of the first series: more would be a page of charts. The table has all."""

LEGEND = (
    ("came", "came"),
    ("expected", "expected"),
    ("inner", "80% band"),
    ("outer", "90% band"),
)

ABOUT = (
    '<p class="dim">Skill is one less the error of the model over that of the reference behind it, over seven '
    "simulated days, 1, 2 to 6 and 7 to 24 hours ahead. Bands of the past day are those told an hour before.</p>"
)


def forecast_section(forecasts: Sequence[ForecastView]) -> str:
    """Show all forecasts; where there are none yet, say so."""
    if not forecasts:
        none = '<p class="dim">None yet: what they rest on is learnt first, or there is nothing to forecast.</p>'
        return f"<section><h2>Forecasts</h2>{none}</section>"
    head = "".join(f"<th>{title}</th>" for title in ("Site", "Of"))
    head += "".join(f'<th class="num">{title}</th>' for title in ("Next hour", "80% band", "Skill"))
    rows = "".join(_row(one) for one in forecasts)
    table = scrolling(
        "Forecasts", f'<table class="forecasts"><thead><tr>{head}<th>Served</th></tr></thead>{rows}</table>'
    )
    keys = "".join(f'<span class="key {name}">{text}</span>' for name, text in LEGEND)
    charts = "".join(f"<div>{forecast_chart(one)}</div>" for one in forecasts[:MOST_CHARTS])
    more = len(forecasts) - MOST_CHARTS
    rest = f'<p class="dim">{more} more are in the table alone.</p>' if more > 0 else ""
    return (
        f"<section><h2>Forecasts</h2>{table}{ABOUT}"
        f'<p class="dim keys">{keys}</p><div class="halves">{charts}</div>{rest}</section>'
    )


def _row(forecast: ForecastView) -> str:
    key = f"{forecast.subject}-{escape(forecast.site)}"
    first = forecast.ahead[0]
    told = "-" if first.mean is None else data(first.mean, f"next-{key}", f"{first.mean:,.1f} {forecast.unit}")
    band = "-" if first.p10 is None or first.p90 is None else f"{first.p10:,.1f} to {first.p90:,.1f}"
    skill = " / ".join(_skill(one, key) for one in forecast.bands)
    cells = "".join(f'<td class="num">{cell}</td>' for cell in (told, band, skill))
    return f"<tr><td>{escape(forecast.site)}</td><td>{forecast.subject}</td>{cells}<td>{_served(forecast)}</td></tr>"


def _skill(band: BandView, key: str) -> str:
    if band.skill_ratio is None:
        return "-"
    return data(band.skill_ratio, f"skill-{band.horizon_hours}-{key}", f"{band.skill_ratio:+.0%}")


def _served(forecast: ForecastView) -> str:
    """Name what is served: horizons that have the same model, for the same reason, together."""
    told = []
    for (model, reference, in_force, why), group in groupby(forecast.bands, _served_alike):
        bands = list(group)
        hours = "" if len(bands) == len(forecast.bands) else f" to {bands[-1].horizon_hours} h"
        behind = f"fell behind {escape(reference)}, which stands in" if in_force != model else escape(why)
        told.append(f"<b>{escape(model)}</b>{hours}: {behind}")
    if forecast.checkpoint_refused:
        told.append("a checkpoint was refused, the log says why")
    return "; ".join(told)


def _served_alike(band: BandView) -> tuple[str, str, str, str]:
    return band.model, band.reference, band.in_force, band.why


def forecast_chart(forecast: ForecastView) -> str:
    """Draw the last day, with what was told of each hour an hour before, and the bands of the day to come."""
    hours = [*forecast.past, *forecast.ahead]
    known = [value for hour in hours for value in (hour.came, hour.mean, hour.p95) if value is not None]
    if not known:
        return ""
    top = round_top(max(known))
    shapes = "".join(_band(name, hours, top) for name in ("outer", "inner"))
    shapes += f'<path class="rule" d="M{WIDTH // 2} 0v{HEIGHT}"/>'
    shapes += _line("expected", [hour.mean for hour in hours], top) + _line("came", [hour.came for hour in hours], top)
    title = f"{escape(forecast.site)}, {forecast.subject}"
    chart = framed(
        shapes,
        top=top,
        unit=forecast.unit,
        label=f"forecast and truth of {title}, up to {max(known):.1f} {forecast.unit}",
        times=("24 h ago", "now", "in 24 h"),
    )
    return f'<p class="name">{title}</p>{chart}'


def _band(name: str, hours: Sequence[HourView], top: float) -> str:
    ends = [(hour.p05, hour.p95) if name == "outer" else (hour.p10, hour.p90) for hour in hours]
    paths = ""
    for run in _runs(ends):
        places = [(_across(number), _height(low, top), _height(high, top)) for number, (low, high) in run]
        outline = [(x, high) for x, _, high in places] + [(x, low) for x, low, _ in reversed(places)]
        paths += f'<path class="band {name}" d="M{outline[0][0]} {outline[0][1]}{steps(outline)}z"/>'
    return paths


def _runs(ends: Iterable[tuple[float | None, float | None]]) -> Iterator[list[tuple[int, tuple[float, float]]]]:
    """Yield the stretches of hours of which both ends are known."""
    run: list[tuple[int, tuple[float, float]]] = []
    for number, (low, high) in enumerate(ends):
        if low is not None and high is not None:
            run.append((number, (low, high)))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(name: str, values: Sequence[float | None], top: float) -> str:
    paths = ""
    for run in _runs((value, value) for value in values):
        places: list[Place] = [(_across(number), _height(value, top)) for number, (value, _) in run]
        paths += f'<path class="{name}" d="M{places[0][0]} {places[0][1]}{steps(places)}"/>'
    return paths


def _across(hour: int) -> int:
    """Return the place of the middle of an hour, of the 48 that are drawn."""
    return round(WIDTH * (hour + 0.5) / 48)


def _height(value: float, top: float) -> int:
    return round(HEIGHT * (1.0 - value / top))
