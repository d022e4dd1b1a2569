"""Queries are found wherever a board keeps them, and are filled in as Grafana would."""

import pytest

from grafana.queries import Query, metric_names, nodes, queries, resolve

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_queries_of_panels_rows_annotations_and_variables_are_found() -> None:
    target = {"expr": "up", "legendFormat": "{{job}}", "instant": True, "datasource": SOURCE}
    document = {
        "panels": [
            {"type": "stat", "title": "Open", "targets": [target]},
            {"type": "row", "panels": [{"type": "stat", "title": "Folded", "targets": [target]}]},
        ],
        "annotations": {"list": [{"name": "Alerts", "expr": "ALERTS", "datasource": SOURCE}]},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "type": "query",
                    "query": {"query": 'label_values(up{job=~"$job"}, instance)'},
                    "datasource": SOURCE,
                },
            ]
        },
    }
    uid = "${datasource}"
    assert queries(document) == [
        Query(kind="panel", title="Open", expr="up", datasource=uid, legend="{{job}}", instant=True),
        Query(kind="panel", title="Folded", expr="up", datasource=uid, legend="{{job}}", instant=True),
        Query(kind="annotation", title="Alerts", expr="ALERTS", datasource=uid),
        Query(kind="variable", title="instance", expr='up{job=~"$job"}', datasource=uid, label="instance"),
    ]


def test_variables_and_macros_are_filled_in() -> None:
    expr = 'rate(a_total{job=~"$job",instance=~"$instance"}[$__rate_interval]) + increase(a_total[$__range])'
    filled = resolve(expr, rate_seconds=60, range_seconds=3600, values={"job": "ecotrack"})
    assert filled == 'rate(a_total{job=~"ecotrack",instance=~".+"}[60s]) + increase(a_total[3600s])'


def test_groups_of_label_replace_are_no_variables() -> None:
    expr = 'label_replace(a{node=~"$node"}, "node", "$1", "node", "(.+)-.+")'
    filled = resolve(expr, rate_seconds=60, range_seconds=3600, values={"node": "roof"})
    assert filled == 'label_replace(a{node=~"roof"}, "node", "$1", "node", "(.+)-.+")'


def test_names_are_read_from_the_syntax_tree() -> None:
    expr = (
        'sum by (x) (rate(a_total{job=~"$job"}[$__rate_interval])) / on (x) max_over_time(b:c:d[$__range]) or vector(1)'
    )
    assert metric_names(expr) == {"a_total", "b:c:d"}


def test_text_that_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        nodes("sum by (")
