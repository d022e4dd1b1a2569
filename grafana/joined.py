"""Panels of one table, into which the answers of all their queries are joined: over a number, or by a name."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import dashboard, prometheus, trend

from grafana.dataquery import value_columns
from grafana.options import legend, tooltip
from grafana.panels import Facts, differences

ORDER = "order"
"""Legend of a query by whose values the rows are sorted, and which is not drawn."""


def over_a_number(facts: Facts, custom: trend.FieldConfig, *, size: str) -> dashboard.Panel:
    """Draw figures over the label `size`, a number."""
    panel = differences(facts)
    panel.type_val = "trend"
    panel.options = trend.Options(x_field=size, legend=legend(()), tooltip=tooltip())
    return joined(panel, facts, custom, by=size, label=size)


def joined(
    panel: dashboard.Panel, facts: Facts, custom: object, *, by: str, label: str, descending: bool = False
) -> dashboard.Panel:
    """Join the queries' answers on the label into a table, a column for each legend, in the order of one of them."""
    names = {column: name for name, column in value_columns([target.legend for target in facts.targets]).items()}
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


def by_number(panel: dashboard.Panel, heading: str) -> dashboard.Panel:
    """Take the texts in this column of a table for numbers, and sort the rows by them."""
    panel.transformations = [
        *(panel.transformations or ()),
        dashboard.DataTransformerConfig(id_val="convertFieldType", options=_numbers(heading)),
        dashboard.DataTransformerConfig(id_val="sortBy", options={"sort": [{"field": heading, "desc": False}]}),
    ]
    return panel


def looks(name: str, properties: Mapping[str, object]) -> dashboard.DashboardFieldConfigSourceOverrides:
    """Give the series of this name properties by Grafana's own keys."""
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val="byName", options=name),
        properties=[dashboard.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()],
    )


def _numbers(label: str) -> dict[str, object]:
    return {"conversions": [{"targetField": label, "destinationType": "number"}], "fields": {}}
