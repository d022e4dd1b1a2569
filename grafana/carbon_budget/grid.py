"""The grid: its intensity beside what was forecast, the hours to come, how good forecasts are, and who tells it."""

from grafana_foundation_sdk.models import common, dashboard, trend

from exporter.intensity.reading import HORIZONS, OBSERVED
from grafana.board import Row
from grafana.carbon_budget.names import FORECAST, INTENSITY, MEAN_OF_A_DAY, NO_FORECAST
from grafana.colours import COMPONENTS, GRID, METHODS, PLAIN, RENEWABLE
from grafana.device import NO_DATA
from grafana.joined import by_number, over_a_number
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, lines, rows, states, texts
from grafana.promql import EVERY_INSTANCE, select
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.opportunity_alerts import CLEAN_RATIO

INFO = "ecotrack_grid_carbon_intensity_info"
HEIGHT = 10
VERIFIED_HORIZONS = f'horizon=~"{"|".join(f"{hours}h" for hours in HORIZONS)}",{EVERY_INSTANCE}'

BASIS_PIXELS, VALUE_PIXELS = 232, 96
"""Widths of a basis in three words, and of a value with its unit."""


def row() -> Row:
    """Build the row of the intensity, the hours to come, the forecast's error, and where the value comes from."""
    panels = (_over_time(), _ahead(), _errors(), _origin(), _methods())
    return Row(title="Grid", panels=panels)


def _over_time() -> dashboard.Panel:
    def forecast(horizon: str, offset: str) -> str:
        return f"avg({select(FORECAST, horizon=horizon)} offset {offset})"

    facts = Facts(
        title="Carbon intensity, and what was forecast",
        description=(
            "Carbon intensity of electricity in force; beside it what the provider had forecast for this time an hour "
            "and a day before, and what was in force a day before, which a forecast has to be better than. The dashed "
            "red line, where it shows, is the most that a grid can have. Several devices: the mean of theirs."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(expr=f"avg({select(INTENSITY)})", legend="in force"),
            Target(expr=forecast("1h", "1h"), legend="forecast an hour before"),
            Target(expr=forecast("24h", "1d"), legend="forecast a day before"),
            Target(expr=f"avg({select(INTENSITY)} offset 1d)", legend="as yesterday"),
        ),
        series=(
            Series(name="in force", colour=GRID),
            Series(name="forecast an hour before", colour=PLAIN, dashed=True),
            Series(name="forecast a day before", colour=METHODS["forecast"], dashed=True),
            Series(name="as yesterday", colour=COMPONENTS["cpu"], dashed=True),
        ),
        limit=HIGHEST_GRAMS_PER_KWH,
        width=12,
        height=HEIGHT,
        minimum=0,
        decimals=0,
    )
    return lines(facts)


def _ahead() -> dashboard.Panel:
    def mean(comparison: str) -> str:
        chosen = f"{select(FORECAST)} {comparison} on (job, instance) group_left () ({CLEAN_RATIO} * {MEAN_OF_A_DAY})"
        return _by_hours(chosen)

    facts = Facts(
        title="The next 24 hours",
        description=(
            "The provider's forecast for each hour of the next day; across: hours from now. Clean hours, in green, are "
            f"more than {1 - CLEAN_RATIO:.0%} below the mean of the last day, as in the alert EcotrackGridClean. "
            "Several devices: the mean of theirs."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_FORECAST,
        targets=(Target(expr=mean("<"), legend="clean hours"), Target(expr=mean(">="), legend="other hours")),
        series=(Series(name="clean hours", colour=RENEWABLE), Series(name="other hours", colour=GRID)),
        width=12,
        height=HEIGHT,
        minimum=0,
        decimals=0,
    )
    custom = trend.FieldConfig(
        draw_style=common.GraphDrawStyle.BARS,
        line_width=0,
        fill_opacity=80,
        show_points=common.VisibilityMode.NEVER,
        axis_soft_max=1.0,
    )
    return over_a_number(facts, custom, size="hours")


def _errors() -> dashboard.Panel:
    error = "ecotrack_grid_carbon_forecast_error_grams_per_kwh"
    verified = "ecotrack_grid_carbon_forecast_verified_seconds"
    values = {
        "Forecast": select(FORECAST, VERIFIED_HORIZONS),
        "Off by": select(error, reference="forecast"),
        "Yesterday's": select(error, reference="yesterday"),
        **{method.capitalize(): select(verified, method=method) for method in sorted(OBSERVED)},
    }
    facts = Facts(
        title="How far off the forecast is",
        description=(
            "By how long ahead it looks: the forecast now, its mean absolute error over the last week, and that of "
            "yesterday's value taken as the forecast for the same hours. The last two columns say for how long it was "
            "verified, by values that were measured, or that the provider estimated after the event. At 0 in both, "
            "nothing verifies it: some providers never tell what was. It begins anew with the exporter. Several "
            "devices: the mean of theirs."
        ),
        unit="suffix:g",
        no_value=NO_FORECAST,
        targets=tuple(Target(expr=_by_hours(expr), legend=name) for name, expr in values.items()),
        series=(
            Series(name="Ahead", unit="suffix:h"),
            *(Series(name=method.capitalize(), unit="dtdhms") for method in sorted(OBSERVED)),
        ),
        decimals=0,
        width=12,
        height=6,
    )
    return by_number(rows(facts, columns={"hours": "Ahead", **{name: name for name in values}}), "Ahead")


def _by_hours(expr: str) -> str:
    """Return the mean by the number of hours that a horizon is ahead."""
    return f'avg by (hours) (label_replace({expr}, "hours", "$1", "horizon", "(.+)h"))'


def _origin() -> dashboard.Panel:
    facts = Facts(
        title="Where the intensity comes from",
        description=(
            "Zone, basis, method and provider of the value in force. Values of two bases cannot be compared: marginal "
            "ones are often twice the average, and life-cycle ones of a clean grid several times the operational ones. "
            "A method last_known or static under a live provider is a fallback."
        ),
        unit=GRAMS_PER_KWH,
        no_value=NO_DATA,
        targets=(
            Target(
                expr=f"avg by (instance, grid_zone, basis, method, provider) ({select(INTENSITY)} "
                f"* on (job, instance, grid_zone) group_left (basis, method, provider) {select(INFO)})",
                legend="value",
            ),
        ),
        series=(
            Series(name="Basis", pixels=BASIS_PIXELS),
            Series(name="Value", unit=GRAMS_PER_KWH, decimals=0, pixels=VALUE_PIXELS),
        ),
        width=12,
        height=6,
    )
    columns = {"grid_zone": "Zone", "value": "Value", "method": "Method", "provider": "Provider", "basis": "Basis"}
    return rows(facts, columns=columns, hidden=("instance",))


def _methods() -> dashboard.Panel:
    numbers = {method: number for number, method in enumerate(METHODS, start=1)}
    # The last method stands first, and goes before another of the same device.
    terms = [f"{number} * max by (instance) ({select(INFO, method=method)})" for method, number in numbers.items()]
    facts = Facts(
        title="How the intensity was known",
        description=(
            "Method of the value in force, by device: measured, or estimated by the provider after the event; its "
            "forecast for the present; its last value while it fails; or the fixed figure, static. Where a live "
            "provider is configured, the last two are fallbacks."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(Target(expr=" or on (instance) ".join(reversed(terms)), legend="{{instance}}"),),
        mappings=texts({number: (method, METHODS[method]) for method, number in numbers.items()}),
        width=24,
        height=5,
    )
    return states(facts)
