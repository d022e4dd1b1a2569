"""Alerts on good and bad hours of the grid, for those who can wait. They are information, and notify nobody."""

from prometheus.alert import Alert
from prometheus.recording import DAY_INTENSITY, lately

CLEAN_RATIO = 0.8
"""Carbon intensity of a clean hour over the mean of the last day, at most. Judgement: less is not worth a change."""

DIRTY_SAVINGS_RATIO = 0.3
"""Share that the cleanest hour of the next day saves, from which now is dirty. Judgement, as for a clean hour."""

SOON_SECONDS = 900
"""Time within which the cleanest hour begins where now is clean: a forecast's values are of half an hour or an hour."""

INTENSITY = "ecotrack_grid_carbon_intensity_grams_per_kwh"
START = 'ecotrack_clean_window_start_timestamp_seconds{hours="1"}'


def opportunity_alerts() -> tuple[Alert, ...]:
    """Return the alerts on a grid that is clean now, and on one that soon will be."""
    return (
        _alert(
            name="EcotrackGridClean",
            expr=f"{START}\n- on (job, instance) group_left ()\n"
            f"ecotrack_last_sample_timestamp_seconds <= {SOON_SECONDS}\n"
            f"and on (job, instance)\n{INTENSITY}\n< {CLEAN_RATIO} * {lately(DAY_INTENSITY)}",
            summary="The grid of {{ $labels.instance }} is clean now",
            description=(
                "The hour that begins now is the cleanest of the next day in the forecast for {{ $labels.instance }}, "
                "and cleaner than the last day."
            ),
            advice="Start what could wait.",
        ),
        _alert(
            name="EcotrackGridDirty",
            expr=f'ecotrack_clean_window_savings_ratio{{hours="1"}} >= {DIRTY_SAVINGS_RATIO}',
            summary="The grid of {{ $labels.instance }} will be cleaner",
            description=(
                "An hour of work on {{ $labels.instance }} emits {{ $value | humanizePercentage }} less in the "
                "cleanest hour of the next day."
            ),
            advice="Put off what can wait; ecotrack clean-window says until when.",
        ),
    )


def _alert(*, name: str, expr: str, summary: str, description: str, advice: str) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        severity="info",
        component="opportunity",
        summary=summary,
        description=description,
        advice=advice,
    )
