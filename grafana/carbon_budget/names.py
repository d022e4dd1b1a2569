"""Names and expressions that several rows of the board share."""

from grafana.promql import select

DOCUMENTS = {
    "How to read it": "how-to/read-the-budget-dashboard.md",
    "Use a live grid": "how-to/use-a-live-grid.md",
    "Budget runbook": "runbooks/budget.md",
    "Opportunity runbook": "runbooks/opportunity.md",
}
"""Pages on the board."""

TO_DEVICE = "Its power, its activity and its score"
"""Title of the links to the board Device carbon."""

NO_FORECAST = "no forecast: it needs a provider that has one, in grid.live.provider"
NO_PRICE = "no price configured: set grid.price_per_kwh or grid.daily_tariff"


INTENSITY = "ecotrack_grid_carbon_intensity_grams_per_kwh"
FORECAST = "ecotrack_grid_carbon_forecast_grams_per_kwh"

MEAN_OF_A_DAY = f"avg by (job, instance) (avg_over_time({select(INTENSITY)}[1d]))"
"""Mean of the intensity that was in force in the last day, by device."""
