"""Every committed board keeps every rule, and every rule objects to a board that breaks it."""

import inspect
from collections.abc import Callable
from typing import Any, cast

import pytest

from grafana import lint, queries
from grafana.lint import alerting, asked, looks, signs, sizes, structure
from tests.grafana.committed import board, names

Document = dict[str, Any]
Mutation = Callable[[Document], object]


@pytest.mark.parametrize("name", names())
def test_a_committed_board_keeps_every_rule(name: str) -> None:
    assert lint.lint(board(name)) == []


def panel(document: Document, title: str = "Emission rate") -> Document:
    """Return a panel of the good board, to be spoiled."""
    return cast("Document", next(one for one in queries.panels(document) if one["title"] == title))


def defaults(document: Document) -> Document:
    """Field settings of that panel."""
    settings: Document = panel(document)["fieldConfig"]["defaults"]
    return settings


def variable(document: Document, index: int) -> Document:
    """Return a variable of the good board: 0 datasource, 1 job, 2 instance."""
    found: Document = document["templating"]["list"][index]
    return found


def ask(expr: str) -> Mutation:
    """Let the panel's first query ask this instead."""
    return lambda document: panel(document)["targets"][0].update(expr=expr)


def mark(document: Document) -> Document:
    """Return the first annotation of the good board."""
    found: Document = document["annotations"]["list"][0]
    return found


ALERTS = "Alerts firing"

CHOSEN = 'job=~"$job",instance=~"$instance"'

SIMULATED = f"ecochain_node_energy_joules_total{{{CHOSEN}}}"

TWICE = f"ecotrack_samples_total{{{CHOSEN}}}"

