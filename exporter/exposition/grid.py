"""Carbon intensity of electricity, and its provider."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.core.units import SECONDS_PER_HOUR, Seconds
from exporter.exposition.family import counter, gauge, info
from exporter.intensity.window import Window, best_window
from exporter.snapshot import Snapshot

WINDOW_HOURS = (1, 2, 4, 8)
"""Lengths of jobs for which the cleanest window is exported. Judgement: an hour, to a night."""


UNNAMED = "unnamed"
"""Currency of a price that the configuration names none for."""


def _intensity(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.zone,), intensity.value


def _intensity_origin(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.zone, intensity.basis, intensity.method, intensity.provider), 1.0


def _intensity_time(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        yield (intensity.provider,), intensity.described_at


def _provider_up(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    up = {} if intensity is None else {intensity.provider: 1.0}
    for provider, value in (up | dict.fromkeys(snapshot.readings.intensity_troubles, 0.0)).items():
        yield (provider,), value


def _discarded(snapshot: Snapshot) -> Iterator[Sample]:
    yield from snapshot.discarded_answers.items()


def _forecast(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None and snapshot.sampled_at is not None:
        for hours, value in intensity.outlook.hours_ahead(snapshot.sampled_at).items():
            yield (f"{hours}h",), value


def _forecast_error(snapshot: Snapshot) -> Iterator[Sample]:
    intensity = snapshot.readings.intensity
    if intensity is not None:
        for hours, (forecast, yesterday) in intensity.outlook.errors.items():
            yield (f"{hours}h", "forecast"), forecast
            yield (f"{hours}h", "yesterday"), yesterday


def _judged(snapshot: Snapshot) -> Iterator[Sample]:
    intensity, now = snapshot.readings.intensity, snapshot.sampled_at
    if intensity is not None and now is not None:
        outlook = intensity.outlook
        known = outlook.hours_ahead(now).keys() | outlook.errors.keys()
        for hours, counts in outlook.judged.items():
            for method, count in counts.items() if hours in known else ():
                yield (f"{hours}h", method), count * SECONDS_PER_HOUR


def _price(snapshot: Snapshot) -> Iterator[Sample]:
    tariff = snapshot.readings.tariff
    if tariff is not None and snapshot.sampled_at is not None:
        yield (tariff.currency or UNNAMED,), tariff.at(snapshot.sampled_at)


def _clean_start(snapshot: Snapshot) -> Iterator[Sample]:
    for hours, window in _clean_windows(snapshot):
        yield (str(hours),), window.start


def _clean_savings(snapshot: Snapshot) -> Iterator[Sample]:
    for hours, window in _clean_windows(snapshot):
        yield (str(hours),), window.savings


def _clean_windows(snapshot: Snapshot) -> Iterator[tuple[int, Window]]:
    intensity, now = snapshot.readings.intensity, snapshot.sampled_at
    if intensity is not None and now is not None:
        pieces = intensity.outlook.pieces(now)
        for hours in WINDOW_HOURS:
            window = best_window(pieces, Seconds(hours * SECONDS_PER_HOUR))
            if window is not None:
                yield hours, window


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_grid_carbon_intensity_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("grid_zone",),
        help="Carbon intensity of electricity, as in force at the last sample.",
        read=_intensity,
    ),
    info(
        name="ecotrack_grid_carbon_intensity_info",
        labels=("grid_zone", "basis", "method", "provider"),
        help="Basis of the carbon intensity in force, the method by which its value is known, and its provider.",
        read=_intensity_origin,
    ),
    gauge(
        name="ecotrack_grid_carbon_intensity_timestamp_seconds",
        unit="seconds",
        labels=("provider",),
        help="Time to which the carbon intensity in force refers; for a yearly average, the end of the year.",
        read=_intensity_time,
    ),
    gauge(
        name="ecotrack_grid_provider_up",
        labels=("provider",),
        help="State of the provider of carbon intensity: 1 with a value for the last sample, 0 without.",
        read=_provider_up,
    ),
    counter(
        name="ecotrack_grid_discarded_answers_total",
        labels=("provider", "reason"),
        help="Discarded answers, and single discarded values, of a live provider.",
        read=_discarded,
    ),
    gauge(
        name="ecotrack_grid_carbon_forecast_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("horizon",),
        help="Carbon intensity of electricity that the provider forecasts for the hours after the last sample.",
        read=_forecast,
    ),
    gauge(
        name="ecotrack_grid_carbon_forecast_error_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("horizon", "reference"),
        help="Mean absolute error over the last week of the provider's forecast, and of yesterday's value instead.",
        read=_forecast_error,
    ),
    gauge(
        name="ecotrack_grid_carbon_forecast_verified_seconds",
        unit="seconds",
        labels=("horizon", "method"),
        help="Duration within the last week for which the forecast was verified, by the method of the values used.",
        read=_judged,
    ),
    gauge(
        name="ecotrack_clean_window_start_timestamp_seconds",
        unit="seconds",
        labels=("hours",),
        help="Start of the window of the next 24 hours in which a job of so many hours emits least.",
        read=_clean_start,
    ),
    gauge(
        name="ecotrack_clean_window_savings_ratio",
        labels=("hours",),
        help="Share of its emissions that a job of so many hours saves in the cleanest window, against a start now.",
        read=_clean_savings,
    ),
    gauge(
        name="ecotrack_electricity_price_per_kwh",
        labels=("currency",),
        help="Price of a kilowatt hour of electricity, as configured for the time of the last sample.",
        read=_price,
    ),
)
