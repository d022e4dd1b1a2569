"""The top row: how much now, is that a lot, and is anything wrong."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import ACTIVITIES, FAINT, PLAIN
from grafana.device_carbon.names import GRAMS_PER_HOUR, NO_BUDGET, NO_DATA
from grafana.panels import Facts, Series, Target, bars, by_label, coloured, number
from grafana.promql import select, total

HEIGHT = 5


def row() -> Row:
    """Build the row of power with its band, emission rate, today against the budget, score, activity, alerts."""
    return Row(title="Now", panels=(_power(), _emissions(), _today(), _score(), _activity()))


def power_targets() -> tuple[Target, ...]:
    """Query the host's power with the edges of its stated band; the three are in ascending order."""
    watts, band = select("ecotrack_power_watts", scope="host"), select("ecotrack_power_uncertainty_ratio")
    match = "on (job, instance, component)"
    return (
        Target(expr=total(f"{watts} * {match} clamp_min(1 - {band}, 0)"), legend="at least"),
        Target(expr=total(watts), legend="estimate"),
        Target(expr=total(f"{watts} * {match} (1 + {band})"), legend="at most"),
    )


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Electrical power of the chosen devices over their last sample. The estimate is the sum of the host's "
            "components; at least and at most take each component's estimate times (1 ∓ its stated uncertainty), "
            "not below zero. The band assumes that all components err in the same direction, so it is wide on "
            "purpose. Power that the network draws elsewhere is not in it."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=power_targets(),
        series=(
            Series(name="at least", colour=FAINT),
            Series(name="estimate", colour=PLAIN),
            Series(name="at most", colour=FAINT),
        ),
        width=6,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _emissions() -> dashboard.Panel:
    rate = total(select("ecotrack_emissions_grams_per_second"))
    limit = total(select("ecotrack_ecoguard_limit_grams_per_second"))
    facts = Facts(
        title="Emissions",
        description=(
            "Carbon dioxide equivalent per hour at the rate of the last sample: energy of host and network times the "
            "grid's carbon intensity, x 3600. Beside it the configured limit, ecoguard.limit_grams_per_minute x 60, "
            "above which an alert warns. Electricity in use only; the making of the device is not in it. Several "
            "devices are added up, their limits as well."
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"3600 * {rate}", legend="now"),
            Target(expr=f"3600 * {limit}", legend="alert above"),
        ),
        series=(Series(name="now", colour=PLAIN), Series(name="alert above", colour=FAINT, decimals=0)),
        width=4,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _today() -> dashboard.Panel:
    limit = total(select("ecotrack_budget_limit_grams", period="day"))
    facts = Facts(
        title="Today against the budget",
        description=(
            "Share of the day's carbon budget. Used is what was emitted since midnight in the configured time zone; "
            "projected adds what the device usually emits in the hours that are left today, scaled by how today "
            "compares with its usual week. In its first week it is the mean so far. At 100% and above the bar is red."
        ),
        unit="percentunit",
        no_value=NO_BUDGET,
        targets=(
            Target(
                expr=f"{total(select('ecotrack_budget_used_grams', period='day'))} / {limit}",
                legend="used",
            ),
            Target(
                expr=f"{total(select('ecotrack_budget_projected_grams', period='day'))} / {limit}",
                legend="projected",
            ),
        ),
        width=5,
        height=HEIGHT,
        limit=1,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _score() -> dashboard.Panel:
    facts = Facts(
        title="Eco score",
        description=(
            "From 0% to 100%, higher is better: the mean of the factors that the panel Why this score shows. It "
            "compares a device with fixed reference points, not with other devices. Several devices: their mean."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(Target(expr=f"avg({select('ecotrack_eco_score_ratio')})", legend="eco score"),),
        width=3,
        height=HEIGHT,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return number(facts)


def _activity() -> dashboard.Panel:
    facts = Facts(
        title="Activity",
        description=(
            "Activity of the network in the last minute. It is judged by throughput alone and is a guess: "
            "nothing is read from packets, and two activities at once appear as one. With several devices, every "
            "activity that one of them is in."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("count", "activity", f"{select('ecotrack_activity_state')} == 1"),),
        series=coloured(ACTIVITIES),
        width=3,
        height=HEIGHT,
    )
    return number(facts, shown="name")
