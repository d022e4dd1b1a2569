"""Trust in the grid's figures, and whether the device is scraped; collapsed."""

from grafana_foundation_sdk.models import dashboard

from grafana import process
from grafana.board import Row
from grafana.device import EXPORTER
from grafana.device_carbon.health import intensity_age, providers
from grafana.panels import Facts, Target, rows
from grafana.promql import shown, total

REASONS = {"failed": "Failed", "malformed": "Not understood", "late": "For another time", "out_of_range": "Impossible"}
"""Reason for which a provider's answer, or a value of it, is discarded -> the heading of its column."""


def row() -> Row:
    """Build the row of the value's age, the providers, their discarded answers, and scrapes."""
    panels = (intensity_age(), providers(), process.scrapes(EXPORTER), _discarded())
    return Row(title="Data quality and exporter health", panels=panels, collapsed=True)


def _discarded() -> dashboard.Panel:
    facts = Facts(
        title="Answers of providers that were discarded",
        description=(
            "Answers of live providers in the time shown that were discarded, by reason, and single values beyond what "
            "a grid can have. What takes their place is shown in How the intensity was known."
        ),
        unit="none",
        no_value="no live provider is configured",
        targets=tuple(
            Target(
                expr=total(shown("ecotrack_grid_discarded_answers_total", reason=reason), "provider"),
                legend=heading,
            )
            for reason, heading in REASONS.items()
        ),
        decimals=0,
        width=24,
        height=5,
    )
    return rows(facts, columns={"provider": "Provider", **{heading: heading for heading in REASONS.values()}})
