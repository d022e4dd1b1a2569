"""Panel builders. All of them ask for the same facts, so that no panel can lack one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import (
    barchart,
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)

from grafana.colours import BAD, PLAIN

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
LAST = "lastNotNull"
BY_NAME = ""
"""Grafana's palette in place of a colour, for series whose names are not known beforehand; stable for each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """PromQL query of a panel, and the name that its series get in legends and overrides."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Look of a series that differs from its panel: the name as shown, or with `pattern` a regular expression.

    `below` names the series down to which the area under this one is filled: the lower edge of a band. `bar` draws a
    column of a table as bars.
    """

    name: str
    colour: str = ""
    unit: str = ""
    decimals: int | None = None
    dashed: bool = False
    mirrored: bool = False
    below: str = ""
    pattern: bool = False
    bar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts that every panel states: `width` of the grid's 24 columns, `height` in rows of 30 px, Grafana's unit name.

    `no_value` is the sentence that stands in the panel when its queries return nothing. `limit` is a value at or above
    which a value is shown in red; None where no value is bad in itself.
    """

    title: str
    description: str
    unit: str
    no_value: str
    targets: tuple[Target, ...]
    width: int
    height: int = 8
    series: tuple[Series, ...] = ()
    colour: str = PLAIN
    limit: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    mappings: tuple[dashboard.ValueMap, ...] = ()
    links: tuple[dashboard.DashboardLink, ...] = ()


def coloured(colours: Mapping[str, str]) -> tuple[Series, ...]:
    """Colour series that carry exactly these names, one look per name."""
    return tuple(Series(name=name, colour=colour) for name, colour in colours.items())


def by_label(operator: str, label: str, expr: str) -> Target:
    """Return one series per value of a label, named by it: the aggregation `operator` of all that share the value."""
    return Target(expr=f"{operator} by ({label}) ({expr})", legend=f"{{{{{label}}}}}")


def texts(meanings: Mapping[int, tuple[str, str]]) -> tuple[dashboard.ValueMap, ...]:
    """Show whole numbers as words: number -> (text, colour)."""
    options = {
        str(number): dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (number, (text, colour)) in enumerate(meanings.items())
    }
    return (dashboard.ValueMap(options=options),)


def number(facts: Facts, *, trend: bool = False, shown: str = "auto") -> dashboard.Panel:
    """Show large figures, one per series; `trend` adds a sparkline, `shown` is one of Grafana's text modes for it."""
    options = stat.Options(
        graph_mode=common.BigValueGraphMode.AREA if trend else common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.AUTO,
        text_mode=common.BigValueTextMode(shown),
        reduce_options=_last(),
        orientation=common.VizOrientation.AUTO,
    )
    return _panel("stat", facts, options=options, instant=not trend)


def bars(facts: Facts) -> dashboard.Panel:
    """Draw horizontal bars between `minimum` and `maximum`, one per series, with its present value."""
    options = bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        value_mode=common.BarGaugeValueMode.TEXT,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        sizing=common.BarGaugeSizing.AUTO,
        reduce_options=_last(),
        orientation=common.VizOrientation.HORIZONTAL,
    )
    return _panel("bargauge", facts, options=options, instant=True)


def differences(facts: Facts) -> dashboard.Panel:
    """Draw horizontal bars to either side of zero, one per series, with its present value."""
    options = barchart.Options(
        orientation=common.VizOrientation.HORIZONTAL,
        show_value=common.VisibilityMode.ALWAYS,
        legend=common.VizLegendOptions(show_legend=False),
        tooltip=_tooltip(),
    )
    custom = barchart.FieldConfig(line_width=0, fill_opacity=80)
    panel = _panel("barchart", facts, options=options, custom=custom, instant=True)
    # A row for each series, in place of a series with one point.
    reduced = {"reducers": [LAST], "mode": "seriesToRows"}
    panel.transformations = [dashboard.DataTransformerConfig(id_val="reduce", options=reduced)]
    return panel


def lines(facts: Facts) -> dashboard.Panel:
    """Draw values over time as lines."""
    return _over_time(facts, _drawn(common.GraphDrawStyle.LINE, fill=8), calcs=("mean", "max", LAST))