BROKEN: tuple[tuple[Callable[[Document], object], str, Mutation], ...] = (
    (structure.board_is_fixed, "uid", lambda d: d.update(uid="")),
    (structure.board_is_fixed, "editable", lambda d: d.update(editable=True)),
    (structure.board_is_fixed, "crosshair", lambda d: d.update(refresh="5s")),
    (structure.board_is_fixed, "loses", lambda d: d["links"][0].update(keepTime=False)),
    (structure.datasource_is_a_variable, "type datasource", lambda d: variable(d, 0).update(query="loki")),
    (structure.datasource_is_a_variable, "labelled", lambda d: variable(d, 0).update(label="Source")),
    (structure.board_is_fixed, "loses", lambda d: d["links"][1].update(includeVars=True)),
    (structure.targets_are_variables, "begin with", lambda d: d["templating"]["list"].reverse()),
    (structure.targets_are_variables, "must be multi", lambda d: variable(d, 1).update(allValue=".*")),
    (structure.targets_are_variables, "must be multi", lambda d: variable(d, 1).update(multi=False, includeAll=False)),
    (structure.targets_are_variables, "time range changes", lambda d: variable(d, 2).update(refresh=1)),
    (structure.targets_are_variables, "labelled Job", lambda d: variable(d, 1).update(label="job")),
    (structure.targets_are_variables, "label_values", lambda d: variable(d, 1)["query"].update(query="label_names()")),
    (structure.panels_use_the_variable_datasource, "panel", lambda d: panel(d)["datasource"].update(uid="abc")),
    (
        structure.panels_use_the_variable_datasource,
        "a query that",
        lambda d: panel(d)["targets"][0]["datasource"].update(uid="abc"),
    ),
    (structure.panels_are_explained, "title and a description", lambda d: panel(d).update(description="")),
    (structure.panels_are_explained, "does not know", lambda d: defaults(d).update(unit="gramms")),
    (structure.panels_have_known_types_and_targets, "unknown type", lambda d: panel(d).update(type="graph")),
    (structure.panels_have_known_types_and_targets, "no query", lambda d: panel(d)["targets"].clear()),
    (looks.panels_state_their_colours, "80 is red", lambda d: defaults(d).pop("thresholds")),
    (looks.panels_state_their_colours, "to chance", lambda d: defaults(d)["color"].update(mode="palette-classic")),
    (asked.queries_are_promql, "not PromQL", ask("sum by (ecotrack_power_watts")),
    (asked.queries_select_the_chosen_targets, "['instance']", ask('ecotrack_power_watts{job=~"$job"}')),
    (asked.queries_select_the_chosen_targets, "['job']", ask('up{job="$job",instance=~"$instance"}')),
    (asked.queries_select_the_chosen_targets, "choice of devices", ask(f"ecochain_node_load_watts{{{CHOSEN}}}")),
    (structure.variables_are_used, "instance is used by no", lambda d: _forget(d, "$instance")),
    (asked.simulated_rates_are_recorded, "wall's clock", ask(f"rate({SIMULATED}[$__rate_interval])")),
    (asked.counters_are_rated, "without rate", ask(f"ecotrack_samples_total{{{CHOSEN}}}")),
    (asked.counters_are_rated, "of no counter", ask(f"rate(ecotrack_power_watts{{{CHOSEN}}}[$__rate_interval])")),
    (asked.counters_are_rated, "without rate", ask(f"avg_over_time(ecotrack_samples_total{{{CHOSEN}}}[1h])")),
    (asked.counters_are_rated, "without rate", ask(f"{TWICE} / rate({TWICE}[$__rate_interval])")),
    (asked.rates_use_the_rate_interval, "not $__rate_interval", ask(f"rate(ecotrack_samples_total{{{CHOSEN}}}[5m])")),
    (structure.grid_is_sound, "does not fit", lambda d: panel(d)["gridPos"].update(x=20)),
    (structure.grid_is_sound, "overlap", lambda d: panel(d)["gridPos"].update(y=panel(d)["gridPos"]["y"] - 2)),
    (structure.identifiers_are_unique, "used twice", lambda d: panel(d).update(id=panel(d, "Power")["id"])),
    (looks.overrides_name_a_series, "none of its", lambda d: panel(d, "Power")["targets"][0].update(legendFormat="x")),
    (looks.one_name_has_one_colour, "several colours", lambda d: _repaint(panel(d, "Power"), "#123456")),
    (looks.colours_stand_out, "hard to see", lambda d: _repaint(panel(d, "Power"), "#1E2A38")),
    (looks.colours_stand_out, "hard to see", lambda d: _repaint(panel(d, "Power"), "#FFF0C0")),
    (looks.colours_stand_out, "hard to see", lambda d: _shade(panel(d, "Power"), "#FFF0C0")),
    (looks.colours_stand_out, "hard to see", lambda d: defaults(d)["thresholds"]["steps"][0].update(color="green")),
    (looks.red_is_for_failure, "in red", lambda d: _repaint(panel(d, "Power"), "#CC3311")),
    (looks.red_is_for_failure, "is red", lambda d: defaults(d)["color"].update(fixedColor="#CC3311")),
    (looks.emptiness_is_told, "scraped or not", lambda d: defaults(d).update(noValue="no budget configured")),
    (looks.emptiness_is_told, "scraped or not", lambda d: panel(d, "Power").update(description="Watts.")),
    (looks.emptiness_is_told, "each missing value", lambda d: panel(d)["fieldConfig"]["overrides"].pop(0)),
    (looks.axes_suit_zeros, "run to 100", lambda d: defaults(d)["custom"].pop("axisSoftMax")),
    (looks.axes_suit_zeros, "lower end", lambda d: defaults(d).pop("min")),
    (sizes.legends_show_all_series, "as a table", lambda d: panel(d)["options"]["legend"].update(displayMode="list")),
    (sizes.legends_show_all_series, "legend shows", lambda d: panel(d)["options"]["legend"].update(placement="bottom")),
    (sizes.titles_are_whole, "too narrow", lambda d: panel(d)["gridPos"].update(w=2)),
    (sizes.columns_fit, "too narrow", lambda d: panel(d, ALERTS)["gridPos"].update(w=8)),
    (sizes.columns_fit, "too narrow", lambda d: _unfix(panel(d, ALERTS))),
    (sizes.columns_fit, "cuts its column 'Severity'", lambda d: _narrow(panel(d, ALERTS), "Severity")),
    (sizes.text_is_legible, "px or more", lambda d: panel(d, "Power")["options"]["text"].pop("valueSize")),
    (sizes.text_is_legible, "px or more", lambda d: panel(d, "Power")["options"]["text"].update(titleSize=8)),
    (sizes.text_is_legible, "curve behind", lambda d: panel(d, "Power")["options"].update(graphMode="area")),
    (sizes.texts_are_whole, "for its text", lambda d: panel(d, "About this board")["gridPos"].update(w=6)),
    (sizes.figures_fit, "its figures", lambda d: panel(d, "Power")["gridPos"].update(w=4)),
    (
        sizes.figures_fit,
        "'Left today' is too narrow for its figures",
        lambda d: panel(d, "Left today")["fieldConfig"]["defaults"].update(unit="suffix:grams of carbon"),
    ),
    (sizes.figures_fit, "the name", lambda d: panel(d, "Power")["targets"][0].update(legendFormat="this machine here")),
    (looks.rows_lead_to_their_detail, "no link", lambda d: panel(d, "Budgets")["fieldConfig"]["overrides"].pop()),
    (sizes.durations_are_short, "in words", lambda d: defaults(d).update(unit="dtdurations")),
    (sizes.timelines_show_all_rows, "on pages", lambda d: panel(d, "Activity over time")["options"].pop("perPage")),
    (sizes.header_is_one_line, "the header takes", lambda d: variable(d, 2).update(label="Instance " * 9)),
    (sizes.header_is_one_line, "the header takes", lambda d: d["links"].extend(5 * d["links"])),
    (asked.ratios_have_a_sound_divisor, "nearly nothing", ask(f"{TWICE} / ecotrack_power_watts{{{CHOSEN}}}")),
    (signs.zero_has_no_sign, "as -0", lambda d: _ask_share(d, f"ecotrack_power_watts{{{CHOSEN}}} - 3")),
    (signs.zero_has_no_sign, "as -0", lambda d: _ask_share(d, f"max(ecochain_x_change_ratio{{{CHOSEN}}})")),
    (asked.few_queries_come_first, "before anybody scrolls", lambda d: panel(d, "Power")["targets"].extend(26 * [{}])),
    (alerting.alerts_are_named, "no table", lambda d: panel(d, ALERTS)["targets"].clear()),
    (alerting.annotations_mark_what_they_concern, "concerns", lambda d: d["annotations"]["list"].pop()),
    (alerting.annotations_mark_what_they_concern, "every panel", lambda d: mark(d).pop("filter")),
    (alerting.annotations_mark_what_they_concern, "concerns", lambda d: mark(d)["filter"]["ids"].append(1)),
    (alerting.limits_are_drawn, "the limit of", lambda d: panel(d)["targets"].pop()),
    (alerting.limits_are_drawn, "the limit of", lambda d: _leave_undrawn(panel(d, "Scrapes by Prometheus"))),
)
"""The rule, what it says, and what breaks it."""


