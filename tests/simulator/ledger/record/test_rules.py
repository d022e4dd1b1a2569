"""Every rule that the ledger can refuse by is broken in a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.imports import ROOT
from simulator.ledger.record.rules import Rule, RuleError

CODE, TESTS = ROOT / "simulator/ledger", ROOT / "tests/simulator/ledger"


def named(files: Iterator[Path]) -> set[str]:
    """Return the rules that files name as `Rule.SOMETHING`."""
    return {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Rule"
    }


def test_every_rule_that_is_enforced_is_broken_in_a_test() -> None:
    enforced = named(CODE.rglob("*.py"))
    assert enforced == set(Rule.__members__)
    assert enforced - named(TESTS.rglob("test_*.py")) == set()


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_a_file_of_tests_that_break_it(rule: Rule) -> None:
    files = [file.read_text(encoding="utf-8") for file in TESTS.rglob(f"test_{rule}.py")]
    assert any("def test_invalid_" in text and f"Rule.{rule.name}" in text for text in files)


def test_a_breach_names_its_rule_in_one_line() -> None:
    error = RuleError(Rule.SEQUENCE_GAP, "claim 3 after 1")
    assert (str(error), error.rule) == ("sequence_gap: claim 3 after 1", Rule.SEQUENCE_GAP)
