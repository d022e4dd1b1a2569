"""The first screen: how much now, whose it is, is that a lot, and what the network does."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, leading_link, narrowing_link
from grafana.colours import ACTIVITIES, FAINT, GRADES, PLAIN, SCOPES
from grafana.device import AT_LEAST, AT_MOST, CARBON_BUDGET, DEVICE_CARBON, HOST_POWER, NO_BUDGET, NO_DATA, TO_BUDGET
from grafana.device_carbon.names import NO_SCORE, TO_HOST_POWER
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, bars, number, states, texts
from grafana.promql import rate, select, total
from prometheus.recording import SCOPE_RATE

HEIGHT, FIGURES_HEIGHT = 5, 4


def row() -> Row:
    """Build the row of power, emissions, what is left today, score; limits and activity."""
    panels = (_power(), _emissions(), _left(), _score(), _limits(), _timeline())
    return Row(title="Now", panels=panels)


def network_part(window: str, *labels: str) -> str:
    """Return the network's part of the grams of machine and network in a window, kept apart by these labels."""
    host, network = (
        total(f"sum_over_time({select(SCOPE_RATE, scope=scope)}[{window}])", *labels) for scope in ("host", "network")
    )
    return f"{network} / ({host} + {network} > 0)"


def activity_number() -> str:
    """Select the present activity as its number in `ACTIVITIES`, per device: a timeline draws one value per row."""
    terms = (
        f"{index} * ({select('ecotrack_activity_state', activity=activity)} == 1)"
        for index, activity in enumerate(ACTIVITIES, start=1)
    )
    return f"max by (instance) ({' or '.join(terms)})"


def grade_number() -> str:
    """Select the letter of the eco score as its number in `GRADES`, the worst of all devices."""
    terms = (
        f"{index} * ({select('ecotrack_eco_score_grade', grade=grade)} == 1)"
        for index, grade in enumerate(GRADES, start=1)
    )
    return f"max({' or '.join(terms)})"


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Electrical power of the chosen devices over their last sample. Machine is the sum of its components; "
            "at least and at most are the sums of the ends of their bands, in which nine machines in ten lie. The band "
            "assumes that all components err in the same direction, so it is wide on purpose. Network is what others' "
            "equipment draws for this traffic, by an amount per byte; it is not in the other three."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecotrack_power_watts", scope="host")), legend="machine"),
            Target(expr=AT_LEAST, legend="at least"),
            Target(expr=AT_MOST, legend="at most"),
            Target(expr=total(select("ecotrack_power_watts", scope="network")), legend="network"),
        ),
        series=(
            Series(name="machine", colour=SCOPES["host"]),
            Series(name="at least", colour=FAINT),
            Series(name="at most", colour=FAINT),
            Series(name="network", colour=SCOPES["network"]),
        ),
        links=(leading_link(HOST_POWER, TO_HOST_POWER),),
        width=10,
        height=FIGURES_HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _emissions() -> dashboard.Panel:
    facts = Facts(
        title="Emissions",
        description=(
            "Carbon dioxide equivalent per hour: energy x the grid's carbon intensity, for this machine's electricity "
            "and for what its traffic uses elsewhere. The network part is of all grams in the time shown: so much "
            "comes from a model of the network, and published ones differ tenfold. The making of the device is not "
            "in it. Several devices are added up."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"3600 * {total(rate('ecotrack_emissions_grams_total', scope='host'))}", legend="machine"),
            Target(expr=f"3600 * {total(rate('ecotrack_emissions_grams_total', scope='network'))}", legend="network"),
            Target(expr=network_part("$__range"), legend="network part"),
        ),
        series=(
            Series(name="machine", colour=SCOPES["host"]),
            Series(name="network", colour=SCOPES["network"]),
            Series(name="network part", colour=SCOPES["network"], unit="percentunit", decimals=0),
        ),
        width=8,
        height=FIGURES_HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _left() -> dashboard.Panel:
    limit, used = (total(select(f"ecotrack_budget_{name}_grams", period="day")) for name in ("limit", "used"))
    facts = Facts(
        title="Left today",
        description=(
            "Grams of the day's carbon budget that are left: limit - used, since midnight in the configured time zone. "
            "Below zero, and red, the budget is overspent. Several devices are added up."
        ),
        unit="massg",
        no_value=NO_BUDGET,
        targets=(Target(expr=f"{limit} - {used}", legend="left"),),
        links=(leading_link(CARBON_BUDGET, TO_BUDGET),),
        least=0,
        width=3,
        height=FIGURES_HEIGHT,
        decimals=0,
    )
    return number(facts)


def _score() -> dashboard.Panel:
    facts = Facts(
        title="Eco score",
        description=(
            "A letter for grams / reference: the grams of machine and network in the last hour, against those of a "
            "machine of its kind at half load and the world's average grid. A up to a quarter of the reference, B up "
            "to a half, C up to all of it, D up to twice, E up to four times, F beyond. Several devices: the worst."
        ),
        unit="none",
        no_value=NO_SCORE,
        targets=(Target(expr=grade_number(), legend="letter"),),
        mappings=texts({number: (grade, PLAIN) for number, grade in enumerate(GRADES, start=1)}),
        width=3,
        height=FIGURES_HEIGHT,
        decimals=0,
    )
    return number(facts)


def _limits() -> dashboard.Panel:
    def of_day(name: str) -> str:
        return total(select(f"ecotrack_budget_{name}_grams", period="day"))

    rate_now = total(select("ecotrack_emissions_grams_per_second"))
    rate_limit = total(select("ecotrack_ecoguard_limit_grams_per_second"))
    facts = Facts(
        title="Against the limits",
        description=(
            "Rate now: emissions of the last sample / ecoguard.limit_grams_per_minute. Used today: grams since "
            "midnight / the day's budget. Projected today: adds what the device usually emits in the hours that are "
            "left, scaled by how today compares with its usual week; in its first week it is the mean so far. Machine "
            "and network count together. Red from 100%."
        ),
        unit="percentunit",
        no_value=NO_BUDGET,
        targets=(
            Target(expr=f"{rate_now} / {rate_limit}", legend="rate now"),
            Target(expr=f"{of_day('used')} / {of_day('limit')}", legend="used today"),
            Target(expr=f"{of_day('projected')} / {of_day('limit')}", legend="projected today"),
        ),
        links=(leading_link(CARBON_BUDGET, TO_BUDGET),),
        width=8,
        height=HEIGHT,
        limit=1,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _timeline() -> dashboard.Panel:
    meanings = dict(enumerate(ACTIVITIES.items(), start=1))
    facts = Facts(
        title="Activity over time",
        description=(
            "Activity of the network, judged by throughput alone: a guess, since nothing is read from packets, and two "
            "activities at once appear as one. Each stretch shows the activity at the points that the panel has room "
            "for, so short ones disappear when hours are shown: zoom in to see them."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=activity_number(), legend="{{instance}}"),),
        mappings=texts(meanings),
        links=(narrowing_link(DEVICE_CARBON, "instance"),),
        colour=PLAIN,
        width=16,
        height=HEIGHT,
    )
    return states(facts)
