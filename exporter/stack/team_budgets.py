"""The file of teams' carbon budgets, which `ecotrack rules --team-budgets` reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from exporter.budget import Period
from exporter.core.config import ConfigError, Section, convert, describe
from exporter.core.units import Grams
from exporter.sources.time_zone import time_zone
from prometheus.team_limits import TeamLimits

LONGEST_NAME = 100
"""Characters of a team's name: more than there are in any that is meant. Chosen."""

MOST_TEAMS = 500
"""Teams of one file: each has about thirty recorded series. Chosen."""

Limit = Annotated[float, Meta(gt=0, le=1e12)]
"""Grams; the upper end is a million tonnes, far above what any team's devices emit."""


class TeamBudget(Section, frozen=True, kw_only=True):
    """Limits of one team, at least one of them."""

    day_grams: Limit | None = None
    month_grams: Limit | None = None

    def __post_init__(self) -> None:
        """Refuse a team without a limit."""
        if self.day_grams is None and self.month_grams is None:
            raise ValueError("expected day_grams, month_grams or both")

    def by_period(self) -> Mapping[Period, Grams]:
        """Return the limits that are given."""
        given = {Period.DAY: self.day_grams, Period.MONTH: self.month_grams}
        return {period: Grams(limit) for period, limit in given.items() if limit is not None}


class TeamBudgets(Section, frozen=True, kw_only=True):
    """The file: limits by team, and the time zone of their calendar."""

    teams: dict[str, object] = field(default_factory=dict)
    time_zone: str = "UTC"


def load_team_limits(path: Path) -> TeamLimits:
    """Read the limits of teams from a file. Raises ConfigError with one line for each mistake."""
    from exporter.core.yaml_file import load_yaml  # noqa: PLC0415 - most of a MiB, for those who have a file

    file = convert(load_yaml(path), TeamBudgets, origin=str(path))
    mistakes = list(_mistakes_in_names(file.teams, str(path)))
    grams = {}
    for name, limits in file.teams.items():
        try:
            grams[name] = _limits(limits, f"{path}: teams.{name}")
        except ConfigError as error:
            mistakes += error.mistakes
    try:
        zone = time_zone(file.time_zone)
    except ValueError as error:
        mistakes.append(f"{path}: time_zone: {error}")
    if mistakes:
        raise ConfigError(mistakes)
    return TeamLimits(zone=zone, grams=grams)


def _limits(limits: object, origin: str) -> Mapping[Period, Grams]:
    if not isinstance(limits, dict) or not all(isinstance(key, str) for key in limits):
        raise ConfigError([f"{origin}: expected day_grams, month_grams or both, got {describe(limits)}"])
    return convert(limits, TeamBudget, origin=origin).by_period()


def _mistakes_in_names(teams: Mapping[str, object], origin: str) -> Iterator[str]:
    if not 1 <= len(teams) <= MOST_TEAMS:
        yield f"{origin}: teams: expected 1 to {MOST_TEAMS} teams, got {len(teams)}"
    for name in teams:
        if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
            yield (
                f"{origin}: teams: expected names of 1 to {LONGEST_NAME} printable characters, without spaces at their "
                f"ends, got {describe(name)}"
            )
