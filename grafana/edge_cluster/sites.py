"""The sites: what each has now, where its electricity flows, its grid, and the input of tasks that moves."""

from grafana_foundation_sdk.models import dashboard

from exporter.core.units import HOURS_PER_DAY
from grafana.board import Row
from grafana.colours import FLOW_SINKS, FLOW_SOURCES, SITES
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, lines, rows, stacked
from grafana.promql import select, total
from grafana.simulated import EVERY_SITE, NO_DATA, NO_RATE, SIMULATED, if_several, of_runs
from prometheus.simulator_recording import FLOW, TRANSFER_BYTES, TRANSFER_ENERGY

BY_SITE = tuple(Series(name=rf"/^{site}\b/", colour=colour, pattern=True) for site, colour in SITES.items())
"""Lines in the colour of the site that begins their name."""

ONE_SITE = "nothing moves: the cluster has one site"
FROM_SITE = EVERY_SITE.replace("site=", "from_site=")
SITE_OF_NODE = f"on (job, instance, node) group_left (site) {select('ecochain_node_info', EVERY_SITE)}"


def row() -> Row:
    """Build the row of the table of sites, the flows, the grids, and what moves between sites."""
    return Row(title="Sites", panels=(_table(), _flows(), _intensity(), _moved(), _network()))


def _table() -> dashboard.Panel:
    by = ("instance", "site")
    generated = f'{FLOW.rate}{{from=~"solar|wind",{EVERY_SITE}}}'
    values = {
        "Grid": of_runs(select("ecochain_site_grid_intensity_grams_per_kwh", EVERY_SITE)),
        "Load": total(f"{select('ecochain_node_load_watts')} * {SITE_OF_NODE}", *by),
        "Generated": total(generated, *by),
        "Battery": total(select("ecochain_site_battery_charge_ratio", EVERY_SITE), *by),
        "Awake": total(f"{select('ecochain_node_state', state='awake')} * {SITE_OF_NODE}", *by),
        "Nodes": f"count by ({', '.join(by)}) ({select('ecochain_node_info', EVERY_SITE)})",
    }
    facts = Facts(
        title="Sites",
        description=(
            "Each chosen site: carbon intensity of its grid, power of all its nodes, charge of all its batteries "
            "together and nodes awake, all in the last simulated step; and the mean power of its sun and wind in the "
            "last two minutes of wall time. A dash means that a site has no battery."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=tuple(Target(expr=expr, legend=heading) for heading, expr in values.items()),
        series=(
            Series(name="Grid", unit=GRAMS_PER_KWH, decimals=0),
            Series(name="Battery", unit="percentunit", decimals=0),
            Series(name="Awake", unit="none", decimals=0),
            Series(name="Nodes", unit="none", decimals=0),
        ),
        decimals=1,
        width=24,
        height=5,
    )
    labels = {"instance": "Instance", "policy": "Policy", "scenario": "Scenario", "site": "Site"}
    return rows(facts, columns={**labels, **{heading: heading for heading in values}}, hidden=("job",))


def _flows() -> dashboard.Panel:
    flows = select(FLOW.rate, EVERY_SITE)
    facts = Facts(
        title="Flows of electricity",
        description=(
            "Above zero, where the electricity of the chosen sites comes from; below zero, where it goes. Both sides "
            "are equally tall, because nothing is lost sight of: losses are those of batteries, in both directions, "
            "to grid is sold, and curtailed is what nobody could take. The battery's part above is what it gives, "
            f"below what it stores. {SIMULATED}"
        ),
        unit="watt",
        no_value=NO_RATE,
        targets=(
            Target(expr=f"sum by (from) ({flows})", legend="from {{from}}"),
            Target(expr=f"sum by (to) ({flows})", legend="to {{to}}"),
        ),
        series=(
            *(Series(name=f"from {name}", colour=colour) for name, colour in FLOW_SOURCES.items()),
            *(Series(name=f"to {name}", colour=colour, mirrored=True) for name, colour in FLOW_SINKS.items()),
        ),
        width=16,
        height=11,
    )
    return stacked(facts)


def _intensity() -> dashboard.Panel:
    facts = Facts(
        title="Grid intensity by site",
        description=(
            "Carbon intensity of the grid at each chosen site in the last simulated step. Where the lines are far "
            "apart, moving work saves; where one swings, waiting does."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(
                expr=if_several(select("ecochain_site_grid_intensity_grams_per_kwh", EVERY_SITE)),
                legend="{{site}}{{run}}",
            ),
        ),
        series=BY_SITE,
        width=8,
        height=11,
        minimum=0,
    )
    return lines(facts)


def _moved() -> dashboard.Panel:
    return _between(
        "Input moved between sites",
        "Input of the tasks that ran at another site than they arrived at, from each chosen site, in bytes per "
        f"simulated second. {SIMULATED}",
        "Bps",
        select(TRANSFER_BYTES.rate, FROM_SITE),
    )


def _network() -> dashboard.Panel:
    return _between(
        "Energy of the network between sites",
        "Energy per simulated day that the network takes for the input that moves from each chosen site, at the "
        f"present rate; it is bought from the grids of both sites, and is in no node's consumption. {SIMULATED}",
        "watth",
        f"{HOURS_PER_DAY} * {select(TRANSFER_ENERGY.rate, FROM_SITE)}",
    )


def _between(title: str, description: str, unit: str, expr: str) -> dashboard.Panel:
    """Draw a quantity of what moves, one line per pair of sites."""
    facts = Facts(
        title=title,
        description=description,
        unit=unit,
        no_value=ONE_SITE,
        targets=(Target(expr=if_several(expr), legend="{{from_site}} to {{to_site}}{{run}}"),),
        series=BY_SITE,
        width=12,
        minimum=0,
    )
    return lines(facts)
