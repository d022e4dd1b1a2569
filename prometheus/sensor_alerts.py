"""Alerts on power sensors, for when a model covers what could be measured."""

from prometheus.alert import SAME_INSTANCE, Alert
from prometheus.data_quality_alerts import alert_on_data
from prometheus.recording import DENIED, DISCARDED, LOST, lately

WORKS = 'state="works"'

SURE = "rapl|battery|ipmi|meter"
"""Sources that measure at least the processor wherever they work; drivers under hwmon may know a graphics card only."""


def sensor_alerts() -> tuple[Alert, ...]:
    """Return the alerts on sources that are denied or lost, then on sensors that are frozen, or there and not used."""
    return (*_source_alerts(), *_use_alerts())


def _source_alerts() -> tuple[Alert, ...]:
    return (
        alert_on_data(
            name="EcotrackSourceDenied",
            expr=lately(DENIED),
            # It is so from the start, and a model does as long as nobody minds.
            severity="info",
            summary="{{ $labels.instance }} may not read its source {{ $labels.source }}",
            description=(
                "{{ $labels.instance }} has a source {{ $labels.source }} that the exporter's user may not read. "
                "A model stands in for what it would measure, if it is a sensor."
            ),
            advice="The exporter's page says what to make readable; for RAPL, read first what speaks against it.",
        ),
        alert_on_data(
            name="EcotrackSourceLost",
            expr=lately(LOST),
            summary="{{ $labels.instance }} has lost its source {{ $labels.source }}",
            description=(
                "Source {{ $labels.source }} worked on {{ $labels.instance }} within the last day, and for 10 minutes "
                "it has been absent or denied. A model stands in for what it measured."
            ),
            advice="Check what changed: a driver, a cable, permissions after an update.",
        ),
    )


def _use_alerts() -> tuple[Alert, ...]:
    frozen = lately(f'{DISCARDED}{{reason="frozen"}}')
    return (
        alert_on_data(
            name="EcotrackSensorFrozen",
            expr=f"sum by (job, instance, source) ({frozen})",
            summary="A sensor of {{ $labels.source }} stands still on {{ $labels.instance }}",
            description=(
                "A counter of {{ $labels.source }} on {{ $labels.instance }} gains nothing. "
                "It is not believed until it moves again; a model covers the time."
            ),
            advice="Compare what sensors counted in ecotrack_measured_joules_total; restart driver or meter.",
        ),
        alert_on_data(
            name="EcotrackModelDespiteSensor",
            expr=(
                f'ecotrack_source_state{{{WORKS}, source=~"{SURE}"}} == 1\n'
                f'and {SAME_INSTANCE}\necotrack_power_source_info{{component="cpu", model!="measured"}}'
            ),
            summary="{{ $labels.instance }} models its processor although {{ $labels.source }} works",
            description=(
                "Source {{ $labels.source }} can be read on {{ $labels.instance }}, but a model tells the processor's "
                "power."
            ),
            advice="Look at ecotrack_discarded_readings_total, whose label reason says why readings are not used.",
        ),
    )
