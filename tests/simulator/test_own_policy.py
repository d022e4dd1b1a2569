"""The policy that the documents show, and the ways in which one of one's own can be wrong."""

import re
from pathlib import Path

import pytest

from simulator.results import Job, Method
from simulator.simulate import simulate
from tests.simulator.scenarios import edge

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "examples"))


def test_the_document_shows_the_example() -> None:
    text = (DOCS / "how-to/write-a-policy.md").read_text(encoding="utf-8")
    shown = re.search(r"```python\n# greenest.py\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == (DOCS / "examples/greenest.py").read_text(encoding="utf-8")


@pytest.mark.usefixtures("examples")
def test_the_example_runs_and_draws_less_from_the_grid_than_round_robin() -> None:
    greenest, in_turn = (
        simulate(Job(scenario=edge(), method=Method(name="x", policy=policy), seed=3))
        for policy in ("greenest:Greenest", "round-robin")
    )
    assert greenest.tasks_offered == in_turn.tasks_offered
    assert greenest.grid_joules < in_turn.grid_joules
