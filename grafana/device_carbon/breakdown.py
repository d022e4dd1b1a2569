"""The parts of the emissions: activities, network devices, components, score factors; and their sums."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import ACTIVITIES, COMPONENTS, DIRECTIONS, FACTORS
from grafana.device_carbon.names import NO_DATA, NO_PERIODS, NO_TRAFFIC, UID
from grafana.panels import Facts, Series, Target, bars, by_label, coloured, lines, number, rows, states, texts
from grafana.promql import rate, select, shown, total
from prometheus.recording import CONSUMED, ELAPSED

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365
PEOPLE = "1e6"
GRAMS_PER_TONNE = "1e6"


def row() -> Row:
    """Build the row of activity and its share, energy by component, traffic, score, what-if, budgets and lifetime."""
    panels = (
        _timeline(),
        _share(),
        _activities(),
        _energy(),
        _traffic(),
        _score(),
        _budgets(),
        _what_if(),
        _lifetime(),
    )
    return Row(title="What it is made of", panels=panels)


def activity_number() -> str:
    """Select the present activity as its number in `ACTIVITIES`, per device: a timeline draws one value per row."""
    terms = (
        f"{index} * ({select('ecotrack_activity_state', activity=activity)} == 1)"
        for index, activity in enumerate(ACTIVITIES, start=1)
    )
    return f"max by (instance) ({' or '.join(terms)})"


def _timeline() -> dashboard.Panel:
    meanings = dict(enumerate(ACTIVITIES.items(), start=1))
    facts = Facts(
        title="Activity over time",
        description=(
            "Activity of the network, judged by throughput alone. Each stretch shows the activity at the "
            "points that the panel has room for, so short ones disappear when hours are shown: zoom in to see them."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=activity_number(), legend="{{instance}}"),),
        mappings=texts(meanings),
        links=(narrowing_link(UID, "instance"),),
        width=14,
        height=7,
    )
    return states(facts)


def _share() -> dashboard.Panel:
    grams = shown("ecotrack_activity_emissions_grams_total")
    facts = Facts(
        title="Share of network CO₂ by activity",
        description=(
            "Each activity's part of the network emissions in the time shown: grams of the activity / grams of all. "
            "The host's own emissions are not divided by activity, because throughput does not tell what the "
            "processor did."
        ),
        unit="percentunit",
        no_value=NO_TRAFFIC,
        targets=(
            Target(
                expr=f"{total(grams, 'activity')} / ignoring (activity) group_left () ({total(grams)} > 0)",
                legend="{{activity}}",
            ),
        ),
        series=coloured(ACTIVITIES),
        width=10,
        height=7,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _activities() -> dashboard.Panel:
    facts = Facts(
        title="What each activity took",
        description=(
            "Time, data and network emissions by activity in the time shown: increase of the counters, with resets "
            "taken into account. Data is received and sent together, on the network devices that count."
        ),
        unit="none",
        no_value=NO_TRAFFIC,
        targets=(
            Target(expr=total(shown("ecotrack_activity_seconds_total"), "activity"), legend="time"),
            Target(expr=total(shown("ecotrack_activity_bytes_total"), "activity"), legend="data"),
            Target(expr=total(shown("ecotrack_activity_emissions_grams_total"), "activity"), legend="grams"),
        ),
        series=(
            Series(name="Time", unit="dtdhms"),
            Series(name="Data", unit="decbytes", decimals=1),
            Series(name="Network CO₂", unit="massg", decimals=2),
        ),
        width=14,
    )
    columns = {"activity": "Activity", "time": "Time", "data": "Data", "grams": "Network CO₂"}
    return rows(facts, columns=columns, largest="Time")


def _energy() -> dashboard.Panel:
    facts = Facts(
        title="Electricity by component",
        description=(
            "Energy in the time shown: increase of the energy counters, in watt hours (joules / 3600). Network is "
            "electricity used outside this machine, by an amount per byte; the others are this machine."
        ),
        unit="watth",
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"{total(shown('ecotrack_energy_joules_total'), 'component')} / 3600",
                legend="{{component}}",
            ),
        ),
        series=coloured(COMPONENTS),
        width=10,
        minimum=0,
    )
    return bars(facts)


def _traffic() -> dashboard.Panel:
    facts = Facts(
        title="Traffic by network device",
        description=(
            "Bytes per second through the network devices that count towards energy; received above the axis, sent "
            "below it. Loopback, bridges and virtual pairs do not count, and beyond eight devices the rest is other."
        ),
        unit="Bps",
        no_value=NO_TRAFFIC,
        targets=(
            Target(
                expr=total(rate("ecotrack_network_bytes_total"), "device", "direction"),
                legend="{{device}} {{direction}}",
            ),
        ),
        series=(
            Series(name="/receive$/", colour=DIRECTIONS["receive"], pattern=True),
            Series(name="/transmit$/", colour=DIRECTIONS["transmit"], mirrored=True, pattern=True),
        ),
        width=14,
    )
    return lines(facts)


def _score() -> dashboard.Panel:
    facts = Facts(
        title="Why this score",
        description=(
            "Each factor is 1 / (1 + x / half), so it is 50% where x equals half. Grid: x is the carbon intensity, "
            "half 475 g/kWh. Power: the host's power, half 50 W. Network: throughput, half 1 MB/s. Budget: today's "
            "projected / limit, half 1; it is left out when no day budget is set. The score is their plain mean. "
            "The reference points are conventions, not physics."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(by_label("avg", "factor", select("ecotrack_eco_score_factor_ratio")),),
        series=coloured(FACTORS),
        width=10,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)


def _what_if() -> dashboard.Panel:
    watts = f"avg_over_time({select('ecotrack_power_watts')}[$__range])"
    grams = f"avg_over_time({select('ecotrack_emissions_grams_per_second')}[$__range])"
    per_day = f"{PEOPLE} * avg({grams}) * {SECONDS_PER_DAY} / {GRAMS_PER_TONNE}"
    facts = Facts(
        title="If a million people did this",
        description=(
            "A million devices doing all day what this one did in the time shown, host and network together. Power is "
            "the mean power x 1,000,000. Tonnes per day is the mean emission rate in g/s x 86,400 s x 1,000,000 "
            "people / 1,000,000 g; per year is x 365. It gives a sense of scale and is no forecast: people differ, "
            "and time in which the device was off is not in the mean. Several devices: their mean."
        ),
        unit="masst",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"{PEOPLE} * avg({total(watts, 'job', 'instance')})", legend="power"),
            Target(expr=per_day, legend="CO₂ per day"),
            Target(expr=f"{per_day} * {DAYS_PER_YEAR}", legend="CO₂ per year"),
        ),
        series=(Series(name="power", unit="watt", decimals=1),),
        width=10,
        height=5,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _budgets() -> dashboard.Panel:
    by = ("instance", "period")
    left = f"{select('ecotrack_budget_period_end_timestamp_seconds')} - time()"
    facts = Facts(
        title="Budgets",
        description=(
            "One line per device and configured period. Used / limit can be compared with elapsed: above it, the "
            "budget runs out early. Projected is used + what the device usually emits in the hours left, scaled by how "
            "the period compares with its usual week. Until all of that week is known, it is the mean so far."
        ),
        unit="massg",
        no_value=NO_PERIODS,
        targets=(
            Target(expr=total(select("ecotrack_budget_used_grams"), *by), legend="used"),
            Target(expr=total(select("ecotrack_budget_limit_grams"), *by), legend="limit"),
            Target(expr=total(select("ecotrack_budget_projected_grams"), *by), legend="projected"),
            Target(expr=total(select("ecotrack_budget_projection_learned_ratio"), *by), legend="learned"),
            Target(expr=total(select(CONSUMED), *by), legend="share"),
            Target(expr=total(select(ELAPSED), *by), legend="elapsed"),
            Target(expr=total(f"clamp_min({left}, 0)", *by), legend="left"),
        ),
        series=(
            Series(name="Used / limit", unit="percentunit", decimals=0),
            Series(name="Elapsed", unit="percentunit", decimals=0),
            Series(name="Week known", unit="percentunit", decimals=0),
            Series(name="Time left", unit="dtdhms"),
        ),
        decimals=1,
        width=24,
        height=5,
    )
    columns = {
        "instance": "Instance",
        "period": "Period",
        "used": "Used",
        "limit": "Limit",
        "share": "Used / limit",
        "elapsed": "Elapsed",
        "projected": "Projected",
        "learned": "Week known",
        "left": "Time left",
    }
    return rows(facts, columns=columns)


def _lifetime() -> dashboard.Panel:
    facts = Facts(
        title="Since recording began",
        description=(
            "Energy and emissions since the exporter's state file was begun; both continue over restarts and reboots. "
            "Time in which the exporter did not run is not in them."
        ),
        unit="kwatth",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"{total(select('ecotrack_lifetime_energy_joules'))} / 3.6e6", legend="electricity"),
            Target(expr=total(select("ecotrack_lifetime_emissions_grams")), legend="CO₂"),
        ),
        series=(Series(name="CO₂", unit="massg"),),
        width=24,
        height=3,
    )
    return number(facts, shown="value_and_name")
