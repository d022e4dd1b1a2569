"""Origins of an hour's figures, by stored samples: two texts that a claim names by their digests, and notes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from exporter.core.prometheus import Points, Series
from simulator.ledger.attest.scrapes import RefusedError, Scrapes, refuse_gaps
from simulator.ledger.file.measured import band_text

POWER_INFO, INTENSITY_INFO = "ecotrack_power_source_info", "ecotrack_grid_carbon_intensity_info"

POWER, LOW, HIGH = "ecotrack_power_watts", "ecotrack_power_low_watts", "ecotrack_power_high_watts"

SENSORS = {"battery", "hwmon", "ipmi", "meter", "nvml", "rapl"}
"""Sources of power that measure it, as the exporter names them; all others estimate it."""

MOST_TEXT_BYTES = 4096
"""Length of a text of a claim. Judgement: an exporter tells a tenth of that, and shows proofs of up to 64 KiB."""

NOTED = {
    "ecotrack_gap_joules_total": "{:.0f} J of a time without the exporter are not in it",
    "ecotrack_sample_gaps_total": "{:.0f} samples after a gap ({reason})",
    "ecotrack_discarded_readings_total": "{:.0f} readings of {source} were discarded ({reason})",
    "ecotrack_resets_total": "{:.0f} counters of {source} began anew",
}
"""Counters whose rise a reader should know of, and how it is told."""


def intensity_text(series: Sequence[Series], scrapes: Scrapes, start: float) -> str:
    """Return zone, basis, method and provider of the carbon intensity in force, each as it began.

    Raises RefusedError where it was not known for a while: then emissions were not counted.
    """
    told = _labels(series, scrapes, start, INTENSITY_INFO, "nothing says the carbon intensity")
    keys = ("grid_zone", "basis", "method", "provider")
    parts = [", ".join(f"{key} {one.get(key, '')}" for key in keys) for one in told]
    return _text(parts, "the carbon intensity")


def power_text(series: Sequence[Series], scrapes: Scrapes, start: float, contradicted: Iterable[str] = ()) -> str:
    """Return where the power of each component of the host comes from, how far it may be off, and what contradicts it.

    Raises RefusedError where nothing says so.
    """
    components = {name for values in scrapes.energy.values() for name in values}
    told = [
        one
        for one in _labels(series, scrapes, start, POWER_INFO, "nothing says where the power comes from")
        if one.get("component", "") in components
    ]
    parts = [f"{one.get('component', '')}: {one.get('source', '')} ({one.get('model', '')})" for one in told]
    unknown = sorted(
        name for name in components - {one.get("component", "") for one in told} if has_moved(scrapes, name)
    )
    text = _text([*parts, *(f"{name}: unknown" for name in unknown)], "the power") or "unknown"
    if unknown or not all(SENSORS.issuperset(one.get("source", "").split("+")) for one in told):
        text += "; what no sensor measures is estimated by a model"
    band = _band(series, scrapes, components)
    return "; ".join([text, *([] if band is None else [band]), *contradicted])


def has_moved(scrapes: Scrapes, component: str) -> bool:
    """Tell whether a component was counted in an hour; one that an exporter knows no more keeps its last value."""
    return len({values.get(component) for values in scrapes.energy.values()}) > 1


def _labels(series: Sequence[Series], scrapes: Scrapes, start: float, name: str, missing: str) -> list[dict[str, str]]:
    """Return the labels of a family's series in the scrapes, in the order in which they began. Raises RefusedError."""
    within = scrapes.times
    found = []
    for one in series:
        times = _within(one, name, within)
        if times:
            found.append((times[0], sorted(one.labels.items()), times))
    refuse_silence([at for _, _, times in found for at in times], scrapes, start, missing)
    return [dict(labels) for _, labels, _ in sorted(found, key=lambda one: (one[0], one[1]))]


def refuse_silence(told: Iterable[float], scrapes: Scrapes, start: float, missing: str) -> None:
    """Refuse an hour of which the exporter did not tell something for longer than a gap may be. Raises RefusedError."""
    known = sorted(set(told))
    # The first scrape after the exporter's start may be one before its first sample.
    refuse_gaps([scrapes.times[0], *known] if known else known, start, scrapes.gap, missing)


def _text(parts: Iterable[str], of: str) -> str:
    """Return parts as one text, each once. Raises RefusedError where it is longer than a proof takes."""
    text = "; ".join(dict.fromkeys(parts))
    if len(text.encode()) > MOST_TEXT_BYTES:
        raise RefusedError(f"more is told about {of} than the {MOST_TEXT_BYTES:,} bytes that a claim takes")
    return text


def _within(one: Series, name: str, times: Sequence[float]) -> list[float]:
    if one.labels.get("__name__") != name:
        return []
    return [at for at, value in one.points if times[0] <= at <= times[-1] and value == 1.0]


def _band(series: Sequence[Series], scrapes: Scrapes, components: set[str]) -> str | None:
    """Return the band around the power in words, as a share of it; None where the exporter tells of none."""
    sums = dict.fromkeys((POWER, LOW, HIGH), 0.0)
    times = set(scrapes.times)
    for one in series:
        name = one.labels.get("__name__", "")
        if name in sums and one.labels.get("component") in components:
            sums[name] += sum(value for at, value in one.points if at in times)
    if not 0.0 < sums[LOW] <= sums[POWER] <= sums[HIGH] < float("inf"):
        return None
    return band_text(sums[LOW] / sums[POWER], sums[HIGH] / sums[POWER])


def notes_of(series: Sequence[Series], scrapes: Scrapes) -> tuple[str, ...]:
    """Return what the exporter says of the hour that a reader should know."""
    return tuple(sorted(_notes(series, scrapes)))


def _notes(series: Sequence[Series], scrapes: Scrapes) -> Iterator[str]:
    first, last = scrapes.times[0], scrapes.times[-1]
    for one in series:
        text = NOTED.get(one.labels.get("__name__", ""))
        rise = 0.0 if text is None else _rise(tuple(point for point in one.points if first <= point[0] <= last))
        if text is not None and rise > 0.0 and one.labels.get("scope", "host") == "host":
            yield text.format(rise, source=one.labels.get("source", ""), reason=one.labels.get("reason", ""))


def _rise(points: Points) -> float:
    return sum(after if after < before else after - before for (_, before), (_, after) in pairwise(points))