def stacked(facts: Facts) -> dashboard.Panel:
    """Draw values over time that add up to a whole, as stacked areas."""
    custom = _drawn(common.GraphDrawStyle.LINE, fill=60)
    custom.stacking = common.StackingConfig(mode=common.StackingMode.NORMAL, group="A")
    return _over_time(facts, custom, calcs=("mean", "max", LAST))


def events(facts: Facts) -> dashboard.Panel:
    """Draw counts per step as stacked columns; the legend gives each one's sum."""
    custom = _drawn(common.GraphDrawStyle.BARS, fill=80)
    custom.stacking = common.StackingConfig(mode=common.StackingMode.NORMAL, group="A")
    return _over_time(facts, custom, calcs=("sum",))


def states(facts: Facts) -> dashboard.Panel:
    """Draw one row per series, with a coloured stretch for each state that it was in."""
    options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.85,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=_legend(()),
        tooltip=_tooltip(),
    )
    custom = statetimeline.FieldConfig(line_width=0, fill_opacity=85, span_nulls=False)
    return _panel("state-timeline", facts, options=options, custom=custom)


def rows(facts: Facts, *, columns: Mapping[str, str], hidden: Sequence[str] = (), largest: str = "") -> dashboard.Panel:
    """Draw a table: queries joined on the labels that they share.

    `columns` maps a label, or the legend of a target for its values, to the heading that a reader sees, in that order.
    `hidden` names labels that are in the answer and not shown. `largest` is the heading of the column to sort by,
    downwards.
    """
    values = _value_columns(facts.targets)
    fields = {values.get(name, name): heading for name, heading in columns.items()}
    dropped = ("Time", "__name__", *hidden)
    organize: dict[str, object] = {
        "excludeByName": dict.fromkeys(dropped, True),
        "indexByName": {field: index for index, field in enumerate(fields)},
        "renameByName": fields,
    }
    custom = table.FieldConfig(
        align=common.FieldTextAlignment.AUTO, cell_options=common.TableAutoCellOptions(), inspect=False
    )
    options = table.Options(
        show_header=True,
        cell_height=common.TableCellHeight.SM,
        sort_by=[common.TableSortByFieldState(display_name=largest, desc=True)] if largest else None,
    )
    panel = _panel("table", facts, options=options, custom=custom, instant=True, as_table=True)
    panel.transformations = [
        dashboard.DataTransformerConfig(id_val="merge", options={}),
        dashboard.DataTransformerConfig(id_val="organize", options=organize),
    ]
    return panel


def note(*, title: str, description: str, content: str, width: int, height: int) -> dashboard.Panel:
    """Write a short text in Markdown, for what figures alone would not tell."""
    return dashboard.Panel(
        type_val="text",
        title=title,
        description=description,
        datasource=DATASOURCE,
        grid_pos=dashboard.GridPos(w=width, h=height),
        options=text.Options(mode=text.TextMode.MARKDOWN, content=content),
        field_config=dashboard.FieldConfigSource(defaults=dashboard.FieldConfig(), overrides=[]),
    )


def _value_columns(targets: Sequence[Target]) -> dict[str, str]:
    """Map each target's legend to the column that Grafana makes of it: "Value" for a lone one, else "Value #A"."""
    if len(targets) == 1:
        return {targets[0].legend: "Value"}
    return {target.legend: f"Value #{_letter(index)}" for index, target in enumerate(targets)}


def _over_time(facts: Facts, custom: common.GraphFieldConfig, *, calcs: Sequence[str]) -> dashboard.Panel:
    options = timeseries.Options(legend=_legend(calcs), tooltip=_tooltip())
    return _panel("timeseries", facts, options=options, custom=custom)


def _drawn(style: common.GraphDrawStyle, *, fill: int) -> common.GraphFieldConfig:
    return common.GraphFieldConfig(
        draw_style=style,
        line_width=1,
        fill_opacity=fill,
        show_points=common.VisibilityMode.NEVER,
        span_nulls=False,
        gradient_mode=common.GraphGradientMode.NONE,
        stacking=common.StackingConfig(mode=common.StackingMode.NONE, group="A"),
    )


