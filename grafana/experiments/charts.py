"""Two ways to draw figures with their intervals: as bars by method, and as a curve over a size."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import barchart, common, dashboard, prometheus, trend

from grafana.colours import FAINT, PLAIN, QUANTILES
from grafana.panels import Facts, Series, Target, differences

INTERVAL = QUANTILES["95%"]

TEXT = 14
"""Size of names in px, that of Grafana's text."""

LEAST_END = 0.01
"""End that an axis reaches at least, in its own unit: 1%, 10 ms, 1 cent. Grafana's would run to 100 for zeros alone."""

FROM_ZERO, WITHIN, BELOW, WITHIN_BELOW = "from zero", "95% interval", "below zero", "95% interval, below"
PUBLISHED, ORDER = "published", "order"

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
        legend=_legend(),
        tooltip=_tooltip(),
        text=common.VizTextDisplayOptions(title_size=TEXT, value_size=TEXT),
    )
    low = -LEAST_END if facts.minimum is None else None
    custom = barchart.FieldConfig(line_width=0, fill_opacity=100, axis_soft_max=LEAST_END, axis_soft_min=low)
    return _of_table(panel, facts, custom, by=ORDER, label="method", descending=most_first)


def curve(facts: Facts, *, size: str) -> dashboard.Panel:
    """Draw figures over the label `size`, a number, with the interval as a band and published figures as points."""
    panel = differences(facts)
    panel.type_val = "trend"
    panel.options = trend.Options(x_field=size, legend=_legend(), tooltip=_tooltip())
    custom = trend.FieldConfig(
        draw_style=common.GraphDrawStyle.LINE,
        line_width=1,
        fill_opacity=0,
        show_points=common.VisibilityMode.ALWAYS,
        point_size=5,
        span_nulls=True,
        axis_soft_max=LEAST_END,
    )
    if panel.field_config is not None:
        edges: dict[str, object] = {"custom.showPoints": "never"}
        marks: dict[str, object] = {"custom.drawStyle": "points", "custom.pointSize": 9}
        shown = [target.legend for target in facts.targets]
        looks = {LOW: edges, HIGH: edges, PUBLISHED: marks}
        panel.field_config.overrides += [_override(name, look) for name, look in looks.items() if name in shown]
    return _of_table(panel, facts, custom, by=size, label=size)


def _of_table(
    panel: dashboard.Panel, facts: Facts, custom: object, *, by: str, label: str, descending: bool = False
) -> dashboard.Panel:
    """Join the queries' answers on the label into a table, a column for each legend, in the order of one of them."""
    names = {f"Value #{chr(ord('A') + index)}": target.legend for index, target in enumerate(facts.targets)}
    for query in panel.targets or ():
        if isinstance(query, prometheus.Dataquery):
            query.format_val = prometheus.PromQueryFormat.TABLE
    if panel.field_config is not None:
        panel.field_config.defaults.custom = custom
    organized = {
        "excludeByName": {"Time": True},
        "indexByName": {field: index for index, field in enumerate([label, *names])},
        "renameByName": names,
    }
    steps: Sequence[tuple[str, object]] = (
        ("merge", {}),
        ("organize", organized),
        ("convertFieldType", _numbers(label) if by == label else None),
        ("sortBy", {"sort": [{"field": by, "desc": descending}]}),
        ("organize", {"excludeByName": {ORDER: True}} if by == ORDER else None),
    )
    panel.transformations = [
        dashboard.DataTransformerConfig(id_val=name, options=options) for name, options in steps if options is not None
    ]
    return panel


def _legend() -> common.VizLegendOptions:
    mode, place = common.LegendDisplayMode.LIST, common.LegendPlacement.BOTTOM
    return common.VizLegendOptions(show_legend=True, display_mode=mode, placement=place, calcs=[])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)


def _override(name: str, properties: Mapping[str, object]) -> dashboard.DashboardFieldConfigSourceOverrides:
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val="byName", options=name),
        properties=[dashboard.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()],
    )


def _numbers(label: str) -> dict[str, object]:
    return {"conversions": [{"targetField": label, "destinationType": "number"}], "fields": {}}
