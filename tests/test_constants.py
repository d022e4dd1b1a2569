"""No constant without its source: the page of constants is complete."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import NewType

import pytest

import exporter
from exporter.core import units
from exporter.core.carbon import Factor
from scripts.constants import NOT_SHOWN, UNITS, constants
from scripts.imports import sources
from scripts.reference import pages, product_constants


def factors() -> Iterator[tuple[str, Factor]]:
    """Yield every factor that a module of the exporter holds, with the name by which it can be reached."""
    for found in pkgutil.walk_packages(exporter.__path__, "exporter."):
        if found.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            yield from ((f"{found.name}.{name}", factor) for factor in inside(value))


def inside(value: object) -> Iterator[Factor]:
    """Yield the factors in a value: itself, or in its fields, items or values, however deep."""
    if isinstance(value, Factor):
        yield value
    elif isinstance(value, Mapping):
        yield from (factor for one in value.values() for factor in inside(one))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from (factor for one in value for factor in inside(one))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (factor for field in fields(value) for factor in inside(getattr(value, field.name)))


def row(factor: Factor) -> str:
    """Return the end of a row of the page."""
    return f"| {factor.value:g} | {factor.unit} | {factor.year} | {factor.source} |"


def test_every_factor_stands_on_the_page_with_its_source() -> None:
    page, found = pages()["constants.md"], list(factors())
    assert len(found) > 10
    assert [name for name, factor in found if row(factor) not in page] == []
    assert [name for name, factor in found if not factor.source or not factor.unit] == []


def test_every_named_number_stands_on_the_page_with_its_meaning() -> None:
    silent = [one.name for one in product_constants() if not one.meaning]
    assert silent == [], "a docstring below gives meaning, unit and source, or NOT_SHOWN a reason to leave it out"
    page = pages()["constants.md"]
    assert [one.name for one in product_constants() if f"| `{one.name}` | {one.value} |" not in page] == []


def test_every_type_of_a_quantity_has_its_unit() -> None:
    assert {name for name, kind in vars(units).items() if isinstance(kind, NewType)} == UNITS.keys()


def test_what_is_left_out_is_there() -> None:
    names = [one.name for one in constants(sources())]
    assert [room for room in NOT_SHOWN if not any(f"{name}.".startswith(f"{room}.") for name in names)] == []


@pytest.mark.parametrize(
    ("text", "value", "meaning"),
    [
        ('TABLE = {Period.DAY: 1 / 24, \'other\': 2}\n"""Of a day."""', "day 1 / 24, other 2", "Of a day."),
        ('LIMIT = 5.0\n"""Mbit/s."""\n', "5", "Mbit/s."),
        ("LIMIT = Seconds(2.5)\n", "2.5 s", ""),
        ("LIMIT: float = -1\n", "-1", ""),
        ('LOW = 1\nHIGH = 2 * LOW\n"""Both\nbounds."""\n', "1", "Both bounds."),
        ('LIMIT = 1\nother = 2\n"""Of other."""\n', "1", ""),
        ('LIMIT = 1\n\nOTHER = 2\n"""Of other."""\n', "1", ""),
        ("RANGE = (0.5, 2)\n", "0.5, 2", ""),
    ],
)
def test_a_number_is_found_with_unit_and_meaning(text: str, value: str, meaning: str) -> None:
    found = next(constants({"exporter/power/model.py": text}))
    assert (found.value, found.meaning) == (value, meaning)
    assert found.name.startswith("exporter.power.model.")


@pytest.mark.parametrize(
    "text", ["NAME = 'x'", "limit = 5", "FACTOR = Factor(value=5)", "FLAG = True", "TABLE = {'a': 'x'}"]
)
def test_what_is_no_number_of_its_own_is_not_found(text: str) -> None:
    assert list(constants({"exporter/power/model.py": text})) == []