def _forget(spoiled: Document, variable: str) -> None:
    for found in queries.panels(spoiled):
        for target in found.get("targets", ()):
            target["expr"] = target["expr"].replace(variable, "x")


def _ask_share(spoiled: Document, expr: str) -> None:
    """Let bars in percent ask this instead."""
    found = next(one for one in queries.panels(spoiled) if one["type"] == "bargauge" and unit(one) == "percentunit")
    found["targets"][0]["expr"] = expr


def unit(of: queries.BoardJson) -> str:
    """Return the unit of a panel."""
    return str(of["fieldConfig"]["defaults"]["unit"])


def _shade(target: Document, colour: str) -> None:
    """Colour one series of a panel by thresholds of its own."""
    shades = {"id": "thresholds", "value": {"mode": "absolute", "steps": [{"value": None, "color": colour}]}}
    matcher = {"id": "byName", "options": "machine"}
    target["fieldConfig"]["overrides"].append({"matcher": matcher, "properties": [shades]})


def _repaint(spoiled: Document, colour: str) -> None:
    override = next(one for one in spoiled["fieldConfig"]["overrides"] if one["properties"][0]["id"] == "color")
    override["properties"][0]["value"] = {"mode": "fixed", "fixedColor": colour}


def _narrow(spoiled: Document, heading: str) -> None:
    for override in spoiled["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == heading and override["properties"][0]["id"] == "custom.minWidth":
            override["properties"][0]["value"] = 20


def _unfix(spoiled: Document) -> None:
    """Let Grafana share out the room: it gives every column its share, and one that needs more gets that as well."""
    for override in spoiled["fieldConfig"]["overrides"]:
        for item in override["properties"]:
            item["id"] = item["id"].replace("custom.width", "custom.minWidth")


def _leave_undrawn(spoiled: Document) -> None:
    spoiled["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] = {"mode": "off"}


@pytest.mark.parametrize(("rule", "fragment", "spoil"), BROKEN)
def test_a_rule_objects_to_a_board_that_breaks_it(
    rule: Callable[[Document], Any], fragment: str, spoil: Mutation
) -> None:
    document = board("device-carbon.json")
    assert [finding for finding in rule(document) if fragment in finding] == []
    spoil(document)
    assert [finding for finding in rule(document) if fragment in finding] != []
    assert any(fragment in finding for finding in lint.lint(document))


def test_every_rule_is_in_force_and_shown_to_object() -> None:
    public = {
        function
        for module in (alerting, asked, looks, signs, sizes, structure)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public == set(lint.RULES) == {rule for rule, _, _ in BROKEN}


@pytest.mark.slow
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
