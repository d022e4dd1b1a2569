"""Bands of the forecasts beside what came."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FAINT
from grafana.forecast.names import CHOSEN, FORECAST, NO_FORECAST, OBSERVED, OF_HORIZONS
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, lines
from grafana.promql import select
from grafana.simulated import EVERY_SITE

BANDS = (
    Series(name="95%", colour=FAINT, below="5%"),
    Series(name="5%", colour=FAINT),
    Series(name="90%", colour=FAINT, below="10%"),
    Series(name="10%", colour=FAINT),
)
"""The ends of the 90% band, and of the 80% band."""

BOUNDS = {"95%": "p95", "90%": "p90", "10%": "p10", "5%": "p05"}

SUMMED = (
    "Bounds of several sites are summed, which is wider than the band of their sum would be: choose one site to see "
    "its band."
)


def row() -> Row:
    """Build the row of a panel for each kind of supply, and one for the grids."""
    panels = (
        _supply("solar", "Solar power: forecast and observed"),
        _supply("wind", "Wind power: forecast and observed"),
        _grid(),
    )
    return Row(title="Forecast $horizon ahead, and what came", panels=panels)


def _supply(supply: str, title: str) -> dashboard.Panel:
    forecast = select("ecochain_forecast_watts", CHOSEN, supply=supply)
    observed = select("ecochain_forecast_observed_watts", EVERY_SITE, supply=supply)
    facts = Facts(
        title=title,
        description=(
            f"Mean {supply} power of the chosen sites in the simulated hour that ended last, and what was forecast for "
            f"that hour, so long before its end, with the bands that should hold 80% and 90% of hours. {SUMMED}"
        ),
        unit="watt",
        no_value=f"{NO_FORECAST}, or no chosen site has {supply} power",
        targets=(
            Target(expr=f"sum({observed})", legend="observed"),
            Target(expr=f"sum({forecast})", legend="forecast"),
            *(
                Target(
                    expr=f"sum({select('ecochain_forecast_interval_watts', CHOSEN, supply=supply, bound=bound)})",
                    legend=name,
                )
                for name, bound in BOUNDS.items()
            ),
        ),
        series=(OBSERVED, FORECAST, *BANDS),
        width=12,
        height=10,
        minimum=0,
    )
    return lines(facts)


def _grid() -> dashboard.Panel:
    observed = select("ecochain_site_grid_intensity_grams_per_kwh", EVERY_SITE)
    forecast = select("ecochain_site_grid_intensity_forecast_grams_per_kwh", CHOSEN)
    sites = f"on (job, instance, site) {forecast}"
    facts = Facts(
        title="Carbon intensity of the grid: forecast and observed",
        description=(
            "Carbon intensity of the grid, as a mean of the chosen sites that have a forecast of it: what was forecast "
            f"for the simulated hour that ended last, with its bands, and the present figure. {OF_HORIZONS}"
        ),
        unit=GRAMS_PER_KWH,
        no_value=f"{NO_FORECAST}, or the grid is known by the hour",
        targets=(
            Target(expr=f"avg({observed} and {sites})", legend="observed"),
            Target(expr=f"avg({forecast})", legend="forecast"),
            *(
                Target(
                    expr=f"avg({select('ecochain_site_grid_intensity_interval_grams_per_kwh', CHOSEN, bound=bound)})",
                    legend=name,
                )
                for name, bound in BOUNDS.items()
            ),
        ),
        series=(OBSERVED, FORECAST, *BANDS),
        width=24,
        height=10,
        minimum=0,
    )
    return lines(facts)
