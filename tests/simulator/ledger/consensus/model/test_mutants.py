"""A bug in any rule is found, so that a check that finds nothing means something."""

import pytest
from minicheck import Verdict  # type: ignore[import-untyped]

from tests.simulator.ledger.consensus.model.check import Check
from tests.simulator.ledger.consensus.model.mutants import HARMLESS, MUTANTS, Mutant
from tests.simulator.ledger.consensus.model.settings import Setting
from tests.simulator.ledger.consensus.model.trace import replay, tell

pytestmark = pytest.mark.slow


def put_in(mutant: Mutant, patch: pytest.MonkeyPatch) -> Check:
    """Put a bug in its place, and return the check that is to find it."""
    assert getattr(mutant.module, mutant.name) is not mutant.stand_in
    patch.setattr(mutant.module, mutant.name, mutant.stand_in)
    return Check(mutant.setting)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    check = put_in(mutant, monkeypatch)
    result = check.run(until=mutant.breaks)
    assert result.verdicts[mutant.breaks] is Verdict.REFUTED
    told = tell(check, result.traces[mutant.breaks])
    print(told)  # noqa: T201 - what a reader of a failure wants to see
    assert "the chain forks" in told


@pytest.mark.parametrize("setting", dict.fromkeys(mutant.setting for mutant in MUTANTS.values()))
def test_without_a_bug_nothing_is_found(setting: Setting) -> None:
    assert set(Check(setting).run().verdicts.values()) == {Verdict.PROVED}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_another_rule_says_as_well_is_no_bug(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(put_in(HARMLESS[name], monkeypatch).run().verdicts.values()) == {Verdict.PROVED}


def test_a_trace_reads_as_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS["double votes are not seen"]
    check = put_in(mutant, monkeypatch)
    trace = check.run(until=mutant.breaks).traces[mutant.breaks]
    assert [check.symmetry.canonical(state) for _, state in replay(check, trace)] == [state for _, state in trace[1:]]
    assert tell(check, trace).splitlines() == [
        "the chain forks into left and right",
        "left: epoch 1, genesis justified, genesis final",
        "right: epoch 1, genesis justified, genesis final",
        "left: 0 signs genesis -> left 1",
        "left: a block holds the vote genesis -> left 1 of 0",
        "right: 1 signs genesis -> right 1",
        "right: a block holds the vote genesis -> right 1 of 1",
        "left: a block holds the vote genesis -> left 1 of 2, who is faulty",
        "right: a block holds the vote genesis -> right 1 of 2, who is faulty",
        "left: epoch 2, left 1 justified, genesis final",
        "right: epoch 2, right 1 justified, genesis final",
        "left: 0 signs left 1 -> left 2",
        "left: a block holds the vote left 1 -> left 2 of 0",
        "right: 1 signs right 1 -> right 2",
        "right: a block holds the vote right 1 -> right 2 of 1",
        "left: a block holds the vote left 1 -> left 2 of 2, who is faulty",
        "right: a block holds the vote right 1 -> right 2 of 2, who is faulty",
        "left: epoch 3, left 2 justified, left 1 final",
        "right: epoch 3, right 2 justified, right 1 final",
        "nobody is convicted",
    ]
