"""The trust in the figures: the band, the measured part, and the devices that answer; collapsed."""

from grafana_foundation_sdk.models import dashboard

from exporter.power.provenance import MEASURED
from grafana.board import Row
from grafana.colours import FAINT, PLAIN, SCOPES
from grafana.device import NO_DATA, band_ends
from grafana.home.names import TO_DEVICE, TO_FLEET, TO_HOST_POWER, together
from grafana.panels import Facts, Series, Target, number
from grafana.promql import select
from prometheus.recording import ORIGIN_POWER

HEIGHT = 4
SAMPLED = "ecotrack_last_sample_timestamp_seconds"


def row() -> Row:
    """Build the row of the band, the measured part, and the devices with the age of their oldest sample."""
    return Row(title="How sure is that?", panels=(_band(), _measured(), _devices()), collapsed=True)


def _band() -> dashboard.Panel:
    facts = Facts(
        title="Power within its band",
        description=(
            "Power of the chosen machines in their last samples, and the sums of the ends of their components' bands, "
            "in which nine machines in ten lie. All components are taken to err in the same direction."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            Target(expr=together(select("ecotrack_power_watts", scope="host")), legend="machine"),
            Target(expr=together(f"({band_ends('low')})"), legend="at least"),
            Target(expr=together(f"({band_ends('high')})"), legend="at most"),
        ),
        series=(
            Series(name="machine", colour=SCOPES["host"]),
            Series(name="at least", colour=FAINT),
            Series(name="at most", colour=FAINT),
        ),
        links=(TO_HOST_POWER,),
        width=10,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _measured() -> dashboard.Panel:
    every = together(select(ORIGIN_POWER))
    facts = Facts(
        title="Measured part",
        description=(
            "Share of the machines' power now that sensors or meters tell; the rest is modelled. Of what the network "
            "draws elsewhere nothing is measured."
        ),
        unit="percentunit",
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"({together(select(ORIGIN_POWER, origin=MEASURED))} or 0 * {every}) / ({every} > 0)",
                legend="measured part",
            ),
        ),
        links=(TO_HOST_POWER,),
        width=5,
        height=HEIGHT,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return number(facts)


def _devices() -> dashboard.Panel:
    facts = Facts(
        title="Devices that answer",
        description=(
            "How many of the chosen devices answer Prometheus now, and the age of the oldest of their last samples. A "
            "device that does not answer is in none of the figures of the present."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=together(f"({select(SAMPLED)} > bool 0)"), legend="devices"),
            Target(expr=f"time() - min({select(SAMPLED)})", legend="oldest sample"),
        ),
        series=(
            Series(name="devices", colour=PLAIN),
            Series(name="oldest sample", colour=FAINT, unit="s", decimals=0),
        ),
        links=(TO_DEVICE, TO_FLEET),
        width=9,
        height=HEIGHT,
    )
    return number(facts, shown="value_and_name")
