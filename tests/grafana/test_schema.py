"""Every board against JSON Schemas made from the types that Grafana 11.6, 12 and 13 publish."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from grafana.lint.board import DATA_PANELS, TEXT_PANELS
from grafana.queries import panels
from tests.grafana.committed import board, names
from tests.grafana.published_schema import MAJORS, PANEL_MODULES, PINS, ROOT, PublishedSchema

ALLOWED = {
    ("templating/list", "definition"): "Grafana's variable editor writes it, and the published type leaves it out",
    ("annotations/list", "expr"): "read by the Prometheus data source, whose keys the published type does not know",
    ("annotations/list", "step"): "as expr",
    ("annotations/list", "tagKeys"): "as expr",
    ("annotations/list", "textFormat"): "as expr",
    ("annotations/list", "titleFormat"): "as expr",
    ("state-timeline/FieldConfig", "spanNulls"): "a setting of the panel's own editor, missing in the published type",
}
"""(place, key) -> why a key that the types do not list is right."""


@pytest.fixture(scope="module", params=MAJORS)
def schemas(request: pytest.FixtureRequest) -> PublishedSchema:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: `make test` installs it from Debian's packages as root")
    return PublishedSchema(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_board_and_its_panels_have_grafanas_types(schemas: PublishedSchema, name: str) -> None:
    assert findings(schemas, board(name)) - ALLOWED.keys() == set()


@pytest.mark.slow
def test_every_allowed_exception_is_needed(schemas: PublishedSchema) -> None:
    found = set().union(*(findings(schemas, board(name)) for name in names()))
    assert ALLOWED.keys() - found == set()


@pytest.mark.slow
def test_no_grafana_is_given_a_later_version_of_the_model_than_its_own(schemas: PublishedSchema) -> None:
    assert {board(name)["schemaVersion"] <= schemas.version() for name in names()} == {True}


@pytest.mark.slow
def test_wrong_types_and_unknown_keys_are_found(schemas: PublishedSchema) -> None:
    document = board(names()[0])
    document["refresh"] = 30
    document["panels"][1]["options"]["graphMode"] = "sideways"
    document["panels"][1]["gridPosition"] = {}
    found = {(place, key) for place, key in findings(schemas, document) if (place, key) not in ALLOWED}
    assert {("refresh", ""), ("stat/Options/graphMode", ""), ("panels", "gridPosition")} <= found


def test_the_types_are_those_of_the_grafana_that_compose_starts() -> None:
    pins = json.loads((PINS / "12" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["grafana"]["image"].split(":")[1] == pins["@grafana/schema"]


def test_every_panel_type_in_use_is_checked() -> None:
    assert PANEL_MODULES.keys() == DATA_PANELS | TEXT_PANELS


def findings(schemas: PublishedSchema, document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the objections of the schemas: (place without indices, unknown key or empty for a wrong value)."""
    found = set(violations(schemas.dashboard(), document, ""))
    for panel in panels(document):
        kind = panel["type"]
        parts = {"Options": panel["options"], "FieldConfig": panel["fieldConfig"]["defaults"].get("custom")}
        for part, value in parts.items():
            schema = schemas.panel(kind, part)
            if schema is not None and value is not None:
                found |= set(violations(schema, value, f"{kind}/{part}"))
    return found


def violations(schema: dict[str, Any], value: object, place: str) -> Iterator[tuple[str, str]]:
    """Return objections, those inside an alternative (a panel or a row) taken from the alternative that fits best."""
    for error in jsonschema.Draft7Validator(schema).iter_errors(value):
        yield from _explained(error, place)


def _explained(error: jsonschema.ValidationError, place: str) -> Iterator[tuple[str, str]]:
    if error.context:
        alternatives: dict[object, list[jsonschema.ValidationError]] = {}
        for inner in error.context:
            alternatives.setdefault(inner.schema_path[0], []).append(inner)
        for inner in min(alternatives.values(), key=len):
            yield from _explained(inner, place)
        return
    where = "/".join([*filter(None, [place]), *(str(step) for step in error.absolute_path if isinstance(step, str))])
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        yield from ((where, key) for key in error.instance if key not in known)
    else:
        yield where, ""
