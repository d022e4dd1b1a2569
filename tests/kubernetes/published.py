"""Objections of the published types to objects; they leave keys alone that they do not know."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.npm import installed, run
from tests.processes import program

PINS = Path(__file__).parent
CHECK = PINS / "check.mjs"


def objections(objects: Sequence[dict[str, Any]]) -> list[str]:
    """Return one text for each object, empty where its type has nothing against it."""
    folder = installed("kubernetes-types", PINS, [CHECK])
    found: list[str] = json.loads(run([program("node", "nodejs"), CHECK.name], folder, json.dumps(list(objects))))
    return found
