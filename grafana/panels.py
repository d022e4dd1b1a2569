"""Panel builders. All of them ask for the same facts, so that no panel can lack one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import (
    barchart,
    bargauge,
    common,
    dashboard,
    stat,
    statetimeline,
    table,
    timeseries,
)

from grafana.colours import BAD, PLAIN
from grafana.dataquery import DATASOURCE, letter, query, value_columns
from grafana.geometry import UNIT_PIXELS, least_widths, legend_rows, panel_pixels, wider_than_their_share
from grafana.options import (
    LAST,
    beside_bars,
    drawn,
    expected_series,
    last,
    legend,
    sized_for,
    soft_maximum,
    tooltip,
)

EVERY_FIELD = "/.*/"
NOTHING = "-"
"""Stands where one value of many is missing; the sentence of `Facts.no_value` stands where all of them are."""

UNSCRAPED = "; or nothing is scraped"
"""Ends the sentence of every empty panel, which cannot tell one from the other."""

ALL_CALCS = ("mean", "max", LAST)
WIDE_COLUMNS = 12
"""Width from which a graph has room for two calculations in a legend beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """PromQL query of a panel, and the name that its series get in legends and overrides."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Look of a series that differs from its panel: the name as shown, or with `pattern` a regular expression.

    `below` names the series down to which the area under this one is filled: the lower edge of a band. `bar` draws a
    column of a table as bars; `pixels` is its least width, 0 for the usual one. `links` lead from a value to its
    detail, and `says` stands in place of each value.
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
    pixels: int = 0
    links: tuple[dashboard.DashboardLink, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts that every panel states: `width` of the grid's 24 columns, `height` in rows of 30 px, Grafana's unit name.

    `no_value` is the sentence on a panel whose queries return nothing; figures and bars tell it in their
    description. `limit` is a value at or above which a figure is shown in red, and which a graph draws as a dashed
    line; below `least` a figure is red. Both are None where no value is bad in itself. `shown` is the span of time
    of a panel with a time of its own, as "2d" or "now/d", and `step` the time between its values, both empty for
    those of the board.
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
    least: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    mappings: tuple[dashboard.ValueMap, ...] = ()
    links: tuple[dashboard.DashboardLink, ...] = ()
    shown: str = ""
    step: str = ""


LIMIT = Series(name="limit", colour=BAD, dashed=True)
"""The limit that an alert has, on a graph of what it limits; its target has this legend."""


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


def number(facts: Facts, *, shown: str = "auto") -> dashboard.Panel:
    """Show large figures, one per series; `shown` is one of Grafana's text modes for them."""
    options = stat.Options(
        graph_mode=common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.AUTO,
        text_mode=common.BigValueTextMode(shown),
        wide_layout=False,
        reduce_options=last(),
        text=sized_for(len(facts.targets), facts.width, facts.unit),
        orientation=common.VizOrientation.AUTO,
    )
    return _panel("stat", _explained(facts), options=options, instant=True)


def bars(facts: Facts) -> dashboard.Panel:
    """Draw horizontal bars between `minimum` and `maximum`, one per series, with its present value."""
    options = bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        value_mode=common.BarGaugeValueMode.TEXT,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        sizing=common.BarGaugeSizing.AUTO,
        reduce_options=last(),
        text=beside_bars(),
        orientation=common.VizOrientation.HORIZONTAL,
    )
    return _panel("bargauge", _explained(facts), options=options, instant=True)


def differences(facts: Facts) -> dashboard.Panel:
    """Draw horizontal bars to either side of zero, one per series, with its present value."""
    options = barchart.Options(
        orientation=common.VizOrientation.HORIZONTAL,
        show_value=common.VisibilityMode.ALWAYS,
        legend=common.VizLegendOptions(show_legend=False),
        tooltip=tooltip(),
        text=beside_bars(),
    )
    edge = soft_maximum(facts.unit)
    custom = barchart.FieldConfig(line_width=0, fill_opacity=80, axis_soft_min=-edge, axis_soft_max=edge)
    panel = _panel("barchart", facts, options=options, custom=custom, instant=True)
    # A row for each series, in place of a series with one point.
    reduced = {"reducers": [LAST], "mode": "seriesToRows"}
    panel.transformations = [dashboard.DataTransformerConfig(id_val="reduce", options=reduced)]
    return panel


