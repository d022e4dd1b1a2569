"""The dashboards as they are committed, for tests that hold for every one of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "grafana" / "dashboards"


def names() -> list[str]:
    """File names of the boards, for parametrised tests."""
    return sorted(path.name for path in FOLDER.glob("*.json"))


def board(name: str) -> dict[str, Any]:
    """Return one board's JSON."""
    loaded: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def paths(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Return every leaf of a JSON value, with the keys and indices that lead to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, f"{path}/{index}")
    else:
        yield path, value
