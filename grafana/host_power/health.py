"""Trust in the sensors: what was thrown away, and whether the machine is scraped; collapsed."""

from grafana_foundation_sdk.models import dashboard

from grafana import process
from grafana.board import Row
from grafana.device import EXPORTER
from grafana.host_power.names import OF_SENSORS
from grafana.panels import Facts, Target, rows
from grafana.promql import select, total

REASONS = {
    "error": "Failed",
    "frozen": "Frozen",
    "implausible": "Impossible",
    "parts_exceed_whole": "Parts above whole",
    "reset": "Reset",
}
"""Reason for which a sensor's reading is discarded -> the heading of its column."""


def row() -> Row:
    """Build the row of discarded readings and scrapes; the rest of the exporter's health is on Device carbon."""
    panels = (_discarded(), process.scrapes(EXPORTER))
    return Row(title="Data quality and exporter health", panels=panels, collapsed=True)


def _discarded() -> dashboard.Panel:
    facts = Facts(
        title="Readings of sensors that were discarded",
        description=(
            "Readings in the time shown that did not become energy, by reason; a model covered their time. Frozen: a "
            "counter gained nothing in more than three samples. Impossible: more power than can be. Parts above whole: "
            "a processor or its memory counted more than the machine they are in. Reset: a counter began again."
        ),
        unit="none",
        no_value="no sensor was asked",
        targets=tuple(
            Target(
                expr=total(
                    f"increase({select('ecotrack_discarded_readings_total', OF_SENSORS, reason=reason)}[$__range])",
                    "source",
                ),
                legend=heading,
            )
            for reason, heading in REASONS.items()
        ),
        decimals=0,
        width=16,
        height=6,
    )
    return rows(facts, columns={"source": "Source", **{heading: heading for heading in REASONS.values()}})