def lines(facts: Facts) -> dashboard.Panel:
    """Draw values over time as lines."""
    return _over_time(facts, drawn(common.GraphDrawStyle.LINE, facts.unit, fill=8))


def stacked(facts: Facts) -> dashboard.Panel:
    """Draw values over time that add up to a whole, as stacked areas."""
    return _over_time(facts, drawn(common.GraphDrawStyle.LINE, facts.unit, fill=60, stacked=True))


def events(facts: Facts) -> dashboard.Panel:
    """Draw counts or amounts per step as stacked columns; the legend gives each one's sum."""
    return _over_time(facts, drawn(common.GraphDrawStyle.BARS, facts.unit, fill=80, stacked=True), calcs=("sum",))


def states(facts: Facts) -> dashboard.Panel:
    """Draw one row per series, with a coloured stretch for each state that it was in."""
    options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.85,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=legend(()),
        tooltip=tooltip(),
        per_page=0,
    )
    custom = statetimeline.FieldConfig(line_width=0, fill_opacity=85, span_nulls=False)
    return _panel("state-timeline", facts, options=options, custom=custom)


def rows(facts: Facts, *, columns: Mapping[str, str], hidden: Sequence[str] = (), largest: str = "") -> dashboard.Panel:
    """Draw a table: queries joined on the labels that they share.

    `columns` maps a label, or the legend of a target for its values, to the heading that a reader sees, in that order.
    `hidden` names labels that are in the answer and not shown. `largest` is the heading of the column to sort by,
    downwards.
    """
    values = value_columns([target.legend for target in facts.targets])
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
    if panel.field_config is not None:
        panel.field_config.overrides += _widths(facts, columns, largest)
    panel.transformations = [
        dashboard.DataTransformerConfig(id_val="merge", options={}),
        dashboard.DataTransformerConfig(id_val="organize", options=organize),
    ]
    return panel


def _explained(facts: Facts) -> Facts:
    """Put a dash in place of the sentence for emptiness, which figures and bars would cut, and explain it at the i."""
    told = _sentence(facts) + ("" if _sentence(facts).endswith("?") else ".")
    return replace(facts, no_value=NOTHING, description=f"{facts.description} A dash means: {told}")


def _sentence(facts: Facts) -> str:
    return facts.no_value if "scraped" in facts.no_value else f"{facts.no_value}{UNSCRAPED}"


def _widths(
    facts: Facts, columns: Mapping[str, str], largest: str
) -> list[dashboard.DashboardFieldConfigSourceOverrides]:
    figures = {columns[target.legend] for target in facts.targets if target.legend in columns}
    bars_in = {series.name for series in facts.series if series.bar}
    widths = least_widths(columns.values(), figures=figures, bars=bars_in, largest=largest)
    widths |= {
        series.name: series.pixels or max(UNIT_PIXELS[series.unit], widths.get(series.name, 0))
        for series in facts.series
        if series.pixels or series.unit in UNIT_PIXELS
    }
    fixed = wider_than_their_share(widths, panel_pixels(facts.width))
    return [
        _override(heading, [dashboard.DynamicConfigValue(id_val=f"custom.{setting}", value=width)])
        for heading, width in widths.items()
        for setting in ("width" if heading in fixed else "minWidth",)
    ]


def _over_time(facts: Facts, custom: common.GraphFieldConfig, *, calcs: Sequence[str] = ()) -> dashboard.Panel:
    """Draw a graph, with its legend where all of its series show: beside it, if they are more than two."""
    if facts.limit is not None:
        custom.thresholds_style = common.GraphThresholdsStyleConfig(mode=common.GraphThresholdsStyleMode.DASHED)
    if facts.minimum is None:
        custom.axis_soft_min = -soft_maximum(facts.unit)
    named = sum(bool(series.colour) and not series.pattern for series in facts.series)
    wanted = expected_series([target.legend for target in facts.targets], named)
    beside = legend_rows(facts.height, beside=False) < wanted
    usual = ALL_CALCS if not beside else ALL_CALCS[1:] if facts.width >= WIDE_COLUMNS else (LAST,)
    options = timeseries.Options(legend=legend(calcs or usual, beside=beside), tooltip=tooltip())
    return _panel("timeseries", facts, options=options, custom=custom)


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
        query(target.expr, target.legend, letter(index), instant=instant, as_table=as_table)
        for index, target in enumerate(facts.targets)
    ]
    return dashboard.Panel(
        type_val=kind,
        title=facts.title,
        description=facts.description,
        datasource=DATASOURCE,
        targets=targets,
        grid_pos=dashboard.GridPos(w=facts.width, h=facts.height),
        time_from=facts.shown or None,
        interval=facts.step or None,
        options=options,
        field_config=dashboard.FieldConfigSource(
            defaults=_defaults(facts, custom, over_time=kind == "timeseries"),
            overrides=[
                _override(EVERY_FIELD, [dashboard.DynamicConfigValue(id_val="noValue", value=NOTHING)], pattern=True),
                *(override(one, own_axis=kind == "timeseries" and one.unit != facts.unit) for one in facts.series),
            ],
        ),
    )


