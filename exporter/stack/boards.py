"""The boards of this project, and what of them differs from one Grafana to another."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exporter
from exporter.core.config import ConfigError

DOCUMENTS = "https://github.com/ecotrack/ecotrack/blob/main/docs"
RUNBOOKS = f"{DOCUMENTS}/runbooks"

FOLDER = Path(exporter.__file__).parents[1] / "grafana/dashboards"
"""Folder of the boards, in a clone as where the package is installed. They are not sought by import: a folder of the
name `grafana` where Python is started would be taken for another part of it."""

SHOWN = 20
"""Characters of a data source's identifier that are shown: those of the name of most. Chosen."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Choices for somebody's own boards; an empty one leaves a board as usual.

    `jobs` are those of a program's boards by the program's name, `programs` those whose boards are wanted.
    """

    programs: tuple[str, ...]
    datasource: str = ""
    jobs: Mapping[str, Sequence[str]]
    time_zone: str = ""
    documents: str = DOCUMENTS
    runbooks: str = RUNBOOKS


def boards(wishes: Wishes) -> dict[str, str]:
    """Return the boards by their files' names. Raises ConfigError where they were not installed."""
    try:
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.json"))}
    except OSError as error:
        raise ConfigError([f"{FOLDER}: cannot be read: {error.strerror}"]) from error
    if not texts:
        raise ConfigError([f"{FOLDER}: holds no dashboards; install ecotrack from its wheel or a clone"])
    documents = {name: json.loads(text) for name, text in texts.items()}
    return {
        name: board_text(adapted(one, wishes)) for name, one in documents.items() if _program(one) in wishes.programs
    }


def program_of(text: str) -> str:
    """Return the program whose board this is."""
    return _program(json.loads(text))


def _program(document: Document) -> str:
    """Return the program whose board it is: the first of its tags."""
    return str(document["tags"][0])


def adapted(document: Document, wishes: Wishes) -> Document:
    """Return a board as it is wished for."""
    document = _linked(document, wishes)
    if wishes.time_zone:
        document["timezone"] = wishes.time_zone
    document["links"] = [one for one in document["links"] if set(one["tags"]) <= {*wishes.programs, *document["tags"]}]
    variables = {one["name"]: one for one in document["templating"]["list"]}
    if wishes.datasource:
        variables["datasource"]["current"] = _chosen(_short(wishes.datasource), wishes.datasource)
    if jobs := wishes.jobs.get(_program(document)):
        variables["job"]["current"] = _chosen([*jobs], [*jobs])
    return document


def _short(identifier: str) -> str:
    """Return what is shown until Grafana has the data source's name: a long identifier would widen the row of lists."""
    return identifier if len(identifier) <= SHOWN else f"{identifier[: SHOWN - 1]}…"


def _chosen(text: str | list[str], value: str | list[str]) -> Document:
    return {"selected": True, "text": text, "value": value}


def _linked(document: Document, wishes: Wishes) -> Document:
    """Lead to other copies of the runbooks and of the other documents."""
    runbooks = wishes.documents + RUNBOOKS.removeprefix(DOCUMENTS) if wishes.runbooks == RUNBOOKS else wishes.runbooks
    adapted: Document = _each_text(
        document, lambda text: runbooks.join(part.replace(DOCUMENTS, wishes.documents) for part in text.split(RUNBOOKS))
    )
    return adapted


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with each text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _each_text(one, change) for key, one in value.items()}
    return value


def board_text(document: Document) -> str:
    """Write a board as `python -m grafana` does."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
