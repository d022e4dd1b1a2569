"""`ecotrack rules --team-budgets`: limits as rules, one clear line for each mistake, and no file that breaks it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.cli import main
from exporter.core.config import ConfigError
from exporter.stack.team_budgets import load_team_limits
from prometheus.files import LIMITS_FILE
from prometheus.team_limits import LIMIT
from tests.prometheus.test_rules import ROOT, promtool

EXAMPLE = ROOT / "docs/examples/team-budgets.yml"


def constants(folder: str = "rules") -> dict[tuple[str, str], float]:
    """Return the limits that were written, by team and period."""
    (group,) = yaml.safe_load(Path(folder, LIMITS_FILE.name).read_text())["groups"]
    limits = [rule for rule in group["rules"] if rule.get("record") == LIMIT]
    return {
        (rule["labels"]["team"], rule["labels"]["period"]): float(
            rule["expr"].removeprefix("vector(").removesuffix(")")
        )
        for rule in limits
    }


def test_the_example_becomes_rules() -> None:
    assert main(["rules", "--output", "rules", "--team-budgets", str(EXAMPLE)]) == 0
    wanted = {("search", "day"): 5000.0, ("search", "month"): 120_000.0, ("workshop", "month"): 20_000.0}
    assert constants() == wanted


def test_without_the_flag_there_are_no_limits() -> None:
    assert main(["rules", "--output", "rules"]) == 0
    assert not Path("rules", LIMITS_FILE.name).exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "teams: expected 1 to 500 teams, got 0"),
        ("teams: {}", "teams: expected 1 to 500 teams, got 0"),
        ("teams: [search]", "teams: expected"),
        ("teams: {search: 5000}", "teams.search: expected day_grams, month_grams or both, got 5000"),
        ("teams: {search: {}}", "teams.search: expected day_grams, month_grams or both"),
        ("teams: {search: {day_grams: 0}}", "teams.search: day_grams: expected a number > 0"),
        ("teams: {search: {day_grams: .nan}}", "teams.search.day_grams: expected a finite number, got nan"),
        (
            "teams: {search: {day_grams: 5 kg}}",
            "teams.search: day_grams: expected a number > 0 and <= 1,000,000,000,000",
        ),
        (
            "teams: {search: {week_grams: 5}}",
            "teams.search: week_grams: unknown key; known here: day_grams, month_grams",
        ),
        ("teams: {'': {day_grams: 5}}", "expected names of 1 to 100 printable characters"),
        ("teams: {'search ': {day_grams: 5}}", 'without spaces at their ends, got "search "'),
        ('teams: {"a\\nb": {day_grams: 5}}', "expected names of 1 to 100 printable characters"),
        ("teams: {7: {day_grams: 5}}", "7"),
        ("teams: {a: {day_grams: 5}, a: {day_grams: 6}}", "a"),
        ("teams: {a: {day_grams: 5}}\ntime_zone: Mars", 'time_zone: expected an IANA name such as "Europe/Paris"'),
        ("team: {a: {day_grams: 5}}", "team: unknown key; known here: teams, time_zone"),
        ("teams: {a: {day_grams: 5}", "teams.yml"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    Path("teams.yml").write_text(text)
    assert main(["rules", "--output", "rules", "--team-budgets", "teams.yml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("ecotrack: ") and "teams.yml" in line for line in lines)
    assert any(told in line for line in lines), lines
    assert not Path("rules").exists()


def test_each_mistake_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    Path("teams.yml").write_text("teams: {a: {day_grams: -1, month_grams: x}, b: {}}\ntime_zone: Mars")
    assert main(["rules", "--output", "rules", "--team-budgets", "teams.yml"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_a_file_that_nothing_would_be_written_of_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--output", "rules", "--only", "ecochain", "--team-budgets", str(EXAMPLE)]) == 2
    assert "--team-budgets: with --only ecochain nothing is written" in capsys.readouterr().err


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["day_grams", "month_grams"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FILES = st.fixed_dictionaries({"teams": st.dictionaries(st.text(max_size=8), VALUES, max_size=4) | VALUES}) | VALUES


@given(FILES.map(lambda value: yaml.safe_dump(value).encode()) | st.binary(max_size=200))
@example(b"teams: {a: {day_grams: 1e13}}")
@example(b"teams: {a: &x {day_grams: 1}, b: *x}")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_read_or_refused_in_lines(content: bytes) -> None:
    file = Path("any.yml")
    file.write_bytes(content)
    try:
        limits = load_team_limits(file)
    except ConfigError as error:
        assert error.mistakes
        assert all(mistake.isprintable() for mistake in error.mistakes)
        return
    assert limits.grams
    assert all(0 < grams <= 1e12 for by_period in limits.grams.values() for grams in by_period.values())
    assert all(by_period.keys() <= {Period.DAY, Period.MONTH} for by_period in limits.grams.values())


ODD_NAME = 'team "a\\b" {{ $value }} ${1} `|: #'


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_promtool_accepts_the_rules_of_a_team_with_an_odd_name() -> None:
    Path("teams.yml").write_text(
        yaml.safe_dump({"time_zone": "Europe/Paris", "teams": {ODD_NAME: {"day_grams": 0.125}}})
    )
    assert main(["rules", "--output", "rules", "--team-budgets", "teams.yml"]) == 0
    assert constants() == {(ODD_NAME, "day"): 0.125}
    done = promtool("check", "rules", *sorted(Path("rules").glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr
