"""The Forecast board: bands beside what came, errors and skill by horizon, and which model is served, and why."""

from grafana.board import Board, Choice
from grafana.forecast import bands, errors, models, now, worth
from grafana.simulated import DOCUMENTS, EVERY_SITE, PROGRAM, health

UID = "ecochain-forecast"


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Forecast",
        description=(
            "Forecasts of the supply and of the grid of simulated sites, held against what came. The time axis is that "
            "of the wall's clock; hours ahead are simulated."
        ),
        about=(
            "**Can the forecasts be relied on, and which model makes them?** Each is held against what came: skill is "
            "one less the error of the model over that of the reference behind it. What forecasts are worth in grams "
            "is another question, which experiments answer: the last table, and the page *Forecasts and their worth*."
        ),
        documents=DOCUMENTS | {"Forecasts and their worth": "explanation/forecasts.md"},
        metric="ecochain_clock_timestamp_seconds",
        program=PROGRAM,
        choices=(
            Choice(label="site", title="Site", metric="ecochain_forecast_model_info"),
            Choice(
                label="horizon", title="Horizon", metric="ecochain_forecast_model_info", first="1h", among=EVERY_SITE
            ),
        ),
        tags=("simulator",),
        shown="now-1h",
        rows=(now.row(), bands.row(), errors.row(), models.row(), worth.row(), health()),
    )