def _legend(calcs: Iterable[str]) -> common.VizLegendOptions:
    calcs = list(calcs)
    mode = common.LegendDisplayMode.TABLE if calcs else common.LegendDisplayMode.LIST
    return common.VizLegendOptions(
        display_mode=mode, placement=common.LegendPlacement.BOTTOM, show_legend=True, calcs=calcs
    )


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions(values=False, calcs=[LAST], fields="")


def _letter(index: int) -> str:
    """Name a target as Grafana does: A, B, C and so on."""
    return chr(ord("A") + index)


def _panel(
    kind: str,
    facts: Facts,
    *,
    options: object,
    custom: object | None = None,
    instant: bool = False,
    as_table: bool = False,
) -> dashboard.Panel:
    targets: list[Dataquery] = [
        _query(target, _letter(index), instant=instant, as_table=as_table) for index, target in enumerate(facts.targets)
    ]
    return dashboard.Panel(
        type_val=kind,
        title=facts.title,
        description=facts.description,
        datasource=DATASOURCE,
        targets=targets,
        grid_pos=dashboard.GridPos(w=facts.width, h=facts.height),
        options=options,
        field_config=dashboard.FieldConfigSource(
            defaults=_defaults(facts, custom), overrides=[_override(series) for series in facts.series]
        ),
    )


def _query(target: Target, ref_id: str, *, instant: bool, as_table: bool) -> prometheus.Dataquery:
    form = prometheus.PromQueryFormat.TABLE if as_table else prometheus.PromQueryFormat.TIME_SERIES
    return prometheus.Dataquery(
        ref_id=ref_id,
        datasource=DATASOURCE,
        expr=target.expr,
        legend_format=target.legend,
        instant=instant,
        range_val=not instant,
        format_val=form,
        editor_mode=prometheus.QueryEditorMode.CODE,
    )


def _defaults(facts: Facts, custom: object | None) -> dashboard.FieldConfig:
    steps = [dashboard.Threshold(value=None, color=facts.colour or PLAIN)]
    if facts.limit is not None:
        steps.append(dashboard.Threshold(value=facts.limit, color=BAD))
    return dashboard.FieldConfig(
        unit=facts.unit,
        no_value=facts.no_value,
        decimals=facts.decimals,
        min_val=facts.minimum,
        max_val=facts.maximum,
        mappings=list(facts.mappings) or None,
        links=list(facts.links) or None,
        thresholds=dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps),
        color=_colour(facts),
        custom=custom,
    )


def _colour(facts: Facts) -> dashboard.FieldColor:
    if facts.limit is not None:
        return dashboard.FieldColor(mode=dashboard.FieldColorModeId.THRESHOLDS)
    if facts.colour == BY_NAME:
        return dashboard.FieldColor(mode=dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    return dashboard.FieldColor(mode=dashboard.FieldColorModeId.FIXED, fixed_color=facts.colour)


def _override(series: Series) -> dashboard.DashboardFieldConfigSourceOverrides:
    matcher = "byRegexp" if series.pattern else "byName"
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val=matcher, options=series.name), properties=list(_properties(series))
    )


def _properties(series: Series) -> Iterable[dashboard.DynamicConfigValue]:
    if series.colour:
        value: object = {"mode": "fixed", "fixedColor": series.colour}
        yield dashboard.DynamicConfigValue(id_val="color", value=value)
    if series.unit:
        yield dashboard.DynamicConfigValue(id_val="unit", value=series.unit)
    if series.decimals is not None:
        yield dashboard.DynamicConfigValue(id_val="decimals", value=series.decimals)
    if series.dashed:
        yield dashboard.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]})
        yield dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=0)
    if series.mirrored:
        yield dashboard.DynamicConfigValue(id_val="custom.transform", value="negative-Y")
    if series.below:
        yield dashboard.DynamicConfigValue(id_val="custom.fillBelowTo", value=series.below)
        yield dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=20)
    if series.bar:
        value = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        yield dashboard.DynamicConfigValue(id_val="custom.cellOptions", value=value)
