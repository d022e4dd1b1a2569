"""The parts that the boards of the exporter share: addresses, texts, the band of the host's power, its components."""

from grafana_foundation_sdk.models import dashboard

from grafana import process
from grafana.colours import COMPONENTS, FAINT
from grafana.panels import Facts, Series, Target, by_label, coloured, stacked
from grafana.promql import of_exporters, select, total

CARBON_BUDGET, DEVICE_CARBON, HOST_POWER = "ecotrack-budget", "ecotrack-device", "ecotrack-host-power"
HOME, FLEET = "ecotrack-home", "ecotrack-fleet"
"""The boards' addresses in Grafana, which links lead to."""

TO_BUDGET = "Its budgets, its grid and its alerts"
"""Title of the links to the board Carbon budget and alerts."""

NO_BUDGET = "no budget configured: set budget.day_grams"
NO_PERIODS = "no budget configured: set budget.day_grams, week_grams or month_grams"

NO_DATA = "no data: is the exporter running and scraped?"

EXPORTER = process.Program(name="exporter", no_data=NO_DATA, of=of_exporters)


def band_ends(end: str) -> str:
    """Return the power of each of the host's components at an end, `low` or `high`, of its band."""
    watts = select("ecotrack_power_watts", scope="host")
    return f"{select(f'ecotrack_power_{end}_watts')} and on (job, instance, component) {watts}"


AT_LEAST = total(band_ends("low"))
AT_MOST = total(band_ends("high"))


def power_by_component(*links: dashboard.DashboardLink) -> dashboard.Panel:
    """Draw the machine's components as a stack between the ends of their bands; the links lead on from it."""
    facts = Facts(
        title="Power by component",
        description=(
            "The machine's power, split into parts that do not overlap, so the stack is the machine, between the least "
            "and the most that the stated bands of its parts allow. Changes over time are usually more reliable than "
            "the level. What others' equipment draws for this traffic is not in it, and often larger."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            by_label("sum", "component", select("ecotrack_power_watts", scope="host")),
            Target(expr=AT_LEAST, legend="at least"),
            Target(expr=AT_MOST, legend="at most"),
        ),
        series=(
            *coloured({name: colour for name, colour in COMPONENTS.items() if name != "network"}),
            Series(name="at least", colour=FAINT, dashed=True),
            Series(name="at most", colour=FAINT, dashed=True),
        ),
        links=links,
        width=12,
        height=10,
        minimum=0,
    )
    return stacked(facts)
