"""Names that several rows of the board share."""

from exporter.sources.collector import SOURCES, OnFailure
from grafana.promql import EVERY_INSTANCE

DOCUMENTS = {
    "How to read it": "how-to/read-the-host-power-dashboard.md",
    "How far off the power is": "reference/accuracy.md",
    "Use sensors": "how-to/use-sensors.md",
    "Tell programs apart": "how-to/attribute-to-programs.md",
    "Runbook": "runbooks/data-quality.md",
}
"""Pages on the board."""

SENSORS = tuple(sorted(source.name for source in SOURCES if source.on_failure is OnFailure.REPLACED))
"""Sources that count energy; a model stands in for each that does not."""

OF_SENSORS = f'source=~"{"|".join(SENSORS)}",{EVERY_INSTANCE}'
"""Matchers that keep a selector to these sources on the chosen devices."""
