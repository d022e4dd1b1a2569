"""Emitters: teams over time, and the devices that emit most."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FURTHER
from grafana.colours import RANKS as COLOURS
from grafana.fleet.names import DEVICE_PIXELS, NOTHING_SEEN, named, of_teams, whole_sum
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, coloured, rows, stacked
from grafana.promql import SECONDS_PER_HOUR, select, total
from prometheus.fleet import rate5m
from prometheus.recording import POWER, emission_rate

HEIGHT = 9
RANKS = COLOURS[:5]
"""Colours of the teams that are drawn by themselves."""

MOST = 15
RATE = select(emission_rate("5m"))
THE_OTHERS = "further teams"


def row() -> Row:
    """Build the row of emissions by team and by device."""
    return Row(title="Who emits", panels=(_teams(), _devices()))


def _teams() -> dashboard.Panel:
    grams = named(of_teams(rate5m()))

    def first(count: int) -> str:
        recorded = named(f"sum_over_time({of_teams(rate5m())}[$__range] @ end())")
        return f"topk({count}, {recorded})"

    def ranked(place: int) -> str:
        before = f" unless on (team) {first(place - 1)}" if place > 1 else ""
        return f"{SECONDS_PER_HOUR} * ({grams} and on (team) ({first(place)}{before}))"

    places = range(1, len(RANKS) + 1)
    others = f"{SECONDS_PER_HOUR} * {total(f'{grams} unless on (team) {first(len(RANKS))}')}"
    facts = Facts(
        title="Emissions by team",
        description=(
            f"Emissions of the {len(RANKS)} teams with the most in the time shown, in this order, and of the others "
            "together, in grams an hour. All together are the fleet. A team is not drawn while none of its devices is "
            "seen."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOTHING_SEEN,
        targets=(
            *(Target(expr=ranked(place), legend=f"{place}. {{{{team}}}}") for place in places),
            Target(expr=others, legend=THE_OTHERS),
        ),
        series=(
            *(
                Series(name=rf"/^{place}\. /", colour=colour, pattern=True)
                for place, colour in zip(places, RANKS, strict=True)
            ),
            *coloured({THE_OTHERS: FURTHER}),
        ),
        width=12,
        height=HEIGHT,
        minimum=0,
    )
    return stacked(facts)


def _devices() -> dashboard.Panel:
    emissions = f"topk({MOST}, {whole_sum(f'{SECONDS_PER_HOUR} * {RATE}')})"
    watts = whole_sum(select(POWER, scope="host"))
    facts = Facts(
        title="Top emitters",
        description=(
            f"The {MOST} devices that emit most now, machine and network, and the power of their machines; means of 5 "
            "minutes. A device that several jobs scrape has a row for each."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NOTHING_SEEN,
        targets=(
            Target(expr=emissions, legend="Emissions"),
            Target(expr=f"{watts} and on (job, instance) {emissions}", legend="Power"),
        ),
        series=(Series(name="Device", pixels=DEVICE_PIXELS), Series(name="Power", unit="watt")),
        decimals=1,
        width=12,
        height=HEIGHT,
    )
    columns = {"instance": "Device", "team": "Team", "Emissions": "Emissions", "Power": "Power"}
    return rows(facts, columns=columns, hidden=("job",), largest="Emissions")
