"""Quality of the fleet's data: the devices with the worst data, and those that are missing."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.fleet.names import CHOSEN_TEAM, DEVICE_PIXELS, NOTHING_SEEN, of_devices, whole, whole_sum
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import EVERY_INSTANCE, select
from prometheus.fleet import BAND, FAILING, MISSING
from prometheus.recording import ORIGIN_POWER, lately

HEIGHT = 8
MOST = 12


def row() -> Row:
    """Build the row of data quality."""
    return Row(title="Data quality", panels=(_worst(), _missing(), _alerts()), collapsed=True)


def _worst() -> dashboard.Panel:
    band = lately(select(BAND))
    alerts = f'ALERTS{{alertstate="firing",component="data-quality",{EVERY_INSTANCE}}}'
    firing = f"count by (job, instance) ({alerts}) or 0 * {band}"
    watts = select(ORIGIN_POWER)
    measured = f"sum by (job, instance) ({select(ORIGIN_POWER, origin='measured')})"
    part = f"({measured} or 0 * {band}) / on (job, instance) (sum by (job, instance) ({watts}) > 0)"
    # Alerts first, then the width of the band.
    rank = f"topk({MOST}, {whole(f'({firing}) + 0.01 * {band}')})"

    def shown(expr: str) -> str:
        return f"{expr} and on (job, instance) {rank}"

    facts = Facts(
        title="Worst data quality",
        description=(
            f"The {MOST} devices with the most alerts on data quality, and among equals the widest band: how many "
            "times the least power that is believed the most is. Measured: the part of the machine's power that a "
            "sensor counts. Failing: collectors."
        ),
        unit="none",
        no_value=NOTHING_SEEN,
        targets=(
            Target(expr=shown(whole(firing)), legend="Alerts"),
            Target(expr=shown(whole(band)), legend="Band"),
            Target(expr=shown(whole(part)), legend="Measured"),
            Target(expr=shown(whole_sum(lately(select(FAILING)))), legend="Failing"),
        ),
        series=(
            Series(name="Device", pixels=DEVICE_PIXELS),
            Series(name="Band", unit="suffix: x", decimals=1),
            Series(name="Measured", unit="percentunit", decimals=0),
        ),
        width=10,
        height=HEIGHT,
    )
    columns = {"instance": "Device", **{name: name for name in ("Alerts", "Band", "Measured", "Failing")}}
    return rows(facts, columns=columns, hidden=("job", "team"), largest="Alerts")


def _missing() -> dashboard.Panel:
    facts = Facts(
        title="Missing devices",
        description="Devices that were seen in the last week and are not seen now, and when they were seen last.",
        unit="dateTimeAsLocalNoDateIfToday",
        no_value="no device is missing",
        targets=(Target(expr=f"1000 * max by (job, instance, team) ({of_devices(MISSING)})", legend="Last seen"),),
        series=(Series(name="Device", pixels=DEVICE_PIXELS),),
        width=8,
        height=HEIGHT,
    )
    columns = {"instance": "Device", "team": "Team", "Last seen": "Last seen"}
    return rows(facts, columns=columns, hidden=("job",), largest="Last seen")


def _alerts() -> dashboard.Panel:
    firing = f'ALERTS{{alertname=~"EcotrackTeam.+",alertstate="firing",scope="team",{CHOSEN_TEAM}}}'
    facts = Facts(
        title="Alerts on teams",
        description="Alerts on the budgets of teams that fire now; those on devices are listed above.",
        unit="none",
        no_value="no alert on a team fires",
        targets=(Target(expr=f"count by (team, severity) ({firing})", legend="Alerts"),),
        width=6,
        height=HEIGHT,
    )
    columns = {"team": "Team", "severity": "Severity", "Alerts": "Alerts"}
    return rows(facts, columns=columns, largest="Alerts")
