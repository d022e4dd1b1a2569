"""Two ways to draw figures with their intervals: as bars by method, and as a curve over a size."""

from grafana_foundation_sdk.models import barchart, common, dashboard, trend

from grafana.colours import FAINT, MARK, PLAIN, QUANTILES
from grafana.joined import ORDER, joined, looks, over_a_number
from grafana.options import legend, tooltip
from grafana.panels import Facts, Series, Target, differences

INTERVAL = QUANTILES["95%"]

TEXT = 14
"""Size of names in px, that of Grafana's text."""

LEAST_END = 0.01
"""End that an axis reaches at least, in its own unit: 1%, 10 ms, 1 cent. Grafana's would run to 100 for zeros alone."""

FROM_ZERO, WITHIN, WITHIN_BELOW = "from zero", "95% interval", "95% interval, below zero"
PUBLISHED, UP_TO_MARK, AFTER_MARK = "published", "up to the mark", "after the mark"
PAST_MARK, WITHIN_PAST_MARK = "past the mark", "95% interval, past the mark"

BARS = (
    Series(name=FROM_ZERO, colour=PLAIN),
    Series(name=WITHIN, colour=INTERVAL),
    Series(name=WITHIN_BELOW, colour=INTERVAL),
    Series(name=UP_TO_MARK, colour=FAINT),
    Series(name=PUBLISHED, colour=MARK),
    Series(name=AFTER_MARK, colour=FAINT),
    Series(name=PAST_MARK, colour=PLAIN),
    Series(name=WITHIN_PAST_MARK, colour=INTERVAL),
)
"""The parts of a bar, from zero outwards: up to the near end of the interval, and the interval, on either side of zero;
and the mark of a published figure, which stands beyond them, or parts one of them in two."""

UNSEEN = (UP_TO_MARK, AFTER_MARK)
UNNAMED = (*UNSEEN, WITHIN_BELOW, PAST_MARK, WITHIN_PAST_MARK)
"""Parts that a legend leaves out: they look like one that it names, or are not seen."""

MARK_SHARE, SLIT_SHARE = 0.012, 0.005
"""Widths of a mark and of the slit on each side of it, as parts of the span of all bars. Slits show the panel, from
which a bar stands out in each theme: no colour stands out from both panels and from a bar that does so, too."""

MEAN, LOW, HIGH = "mean", "low end", "high end"

CURVE = (
    Series(name=MEAN, colour=PLAIN),
    Series(name=LOW, colour=INTERVAL),
    Series(name=HIGH, colour=INTERVAL, below=LOW),
    Series(name=PUBLISHED, colour=MARK),
)


def parts(low: str, high: str, published: str = "", *, signed: bool) -> tuple[Target, ...]:
    """Query the parts of bars that show an interval by method, and a mark in each that has a published figure.

    Grafana's bars cannot have a point on them, so a mark is a narrow part of the stack, which the other parts lie
    around. Not `signed` is cut off at zero.
    """
    span = _span(low, high, signed=signed)
    above = _one_side(f"clamp_min({low}, 0)", f"clamp_min({high}, 0)", _from(published, ">= 0", span), span)
    if not signed:
        return tuple(Target(expr=f"{expr} > 0", legend=name) for name, expr in above.items())
    opposite = f"-1 * {published}" if published else ""
    below = _one_side(f"clamp_min(-1 * {high}, 0)", f"clamp_min(-1 * {low}, 0)", _from(opposite, "> 0", span), span)
    found = {name: f"({expr} > 0) or (-1 * ({below[name]}) < 0)" for name, expr in above.items()}
    # Only an interval can lie on both sides of zero. One that lies below it alone is the part that a legend names.
    found[WITHIN_BELOW] = f"(-1 * ({below[WITHIN]}) < 0) and ({above[WITHIN]} > 0)"
    return tuple(Target(expr=found[look.name], legend=look.name) for look in BARS if look.name in found)


