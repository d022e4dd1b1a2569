"""`python -m prometheus`, run in a copy of the repository."""

import shutil
from pathlib import Path

import pytest

from prometheus.__main__ import main

ROOT = Path(__file__).parents[2]
COPIED = ("prometheus/rules", "docs/runbooks", "docs/examples")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the committed files that the command reads and writes into a fresh folder, which becomes the current one."""
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def alerts(folder: Path) -> str:
    return (folder / "prometheus/rules/ecotrack-alerts.yml").read_text()


def test_another_machine_changes_rules_and_runbook(checkout: Path) -> None:
    machine = checkout / "machine.yml"
    machine.write_text("power: {idle_watts: 20, full_watts: 30}\nbudget: {day_grams: 1000}\n")
    main([f"--config.file={machine}", "--link-megabits=1"])
    # 30 W and 1 Mbit/s at 475 g/kWh emit 27 g/h at most; the budget allows 41.7 g/h.
    assert "alert: EcotrackDailyBudgetFastBurn" not in alerts(checkout)
    assert "A machine of 20 W idle and 30 W full" in (checkout / "docs/runbooks/budget.md").read_text()


def test_a_machine_without_a_budget_is_described(checkout: Path) -> None:
    machine = checkout / "machine.yml"
    machine.write_text("power: {idle_watts: 20, full_watts: 30}\n")
    main([f"--config.file={machine}"])
    assert "with no budget, on a link" in (checkout / "docs/runbooks/budget.md").read_text()


def test_a_mistake_is_told_and_nothing_is_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = alerts(checkout)
    with pytest.raises(SystemExit) as stopped:
        main(["--config.file=missing.yml"])
    assert stopped.value.code == 2
    assert "missing.yml: cannot be read" in capsys.readouterr().err
    assert alerts(checkout) == before
