"""Names and expressions that several rows of the board share."""

from grafana.promql import EVERY_INSTANCE, select
from prometheus.fleet import SHARE, WEIGHT

DOCUMENTS = {"Watch a fleet": "how-to/watch-a-fleet.md", "Budget runbook": "runbooks/budget.md"}
"""Pages on the board."""

NOTHING_SEEN = "no device is seen: are the rules of ecotrack-fleet.yml loaded?"
NO_TEAM_BUDGET = "no team has a budget: see ecotrack rules --team-budgets"

CHOSEN_TEAM = 'team=~"$team"'

DEVICE_PIXELS = 176
"""Width of a device's name and port."""


def of_teams(metric: str, **labels: str) -> str:
    """Select what is recorded of the chosen teams."""
    return select(metric, CHOSEN_TEAM, **labels)


def of_devices(metric: str, **labels: str) -> str:
    """Select what is recorded of targets that stand for devices of the chosen teams."""
    return select(metric, f"{CHOSEN_TEAM},{EVERY_INSTANCE}", **labels)


def weighted(expr: str) -> str:
    """Give each chosen target the part of a figure that is its share of a device."""
    return f"{of_devices(WEIGHT)} * on (job, instance) group_left () {expr}"


def whole(expr: str) -> str:
    """Return a ratio of each chosen device, with its team."""
    return f"max by (job, instance, team) (({of_devices(SHARE)} > bool 0) * on (job, instance) group_left () ({expr}))"


def whole_sum(expr: str) -> str:
    """Return what is added up of each chosen device, with its team; of a target that is listed twice, once."""
    listed_once = f"({of_devices(WEIGHT)} / {of_devices(SHARE)})"
    return f"max by (job, instance, team) ({listed_once} * on (job, instance) group_left () ({expr}))"


def named(expr: str) -> str:
    """Name the group of devices without a team."""
    return f'label_replace({expr}, "team", "no team", "team", "")'