def _one_side(near: str, far: str, mark: str, span: str) -> dict[str, str]:
    """Return the lengths of the parts on one side of zero, of distances from it; `mark` is there for some methods.

    A part that is not there is zero or less.
    """
    if not mark:
        return {FROM_ZERO: near, WITHIN: f"{far} - {near}"}
    before, past = f"({mark} - {SLIT_SHARE:g} * {span})", f"({mark} + {MARK_SHARE + SLIT_SHARE:g} * {span})"
    return {
        FROM_ZERO: _least(before, near),
        WITHIN: f"{_least(before, far)} - {near}",
        UP_TO_MARK: f"{mark} - {_least(before, far)}",
        PUBLISHED: f"0 * {mark} + {MARK_SHARE:g} * {span}",
        AFTER_MARK: f"0 * {mark} + {SLIT_SHARE:g} * {span}",
        PAST_MARK: f"{near} - {past}",
        WITHIN_PAST_MARK: f"{far} - {_most(past, f'({near} and {mark})')}",
    }


def _from(figure: str, side: str, span: str) -> str:
    """Return where the marks begin whose middles are the figures on a side of zero; nothing where there are none."""
    return f"(clamp_min({figure} - {MARK_SHARE / 2:g} * {span}, 0) and ({figure} {side}))" if figure else ""


def _least(one: str, other: str) -> str:
    """Return the lesser of two figures by method, and the other where there is no one."""
    return f"({one} < {other} or {other})"


def _most(one: str, other: str) -> str:
    """Return the greater of two figures by method."""
    return f"({one} > {other} or {other})"


def _span(low: str, high: str, *, signed: bool) -> str:
    """Return the span of all bars, from zero on or to both sides of it."""
    if not signed:
        return f"scalar(max({high}))"
    return f"(scalar(clamp_min(max({high}), 0)) - scalar(clamp_max(min({low}), 0)))"


def interval_bars(facts: Facts, *, label: str = "method", most_first: bool = False) -> dashboard.Panel:
    """Draw a bar for each value of a label up to its interval and on through it; sorted by `ORDER`, least first."""
    panel = differences(facts)
    panel.options = barchart.Options(
        orientation=common.VizOrientation.HORIZONTAL,
        stacking=common.StackingMode.NORMAL,
        show_value=common.VisibilityMode.NEVER,
        legend=legend(()),
        tooltip=tooltip(),
        text=common.VizTextDisplayOptions(title_size=TEXT, value_size=TEXT),
    )
    low = -LEAST_END if facts.minimum is None else None
    custom = barchart.FieldConfig(line_width=0, fill_opacity=100, axis_soft_max=LEAST_END, axis_soft_min=low)
    if panel.field_config is not None:
        hidden: dict[str, object] = {"custom.hideFrom": {"legend": True, "tooltip": True, "viz": False}}
        unseen: dict[str, object] = {"custom.fillOpacity": 0}
        shown = [target.legend for target in facts.targets]
        panel.field_config.overrides += [
            looks(name, hidden | (unseen if name in UNSEEN else {})) for name in UNNAMED if name in shown
        ]
    return joined(panel, facts, custom, by=ORDER, label=label, descending=most_first)


def curve(facts: Facts, *, size: str) -> dashboard.Panel:
    """Draw figures over the label `size`, a number, with the interval as a band and published figures as points."""
    custom = trend.FieldConfig(
        draw_style=common.GraphDrawStyle.LINE,
        line_width=1,
        fill_opacity=0,
        show_points=common.VisibilityMode.ALWAYS,
        point_size=5,
        span_nulls=True,
        axis_soft_max=LEAST_END,
    )
    panel = over_a_number(facts, custom, size=size)
    if panel.field_config is not None:
        edges: dict[str, object] = {"custom.showPoints": "never"}
        marks: dict[str, object] = {"custom.drawStyle": "points", "custom.pointSize": 9}
        shown = [target.legend for target in facts.targets]
        shapes = {LOW: edges, HIGH: edges, PUBLISHED: marks}
        panel.field_config.overrides += [looks(name, look) for name, look in shapes.items() if name in shown]
    return panel
