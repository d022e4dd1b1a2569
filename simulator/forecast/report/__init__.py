"""The evaluation of forecasts as figures, tables, pictures and a page."""