def _defaults(facts: Facts, custom: object | None, *, over_time: bool) -> dashboard.FieldConfig:
    steps = [dashboard.Threshold(value=None, color=facts.colour)]
    if facts.limit is not None:
        steps.append(dashboard.Threshold(value=facts.limit, color=BAD))
    if facts.least is not None:
        steps = [
            dashboard.Threshold(value=None, color=BAD),
            dashboard.Threshold(value=facts.least, color=facts.colour),
            *steps[1:],
        ]
    by_limit = len(steps) > 1 and not over_time
    fixed = dashboard.FieldColor(mode=dashboard.FieldColorModeId.FIXED, fixed_color=facts.colour)
    return dashboard.FieldConfig(
        unit=facts.unit,
        no_value=NOTHING if facts.no_value == NOTHING else _sentence(facts),
        decimals=facts.decimals,
        min_val=facts.minimum,
        max_val=facts.maximum,
        mappings=list(facts.mappings) or None,
        links=list(facts.links) or None,
        thresholds=dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps),
        color=dashboard.FieldColor(mode=dashboard.FieldColorModeId.THRESHOLDS) if by_limit else fixed,
        custom=custom,
    )


def override(series: Series, *, own_axis: bool = False) -> dashboard.DashboardFieldConfigSourceOverrides:
    """Give a series, or a column of a table, its own look; with `own_axis` also an axis that suits its unit."""
    return _override(series.name, _properties(series, own_axis=own_axis), pattern=series.pattern)


def _override(
    name: str, properties: Iterable[dashboard.DynamicConfigValue], *, pattern: bool = False
) -> dashboard.DashboardFieldConfigSourceOverrides:
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val="byRegexp" if pattern else "byName", options=name),
        properties=list(properties),
    )


def _properties(series: Series, *, own_axis: bool) -> Iterable[dashboard.DynamicConfigValue]:
    if series.colour:
        value: object = {"mode": "fixed", "fixedColor": series.colour}
        yield dashboard.DynamicConfigValue(id_val="color", value=value)
    if series.unit:
        yield dashboard.DynamicConfigValue(id_val="unit", value=series.unit)
        if own_axis:
            yield dashboard.DynamicConfigValue(id_val="custom.axisSoftMax", value=soft_maximum(series.unit))
    if series.decimals is not None:
        yield dashboard.DynamicConfigValue(id_val="decimals", value=series.decimals)
    if series.dashed:
        yield dashboard.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]})
        yield dashboard.DynamicConfigValue(id_val="custom.stacking", value={"mode": "none", "group": "A"})
        yield dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=0)
    if series.mirrored:
        yield dashboard.DynamicConfigValue(id_val="custom.transform", value="negative-Y")
    if series.below:
        yield dashboard.DynamicConfigValue(id_val="custom.fillBelowTo", value=series.below)
        yield dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=20)
    if series.bar:
        value = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        yield dashboard.DynamicConfigValue(id_val="custom.cellOptions", value=value)
        if series.unit == "percentunit":
            yield dashboard.DynamicConfigValue(id_val="min", value=0)
            yield dashboard.DynamicConfigValue(id_val="max", value=1)
    if series.links:
        value = [{"title": link.title, "url": link.url} for link in series.links]
        yield dashboard.DynamicConfigValue(id_val="links", value=value)
    if series.says:
        value = {"type": "regex", "options": {"pattern": ".*", "result": {"text": series.says, "index": 0}}}
        yield dashboard.DynamicConfigValue(id_val="mappings", value=[value])
