"""Two ways to draw figures with their intervals: as bars by method, and as a curve over a size."""

from grafana_foundation_sdk.models import barchart, common, dashboard, trend

from grafana.colours import FAINT, PLAIN, QUANTILES
from grafana.joined import ORDER, joined, looks, over_a_number
from grafana.options import legend, tooltip
from grafana.panels import Facts, Series, Target, differences

INTERVAL = QUANTILES["95%"]

TEXT = 14
"""Size of names in px, that of Grafana's text."""

LEAST_END = 0.01
"""End that an axis reaches at least, in its own unit: 1%, 10 ms, 1 cent. Grafana's would run to 100 for zeros alone."""

FROM_ZERO, WITHIN, BELOW, WITHIN_BELOW = "from zero", "95% interval", "below zero", "95% interval, below"
PUBLISHED = "published"

BARS = (
    Series(name=FROM_ZERO, colour=PLAIN),
    Series(name=WITHIN, colour=INTERVAL),
    Series(name=BELOW, colour=PLAIN),
    Series(name=WITHIN_BELOW, colour=INTERVAL),
    Series(name=PUBLISHED, colour=FAINT),
)
"""The parts of a bar: up to the near end of the interval, and the interval, on either side of zero."""

MEAN, LOW, HIGH = "mean", "low end", "high end"

CURVE = (
    Series(name=MEAN, colour=PLAIN),
    Series(name=LOW, colour=INTERVAL),
    Series(name=HIGH, colour=INTERVAL, below=LOW),
    Series(name=PUBLISHED, colour=FAINT),
)


def ends(low: str, high: str, *, signed: bool) -> tuple[Target, ...]:
    """Query the parts of bars that show an interval by method; not `signed` is cut off at zero."""
    above = (
        Target(expr=f"{low} > 0", legend=FROM_ZERO),
        Target(expr=f"clamp_min({high}, 0) - clamp_min({low}, 0) > 0", legend=WITHIN),
    )
    below = (
        Target(expr=f"{high} < 0", legend=BELOW),
        Target(expr=f"clamp_max({low}, 0) - clamp_max({high}, 0) < 0", legend=WITHIN_BELOW),
    )
    return above + below if signed else above


def beside(published: str) -> str:
    """Give published figures a bar of their own, under the name of their method."""
    return f'label_replace({published}, "method", "$1, {PUBLISHED}", "method", "(.+)")'


def interval_bars(facts: Facts, *, most_first: bool = False) -> dashboard.Panel:
    """Draw a bar for each method up to its interval and on through it; sorted by the target `ORDER`, least first."""
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
    return joined(panel, facts, custom, by=ORDER, label="method", descending=most_first)


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
