"""Alerts on power sensors, for when a model covers what could be measured."""

from prometheus.alert import SAME_INSTANCE, Alert
from prometheus.recording import DISCARDED, WORKED, WORKING

WORKS = 'state="works"'

LOST_WINDOW = "1d"
"""A source that worked within this time is missed; one that is gone for longer was taken out."""

LATELY = "8m"
"""Time in which a source worked lately: two values, each of which stands for the four minutes before it, so that one
that has not worked for 8 to 12 minutes is lost."""

SURE = "rapl|battery|ipmi|meter"
"""Sources that measure at least the processor wherever they work; drivers under hwmon may know a graphics card only."""


def sensor_alerts() -> tuple[Alert, ...]:
    """Return the alerts on sources that are denied or lost, then on sensors that are frozen, or there and not used."""
    return (*_source_alerts(), *_use_alerts())


def _source_alerts() -> tuple[Alert, ...]:
    works = f"ecotrack_source_state{{{WORKING}}}"
    return (
        _alert(
            name="EcotrackSourceDenied",
            expr='ecotrack_source_state{state="denied"} == 1',
            # It is so from the start, and a model does as long as nobody minds.
            severity="info",
            summary="{{ $labels.instance }} may not read its source {{ $labels.source }}",
            description=(
                "{{ $labels.instance }} has a source {{ $labels.source }} that the exporter's user may not read. "
                "A model stands in for what it would measure, if it is a sensor."
            ),
            advice="The exporter's page says what to make readable; for RAPL, read first what speaks against it.",
        ),
        _alert(
            name="EcotrackSourceLost",
            expr=(
                f"max_over_time({WORKED}[{LOST_WINDOW}]) == 1\n"
                f"unless on (job, instance, source)\nlast_over_time({WORKED}[{LATELY}])\n"
                f"and on (job, instance, source)\n{works} == 0\n"
                'unless on (job, instance, source)\necotrack_source_state{state="fails"} == 1'
            ),
            summary="{{ $labels.instance }} has lost its source {{ $labels.source }}",
            description=(
                "Source {{ $labels.source }} worked on {{ $labels.instance }} within the last day, and for 10 minutes "
                "it has been absent or denied. A model stands in for what it measured."
            ),
            advice="Check what changed: a driver, a cable, permissions after an update.",
        ),
    )


def _use_alerts() -> tuple[Alert, ...]:
    return (
        _alert(
            name="EcotrackSensorFrozen",
            expr=f'sum by (job, instance, source) ({DISCARDED}{{reason="frozen"}})',
            summary="A sensor of {{ $labels.source }} stands still on {{ $labels.instance }}",
            description=(
                "A counter of {{ $labels.source }} on {{ $labels.instance }} gains nothing. "
                "It is not believed until it moves again; a model covers the time."
            ),
            advice="Compare what sensors counted in ecotrack_measured_joules_total; restart driver or meter.",
        ),
        _alert(
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


def _alert(
    *,
    name: str,
    expr: str,
    summary: str,
    description: str,
    advice: str,
    severity: str = "warning",
) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity=severity,
        component="data-quality",
        summary=summary,
        description=description,
        advice=advice,
    )
