"""The figures of a day made anew by hand, with the commands of the page on audits, from a journal alone."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.exporter.journal.logs import months, write_journal
from tests.fake_clock import NOON

PAGE = Path(__file__).parents[3] / "docs/how-to/audit-the-figures.md"


def by_hand(journal: Path) -> str:
    """Run the commands of the page on a journal."""
    commands = re.search(r"```sh\n(awk .*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert commands is not None
    script, files = commands[1].rsplit(" ", 1)
    assert files == "/var/lib/ecotrack/journal/journal*.csv"
    run = [*("sh", "-c"), f"{script} {journal.parent}/journal*.csv"]
    return subprocess.run(run, check=True, capture_output=True, text=True, timeout=120).stdout


def test_a_days_grams_can_be_made_of_the_journal_without_any_program_of_ours(tmp_path: Path) -> None:
    """The day is that of the tests' clock, of which the journal has the afternoon."""
    journal = write_journal(tmp_path / "journal.csv", months(NOON, 2 * 1440))
    rows = [line.split(",") for line in journal.read_text().splitlines() if line.startswith("2026-03-02")]
    out = by_hand(journal)
    for scope in ("host", "network"):
        kwh = sum(float(cells[3]) for cells in rows if cells[6] == scope)
        grams = sum(1000.0 * float(cells[4]) for cells in rows if cells[6] == scope)
        assert f"{scope}: {kwh:.6f} kWh, {grams:.4f} g; co2_kg says {grams:.4f} g\n" in out
        assert f"{scope} by cep, static: {kwh:.6f} kWh\n" in out
        if scope == "network":
            assert f"network, made of its bytes: {kwh:.6f} kWh\n" in out


@pytest.mark.parametrize("forged", [3, 4], ids=["energy", "grams"])
def test_a_forged_figure_shows(forged: int, tmp_path: Path) -> None:
    journal = write_journal(tmp_path / "journal.csv", months(NOON, 60))
    lines = journal.read_text().splitlines()
    cells = lines[1].split(",")
    cells[forged] = f"{2.0 * float(cells[forged]):.9g}"
    journal.write_text("\n".join([lines[0], ",".join(cells), *lines[2:], ""]))
    told = re.search(r"host: .* kWh, (.*) g; co2_kg says (.*) g", by_hand(journal))
    assert told is not None
    assert told[1] != told[2]
