"""Changes since last week: the fleet beside itself, and the devices that changed most."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FAINT, PLAIN
from grafana.fleet.names import DEVICE_PIXELS, NOTHING_SEEN, of_teams, whole_sum
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, lines, rows
from grafana.promql import SECONDS_PER_DAY, SECONDS_PER_HOUR, select, total
from prometheus.fleet import rate5m
from prometheus.recording import emission_rate

HEIGHT = 8
MOST = 12
WEEK = "offset 7d"


def row() -> Row:
    """Build the row of what changed."""
    return Row(title="What changed since last week", panels=(_both(), _changed()))


def _both() -> dashboard.Panel:
    def grams(when: str) -> str:
        return f"{SECONDS_PER_HOUR} * {total(f'{of_teams(rate5m())} {when}'.rstrip())}"

    facts = Facts(
        title="Now and a week ago",
        description=(
            "Emissions of the chosen teams in grams an hour, and at the same time of the week before. New devices and "
            "those that are missing change it as work does."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOTHING_SEEN,
        targets=(Target(expr=grams(""), legend="now"), Target(expr=grams(WEEK), legend="a week ago")),
        series=(Series(name="now", colour=PLAIN), Series(name="a week ago", colour=FAINT, dashed=True)),
        width=12,
        height=HEIGHT,
        minimum=0,
    )
    return lines(facts)


def _changed() -> dashboard.Panel:
    day = select(emission_rate("1d"))
    then = f"{day} {WEEK}"
    change = f"{SECONDS_PER_DAY} * {whole_sum(f'{day} - {then}')}"
    most = f"topk({MOST}, abs({change}))"
    facts = Facts(
        title="Devices that changed most",
        description=(
            f"The {MOST} devices whose last 24 hours differ most from the same hours a week ago, in grams a day. "
            "Above zero they emit more than then. A device that was not known then is not here."
        ),
        unit="massg",
        no_value="nothing is recorded of a week ago yet",
        targets=(
            Target(expr=f"{change} and on (job, instance) {most}", legend="Change"),
            Target(expr=f"{SECONDS_PER_DAY} * {whole_sum(day)} and on (job, instance) {most}", legend="A day now"),
        ),
        series=(Series(name="Device", pixels=DEVICE_PIXELS),),
        decimals=1,
        width=12,
        height=HEIGHT,
    )
    columns = {"instance": "Device", "team": "Team", "Change": "Change", "A day now": "A day now"}
    return rows(facts, columns=columns, hidden=("job",), largest="Change")
