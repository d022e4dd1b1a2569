"""Queries in Grafana's own form."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import common, prometheus

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")


def letter(index: int) -> str:
    """Name a query as Grafana does: A, B, C and so on."""
    return chr(ord("A") + index)


def query(expr: str, legend: str, ref_id: str, *, instant: bool, as_table: bool) -> prometheus.Dataquery:
    """Ask PromQL at the end of the time shown (`instant`) or over all of it, as series or as a table."""
    form = prometheus.PromQueryFormat.TABLE if as_table else prometheus.PromQueryFormat.TIME_SERIES
    return prometheus.Dataquery(
        ref_id=ref_id,
        datasource=DATASOURCE,
        expr=expr,
        legend_format=legend,
        instant=instant,
        range_val=not instant,
        format_val=form,
        editor_mode=prometheus.QueryEditorMode.CODE,
    )


def value_columns(legends: Sequence[str]) -> dict[str, str]:
    """Map each query's legend to the column that Grafana makes of it: "Value" for a lone one, else "Value #A"."""
    if len(legends) == 1:
        return {legends[0]: "Value"}
    return {legend: f"Value #{letter(index)}" for index, legend in enumerate(legends)}
