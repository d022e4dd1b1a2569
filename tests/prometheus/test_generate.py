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


def alerts(folder: Path, program: str = "ecotrack") -> str:
    return (folder / f"prometheus/rules/{program}-alerts.yml").read_text()


def test_links_lead_where_the_flags_say(checkout: Path) -> None:
    boards = [
        "--dashboard-url=https://grafana.test/d/ecotrack-device/x/",
        "--host-power-url=https://grafana.test/d/hp/y",
    ]
    main([*boards, "--runbook-url=https://wiki.test/runbooks"])
    text = alerts(checkout)
    assert "dashboard_url: https://grafana.test/d/ecotrack-device/x?var-instance={{" in text
    assert "dashboard_url: https://grafana.test/d/hp/y?var-instance={{" in text
    assert "runbook_url: https://wiki.test/runbooks/budget.md#ecotrackbudgetexhausted" in text
    assert "localhost" not in text
    assert "github.com" not in text


def test_the_simulators_alerts_lead_to_its_own_board(checkout: Path) -> None:
    boards = {"cluster": "ecochain-cluster/x", "forecast": "ecochain-forecast/y", "ledger": "ecochain-ledger/z"}
    links = [f"--{name}-url=https://grafana.test/d/{board}" for name, board in boards.items()]
    main([*links, "--runbook-url=https://wiki.test/runbooks"])
    text = alerts(checkout, "ecochain")
    for board in boards.values():
        assert f"dashboard_url: https://grafana.test/d/{board}?var-instance={{{{" in text
    assert "runbook_url: https://wiki.test/runbooks/simulator.md#ecochaindown" in text
    assert "localhost" not in text


def test_another_machine_changes_rules_and_runbook(checkout: Path) -> None:
    machine = checkout / "machine.yml"
    machine.write_text("power: {idle_watts: 20, full_watts: 30}\nbudget: {day_grams: 1000}\n")
    main([f"--config.file={machine}", "--link-megabits=1"])
    # 30 W and 1 Mbit/s at 475 g/kWh emit 27 g/h at most; the budget allows 41.7 g/h.
    assert "BudgetFastBurn" not in alerts(checkout)
    assert "A machine of 20 W idle and 30 W full" in (checkout / "docs/runbooks/budget.md").read_text()


def test_a_machine_without_a_budget_is_described(checkout: Path) -> None:
    machine = checkout / "machine.yml"
    machine.write_text("power: {idle_watts: 20, full_watts: 30}\n")
    main([f"--config.file={machine}"])
    assert "with no budget, on a link" in (checkout / "docs/runbooks/budget.md").read_text()


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--dashboard-url=grafana.test/d/x", "expected an http address"),
        ("--dashboard-url=https://grafana.test/d/x?orgId=1", "expected an http address"),
        ("--runbook-url=https://wiki.test/page#top", "expected an http address"),
        ("--config.file=missing.yml", "missing.yml: cannot be read"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    checkout: Path, capsys: pytest.CaptureFixture[str], argument: str, told: str
) -> None:
    before = alerts(checkout)
    with pytest.raises(SystemExit) as stopped:
        main([argument])
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err
    assert alerts(checkout) == before
