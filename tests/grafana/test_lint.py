"""Every committed board keeps every rule, and every rule objects to a board that breaks it."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from grafana import lint, queries
from tests.grafana.committed import board, names

Document = dict[str, Any]
Mutation = Callable[[Document], object]


@pytest.mark.parametrize("name", names())
def test_a_committed_board_keeps_every_rule(name: str) -> None:
    assert lint.lint(board(name)) == []


def panel(document: Document, title: str = "Emission rate") -> Document:
    """A panel of the good board, to be spoiled."""
    return next(found for found in document["panels"] if found["title"] == title)


def defaults(document: Document) -> Document:
    """Field settings of that panel."""
    settings: Document = panel(document)["fieldConfig"]["defaults"]
    return settings


def variable(document: Document, index: int) -> Document:
    """A variable of the good board: 0 datasource, 1 job, 2 instance."""
    found: Document = document["templating"]["list"][index]
    return found


def ask(expr: str) -> Mutation:
    """Let the panel's first query ask this instead."""
    return lambda document: panel(document)["targets"][0].update(expr=expr)


CHOSEN = 'job=~"$job",instance=~"$instance"'

SIMULATED = f"ecochain_node_energy_joules_total{{{CHOSEN}}}"

TWICE = f"ecotrack_samples_total{{{CHOSEN}}}"

BROKEN: tuple[tuple[Callable[[Document], object], str, Mutation], ...] = (
    (lint.board_is_fixed, "uid", lambda d: d.update(uid="")),
    (lint.board_is_fixed, "editable", lambda d: d.update(editable=True)),
    (lint.board_is_fixed, "crosshair", lambda d: d.update(refresh="5s")),
    (lint.board_is_fixed, "loses", lambda d: d["links"][0].update(keepTime=False)),
    (lint.board_is_fixed, "no annotation", lambda d: d["annotations"]["list"].clear()),
    (lint.datasource_is_a_variable, "type datasource", lambda d: variable(d, 0).update(query="loki")),
    (lint.datasource_is_a_variable, "labelled", lambda d: variable(d, 0).update(label="Source")),
    (lint.board_is_fixed, "loses", lambda d: d["links"][1].update(includeVars=True)),
    (lint.targets_are_variables, "begin with", lambda d: d["templating"]["list"].reverse()),
    (lint.targets_are_variables, "must be multi", lambda d: variable(d, 1).update(allValue=".*")),
    (lint.targets_are_variables, "time range changes", lambda d: variable(d, 2).update(refresh=1)),
    (lint.targets_are_variables, "labelled Job", lambda d: variable(d, 1).update(label="job")),
    (lint.targets_are_variables, "label_values", lambda d: variable(d, 1)["query"].update(query="label_names()")),
    (lint.panels_use_the_variable_datasource, "panel", lambda d: panel(d)["datasource"].update(uid="abc")),
    (
        lint.panels_use_the_variable_datasource,
        "a query that",
        lambda d: panel(d)["targets"][0]["datasource"].update(uid="abc"),
    ),
    (lint.panels_are_explained, "title and a description", lambda d: panel(d).update(description="")),
    (lint.panels_are_explained, "when it is empty", lambda d: defaults(d).pop("noValue")),
    (lint.panels_are_explained, "does not know", lambda d: defaults(d).update(unit="gramms")),
    (lint.panels_have_known_types_and_targets, "unknown type", lambda d: panel(d).update(type="graph")),
    (lint.panels_have_known_types_and_targets, "no query", lambda d: panel(d)["targets"].clear()),
    (lint.panels_state_their_colours, "80 is red", lambda d: defaults(d).pop("thresholds")),
    (lint.panels_state_their_colours, "to chance", lambda d: defaults(d)["color"].update(mode="palette-classic")),
    (lint.legends_are_tables, "as a table", lambda d: panel(d)["options"]["legend"].update(displayMode="list")),
    (lint.queries_are_promql, "not PromQL", ask("sum by (ecotrack_power_watts")),
    (lint.queries_select_the_chosen_targets, "['instance']", ask('ecotrack_power_watts{job=~"$job"}')),
    (lint.queries_select_the_chosen_targets, "['job']", ask('up{job="$job",instance=~"$instance"}')),
    (lint.variables_are_used, "instance is used by no", lambda d: _forget(d, "$instance")),
    (lint.simulated_rates_are_recorded, "wall's clock", ask(f"rate({SIMULATED}[$__rate_interval])")),
    (lint.counters_are_rated, "without rate", ask(f"ecotrack_samples_total{{{CHOSEN}}}")),
    (lint.counters_are_rated, "of no counter", ask(f"rate(ecotrack_power_watts{{{CHOSEN}}}[$__rate_interval])")),
    (lint.counters_are_rated, "without rate", ask(f"avg_over_time(ecotrack_samples_total{{{CHOSEN}}}[1h])")),
    (lint.counters_are_rated, "without rate", ask(f"{TWICE} / rate({TWICE}[$__rate_interval])")),
    (lint.rates_use_the_rate_interval, "not $__rate_interval", ask(f"rate(ecotrack_samples_total{{{CHOSEN}}}[5m])")),
    (lint.grid_is_sound, "does not fit", lambda d: panel(d)["gridPos"].update(x=20)),
    (lint.grid_is_sound, "overlap", lambda d: panel(d)["gridPos"].update(y=panel(d)["gridPos"]["y"] - 2)),
    (lint.identifiers_are_unique, "used twice", lambda d: panel(d).update(id=panel(d, "Power")["id"])),
    (lint.overrides_name_a_series, "none of its", lambda d: panel(d, "Power")["targets"][0].update(legendFormat="x")),
    (lint.one_name_has_one_colour, "several colours", lambda d: _repaint(panel(d, "Power"))),
)


def _forget(spoiled: Document, variable: str) -> None:
    for found in queries.panels(spoiled):
        for target in found["targets"]:
            target["expr"] = target["expr"].replace(variable, "x")


def _repaint(spoiled: Document) -> None:
    spoiled["fieldConfig"]["overrides"][1]["properties"][0]["value"] = {"mode": "fixed", "fixedColor": "#123456"}


@pytest.mark.parametrize(("rule", "fragment", "spoil"), BROKEN)
def test_a_rule_objects_to_a_board_that_breaks_it(
    rule: Callable[[Document], Any], fragment: str, spoil: Mutation
) -> None:
    document = board("device-carbon.json")
    assert [finding for finding in rule(document) if fragment in finding] == []
    spoil(document)
    assert [finding for finding in rule(document) if fragment in finding] != []
    assert any(fragment in finding for finding in lint.lint(document))


def test_every_rule_is_shown_to_object() -> None:
    public = {
        function
        for name, function in inspect.getmembers(lint, inspect.isfunction)
        if function.__module__ == lint.__name__ and not name.startswith("_") and name != "lint"
    }
    assert public == {rule for rule, _, _ in BROKEN}


def test_a_text_needs_neither_unit_nor_query_but_a_description() -> None:
    document = board("experiments.json")
    text = next(found for found in document["panels"] if found["type"] == "text")
    assert lint.lint(document) == []
    text["description"] = ""
    assert any("title and a description" in finding for finding in lint.lint(document))


def test_panels_inside_a_collapsed_row_are_linted_as_well() -> None:
    document = board("device-carbon.json")
    folded = next(found for found in document["panels"] if found.get("collapsed"))
    folded["panels"][0]["description"] = ""
    folded["panels"][1]["gridPos"] = folded["panels"][0]["gridPos"]
    findings = lint.lint(document)
    assert any("title and a description" in finding for finding in findings)
    assert any("overlap" in finding for finding in findings)
