"""The first screen: watts, grams an hour, today, how many devices these are, and whose they are."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FAINT, PLAIN, SCOPES
from grafana.fleet.names import NOTHING_SEEN, named, of_teams, weighted
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, bars, number
from grafana.promql import SECONDS_PER_HOUR, select, total
from prometheus.budget import seconds
from prometheus.fleet import devices, rate5m
from prometheus.recording import BASE_INTERVAL, POWER, emission_rate

HEIGHT = 6
MOST_TEAMS = 6


def row() -> Row:
    """Build the row that answers at a glance."""
    return Row(title="Now", panels=(_power(), _emissions(), _today(), _devices(), _shares()))


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Electrical power of the chosen devices, mean of 5 minutes, each device once. What the network draws "
            "elsewhere for their traffic is not in it."
        ),
        unit="watt",
        no_value=NOTHING_SEEN,
        targets=(Target(expr=total(weighted(select(POWER, scope="host"))), legend="machines"),),
        colour=SCOPES["host"],
        width=4,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)


def _emissions() -> dashboard.Panel:
    facts = Facts(
        title="Emissions",
        description=(
            "Emissions of the chosen devices and of the network for their traffic, in grams of carbon dioxide "
            "equivalent an hour, mean of 5 minutes, each device once."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOTHING_SEEN,
        targets=(Target(expr=f"{SECONDS_PER_HOUR} * {total(weighted(select(emission_rate('5m'))))}", legend="now"),),
        width=4,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts)


def _today() -> dashboard.Panel:
    recorded = f"sum_over_time({of_teams(rate5m())}[$__range])"
    facts = Facts(
        title="Today",
        description=(
            "Emissions of the chosen teams since midnight of the time that the board shows: the sum of their recorded "
            "rates. Time in which a device was missing is not in it. The choice of instances does not change it."
        ),
        unit="massg",
        no_value=NOTHING_SEEN,
        targets=(Target(expr=f"{seconds(BASE_INTERVAL):.0f} * {total(recorded)}", legend="today"),),
        shown="now/d",
        width=4,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts)


def _devices() -> dashboard.Panel:
    facts = Facts(
        title="Devices",
        description=(
            "Devices of the chosen teams that the figures are made of, and those that are known: seen now or in the "
            "last week. The difference is missing; a table below names them. The choice of instances does not change "
            "it."
        ),
        unit="none",
        no_value=NOTHING_SEEN,
        targets=tuple(Target(expr=total(of_teams(devices(count))), legend=count) for count in ("seen", "known")),
        series=(Series(name="seen", colour=PLAIN), Series(name="known", colour=FAINT)),
        width=5,
        height=HEIGHT,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _shares() -> dashboard.Panel:
    grams = of_teams(rate5m())
    facts = Facts(
        title="Share by team",
        description=(
            f"Parts that the {MOST_TEAMS} teams with the most emissions have of those of all chosen teams, mean of 5 "
            "minutes. A device whose targets name two teams counts half for each."
        ),
        unit="percentunit",
        no_value=NOTHING_SEEN,
        targets=(
            Target(
                expr=f"topk({MOST_TEAMS}, {named(grams)} / on () group_left () ({total(grams)} > 0))", legend="{{team}}"
            ),
        ),
        width=7,
        height=HEIGHT,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)
