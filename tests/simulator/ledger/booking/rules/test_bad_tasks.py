"""Tasks are counted by the chain's classes, and each has a record."""

import pytest

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import begin, broken_by, claim


@pytest.mark.parametrize("tasks", [(), (1,), (1, 1, 1)])
def test_invalid_classes(tasks: tuple[int, ...]) -> None:
    assert broken_by(begin(), claim(tasks=tasks, records=3)) is Rule.BAD_TASKS


def test_invalid_more_tasks_than_records() -> None:
    """A task on time without a record could never be drawn."""
    assert broken_by(begin(), claim(tasks=(2, 2), records=3)) is Rule.BAD_TASKS
