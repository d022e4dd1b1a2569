"""The page that tells the ledger's rules in prose: each sentence names the code that does what it says."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

from simulator.ledger import booking, consensus

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "explanation" / "ledger-model.md"
OUTSIDE = "## Outside the model\n"
"""Heading from which on the page tells of what no function does."""

REFERENCE = re.compile(r"^\[(?P<label>[\w-]+)\]: \.\./\.\./(?P<file>\S+\.py)$", re.MULTILINE)
NAMED = re.compile(r"\[`(?P<name>[\w.]+)`\]\[(?P<label>[\w-]+)\]")


@cache
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@cache
def files() -> dict[str, str]:
    return {match["label"]: match["file"] for match in REFERENCE.finditer(text())}


def items(formal: str) -> Iterator[str]:
    """Yield the paragraphs and the items of lists, each in a line and without its heading."""
    for paragraph in formal.split("\n\n"):
        for item in re.split(r"^(?:- |\d+\. )", paragraph, flags=re.MULTILINE):
            line = " ".join(item.split())
            if line and not line.startswith("#"):
                yield re.sub(r"^\*+[^*`]+\.\*+ ", "", line)


def sentences(formal: str) -> list[str]:
    """Return the sentences, each of which ends with a stop."""
    return [one for item in items(formal) for one in re.split(r"(?<=\.)\*{0,2} (?=[A-Z*])", item)]


@cache
def formal() -> str:
    """Return the sections that are formal."""
    return text().split(OUTSIDE)[0].partition("\n## ")[2].partition("\n")[2]


def module_of(label: str) -> ModuleType:
    """Return the module of a reference of the page."""
    return import_module(files()[label].removesuffix(".py").replace("/", "."))


def resolved(name: str, label: str) -> object:
    """Return what a name of the page stands for in the file of its link."""
    found: object = module_of(label)
    places = module_of(label).__name__.split(".")
    parts = name.split(".")
    behind = next(place for place, part in enumerate(parts) if part == places[-1]) + 1
    assert places[-behind:] == parts[:behind], f"{name} is not in {files()[label]}"
    for part in parts[behind:]:
        found = getattr(found, part)
    return found


def test_each_sentence_names_what_does_it() -> None:
    found = sentences(formal())
    assert len(found) > 70
    assert [one for one in found if not NAMED.search(one)] == []


def test_each_name_is_a_function_or_a_class_of_the_file_that_it_links() -> None:
    named = list(NAMED.finditer(formal()))
    assert len(named) > 100
    for match in named:
        found = resolved(match["name"], match["label"])
        assert inspect.isclass(found) or inspect.isfunction(found), match["name"]
        assert inspect.getsourcefile(found) == str(ROOT / files()[match["label"]]), match["name"]


def test_nothing_stands_in_backticks_without_a_link() -> None:
    assert re.sub(NAMED, "", formal()).count("`") == 0


def test_each_file_is_linked_and_there() -> None:
    assert set(files()) == {match["label"] for match in NAMED.finditer(text())}
    assert all((ROOT / file).is_file() for file in files().values())


def rules() -> set[str]:
    """Return all public functions of consensus and booking that are rules by their names, and the steps of both."""
    found = set()
    for room in (consensus, booking):
        for info in iter_modules(room.__path__, room.__name__ + "."):
            module = import_module(info.name)
            for name, value in vars(module).items():
                if inspect.isfunction(value) and value.__module__ == info.name:
                    found |= {f"{info.name}.{name}"} if re.match(r"process_|is_|check_", name) else set()
    return found


def test_each_rule_of_the_code_is_named() -> None:
    named = {resolved(match["name"], match["label"]) for match in NAMED.finditer(formal())}
    names = {f"{one.__module__}.{one.__qualname__}" for one in named if inspect.isfunction(one)}
    assert len(rules()) > 30
    assert rules() - names == set()


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("A rule. Another, [`a.b`][a].", ["A rule.", "Another, [`a.b`][a]."]),
        ("1. *One.* A rule, [`a.b`][a].\n2. Another, x/3.\n", ["A rule, [`a.b`][a].", "Another, x/3."]),
        ("**A theorem, [`a.b`][a].** Its\nproof.", ["**A theorem, [`a.b`][a].", "Its proof."]),
    ],
)
def test_sentences_are_told_apart(page: str, found: list[str]) -> None:
    assert sentences(page) == found
