"""Sums over a fleet: each device once, teams that add up to the fleet, and no zero for a device that is missing."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from prometheus.files import FLEET_FILE, RECORDING_FILE
from tests.prometheus.fleets import case_of, random_fleet
from tests.prometheus.test_rules import ROOT, promtool

pytestmark = pytest.mark.servers

SEEDS = range(8)
GROUPS = ("ecotrack-rates", "ecotrack-devices", "ecotrack-fleet")

Change = Callable[[str], str]


def without(text: str) -> Change:
    """Return a change that takes a text out of the rules."""
    return lambda rules: _changed(rules, re.escape(text), "")


def instead(text: str, other: str) -> Change:
    """Return a change that puts another text in its place."""
    return lambda rules: _changed(rules, re.escape(text), other)


def _changed(rules: str, pattern: str, other: str) -> str:
    changed, times = re.subn(pattern, lambda _: other, rules)
    assert times, pattern
    return changed


MUTANTS: dict[str, Change] = {
    "each target is a device": instead(
        "/ on (lifetime_start, process_start) group_left ()", "^ 0 * on () group_left ()"
    ),
    "a target that is listed twice has all that is recorded of it twice": instead(
        "count by (job, instance) (", "group by (job, instance) ("
    ),
    "a clone is the device that it was copied from": instead(
        "count by (lifetime_start, process_start)", "count by (lifetime_start)"
    ),
    "a device without a team keeps half of one that has a team": instead('{team!=""}', ""),
    "embodied emissions are counted too": instead('scope=~"host|network"', 'scope=~".+"'),
    "the network's power is the machines'": instead(
        ':rate5m{scope="host"}\n          )', ':rate5m{scope="network"}\n          )'
    ),
    "a device that is missing is seen": instead(
        "sum by (team) (instance_team:ecotrack_device_share:ratio)",
        "sum by (team) (last_over_time(instance_team:ecotrack_device_share:ratio[1d]))",
    ),
    "a missing device counts once for each target": instead(
        "/ on (lifetime_start) group_left () count by (lifetime_start)",
        "^ 0 * on (lifetime_start) group_left () group by (lifetime_start)",
    ),
    "who is gone is forgotten after five minutes": instead("> time() - 604800", "> time() - 300"),
    "whoever is seen is missing too": without("unless on (lifetime_start) instance_team:ecotrack_device_share:ratio"),
    "the fleet is its first team": instead("sum(team:", "min(team:"),
}
"""Seeded bugs, each of which the random fleets must find."""


def verdict(folder: Path, change: Change | None = None) -> tuple[bool, str]:
    """Tell whether promtool finds every sum of all fleets right, under the rules with a change in them."""
    (folder / "rules").mkdir(exist_ok=True)
    for file in (RECORDING_FILE, FLEET_FILE):
        shutil.copy(ROOT / file, folder / "rules")
    if change is not None:
        changed = folder / "rules" / FLEET_FILE.name
        recording = folder / "rules" / RECORDING_FILE.name
        try:
            changed.write_text(change(changed.read_text()))
        except AssertionError:
            recording.write_text(change(recording.read_text()))
    cases = {
        "rule_files": [f"rules/{file.name}" for file in (RECORDING_FILE, FLEET_FILE)],
        "evaluation_interval": "1m",
        "group_eval_order": list(GROUPS),
        "tests": [case_of(random_fleet(seed), f"fleet {seed}") for seed in SEEDS],
    }
    (folder / "cases.yml").write_text(yaml.safe_dump(cases, sort_keys=False))
    done = promtool("test", "rules", folder / "cases.yml")
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("generation")
def test_each_device_counts_once_and_teams_add_up_to_the_fleet(tmp_path: Path) -> None:
    passed, told = verdict(tmp_path)
    assert passed, told


@pytest.mark.slow
@pytest.mark.parametrize("bug", MUTANTS)
def test_a_seeded_bug_is_found(tmp_path: Path, bug: str) -> None:
    passed, told = verdict(tmp_path, MUTANTS[bug])
    assert not passed
    assert "FAILED" in told and "parse error" not in told
