"""The parts of the emissions: activities, network devices, components, score factors; and their sums."""

from grafana_foundation_sdk.models import dashboard

from exporter.eco_score import WORLD
from grafana.board import Row
from grafana.colours import COMPONENTS, DIRECTIONS, FACTORS, SCOPES
from grafana.device import NO_DATA
from grafana.device_carbon.attested import proof
from grafana.device_carbon.names import NO_SCORE, NO_TRAFFIC
from grafana.options import GRAMS_PER_HOUR, GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, bars, by_label, coloured, lines, number, rows
from grafana.promql import SECONDS_PER_DAY, rate, select, shown, total
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.recording import INTENSITY, SCOPE_RATE, lately

DAYS_PER_YEAR = 365
PEOPLE = "1e6"
GRAMS_PER_TONNE = "1e6"
LONGEST_FACTOR = 4
"""Factor of the eco score at which a bar ends: that up to which grams / reference have an E."""


def row() -> Row:
    """Build the row of activities, energy, traffic, score, what-if, intensity, lifetime, comparison and last proof."""
    panels = (_activities(), _energy(), _traffic(), _score(), _what_if(), _intensity(), _lifetime(), _compared())
    return Row(title="What it is made of", panels=(*panels, proof()))


def _activities() -> dashboard.Panel:
    grams = shown("ecotrack_activity_emissions_grams_total")
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
            Target(expr=total(grams, "activity"), legend="grams"),
            Target(
                expr=f"{total(grams, 'activity')} / ignoring (activity) group_left () ({total(grams)} > 0)",
                legend="share",
            ),
        ),
        series=(
            Series(name="Share of grams", unit="percentunit", decimals=0, bar=True),
            Series(name="Duration", unit="dtdhms"),
            Series(name="Data", unit="decbytes", decimals=1),
            Series(name="Network CO₂", unit="massg", decimals=2),
        ),
        width=14,
    )
    columns = {"activity": "Activity", "time": "Duration", "data": "Data", "grams": "Network CO₂"}
    columns["share"] = "Share of grams"
    return rows(facts, columns=columns, largest="Duration")


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
            "Factors of grams / reference, which multiply to it; the score is 1 / (1 + grams / reference). 1 is as the "
            "reference, less is better, and the longest bar is what costs most. Grid: mean carbon intensity / "
            f"{WORLD.value:g} g/kWh. Network: watts of machine and network / watts of the machine. Power: the "
            "machine's watts / its own watts at idle. Idle: those / the reference's watts. A bar ends at "
            f"{LONGEST_FACTOR}. Several devices: their mean."
        ),
        unit="none",
        no_value=NO_SCORE,
        targets=(by_label("avg", "factor", select("ecotrack_eco_score_factor_ratio")),),
        series=coloured(FACTORS),
        width=10,
        minimum=0,
        maximum=LONGEST_FACTOR,
        decimals=2,
    )
    return bars(facts)


def _compared() -> dashboard.Panel:
    score, grade = select("ecotrack_eco_score_ratio"), select("ecotrack_eco_score_grade")
    counted = select("ecotrack_eco_score_counted_seconds")
    product = f"exp(sum by (instance) (ln({select('ecotrack_eco_score_factor_ratio')})))"
    reference = total(select("ecotrack_eco_score_reference_grams_per_second"), "instance", "machine")
    lettered = f"max by (instance, grade) ({score} * on (job, instance) group_right () ({grade} == 1))"
    facts = Facts(
        title="What the eco score compares",
        description=(
            "Score of each device, 1 / (1 + own / reference), with its letter; its grams in the last hour (own), and "
            "those of a machine of its kind and size at half load and the world's average grid: own = reference x the "
            "product of the factors. Counted is the part of the hour whose emissions are known, scaled to an hour. "
            "power.machine sets the kind where firmware and kernel tell another."
        ),
        unit="none",
        no_value=NO_SCORE,
        targets=(
            Target(expr=lettered, legend="score"),
            Target(expr=f"3600 * {product} * on (instance) group_right () {reference}", legend="own"),
            Target(expr=f"3600 * {reference}", legend="reference"),
            Target(expr=f"max by (instance) ({counted})", legend="counted"),
        ),
        series=(
            Series(name="Score", unit="percentunit", decimals=0, bar=True),
            Series(name="Own", unit=GRAMS_PER_HOUR, decimals=2),
            Series(name="Reference", unit=GRAMS_PER_HOUR, decimals=2),
            Series(name="Counted", unit="s", decimals=0),
        ),
        width=18,
        height=5,
    )
    columns = {"instance": "Instance", "machine": "Machine", "grade": "Letter", "score": "Score", "own": "Own"}
    return rows(facts, columns=columns | {"reference": "Reference", "counted": "Counted"})


def _what_if() -> dashboard.Panel:
    watts = f"avg_over_time({select('ecotrack_power_watts', scope='host')}[$__range])"

    def per_day(scope: str) -> str:
        grams = f"avg_over_time({select(SCOPE_RATE, scope=scope)}[$__range])"
        return f"{PEOPLE} * avg({grams}) * {SECONDS_PER_DAY} / {GRAMS_PER_TONNE}"

    facts = Facts(
        title="If a million people did this",
        description=(
            "A million devices doing all day what this one did in the time shown. Power is the machine's mean power x "
            "1,000,000. Tonnes per day are the mean emission rate in g/s x 86,400 s x 1,000,000 people / 1,000,000 g, "
            "of the machine and of the network that carries its traffic; a year is both x 365. It gives a sense of "
            "scale and is no forecast: people differ, and time in which the device was off is not in the mean. Several "
            "devices: their mean."
        ),
        unit="masst",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"{PEOPLE} * avg({total(watts, 'job', 'instance')})", legend="power"),
            Target(expr=per_day("host"), legend="machine, a day"),
            Target(expr=per_day("network"), legend="network, a day"),
            Target(expr=f"({per_day('host')} + {per_day('network')}) * {DAYS_PER_YEAR}", legend="both, a year"),
        ),
        series=(
            Series(name="power", unit="watt", decimals=1),
            Series(name="machine, a day", colour=SCOPES["host"]),
            Series(name="network, a day", colour=SCOPES["network"]),
        ),
        width=12,
        height=5,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


def _intensity() -> dashboard.Panel:
    in_force = select("ecotrack_grid_carbon_intensity_grams_per_kwh")
    facts = Facts(
        title="Grid carbon intensity",
        description=(
            "Grams of carbon dioxide equivalent per kilowatt hour of electricity. The value in force is the one that "
            "turns energy into grams now, with its zone, method and provider; a static value is a yearly average. "
            "Last hour is grams / kWh as used, so minutes with more work weigh more. Red from where no grid is."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"max by (grid_zone, method, provider) ({in_force} * on (job, instance, grid_zone) "
                f"group_left (method, provider) {select('ecotrack_grid_carbon_intensity_info')})",
                legend="{{grid_zone}} ({{method}}, {{provider}})",
            ),
            Target(expr=f"avg({lately(select(INTENSITY))})", legend="last hour"),
        ),
        limit=HIGHEST_GRAMS_PER_KWH,
        width=7,
        height=5,
        decimals=0,
    )
    return number(facts, shown="value_and_name")


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
        width=5,
        height=5,
    )
    return number(facts, shown="value_and_name")
