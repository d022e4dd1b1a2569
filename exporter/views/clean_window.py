"""Answer to when a job of some hours and watts is cleanest, and when cheapest, as JSON and as lines of text."""

from datetime import datetime, tzinfo
from urllib.parse import parse_qsl

import msgspec

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.intensity.window import best_window, mean_between
from exporter.snapshot import Snapshot

WATTS_PER_KILOWATT = 1000.0

LEAST_HOURS = 0.01
"""Length of a job that is answered for at least. Judgement: half a minute, far below the steps of any forecast."""

LEAST_WATTS = 0.001
"""Power of a job that is answered for at least. Judgement: a milliwatt is a sensor's, not a machine's."""

MOST_WATTS = 1e6
"""Power of a job that is answered for at most. Judgement: a megawatt is a hall of machines, not one."""


class Job(msgspec.Struct, frozen=True):
    """A job that can wait, of a constant power."""

    hours: float
    watts: float


class WindowView(msgspec.Struct, frozen=True):
    """One window, with the grams and the cost of the job in it; None where they are not known."""

    start: float
    end: float
    grams_per_kwh: float | None
    grams: float | None
    cost: float | None


class CleanWindowView(msgspec.Struct, frozen=True):
    """Answer to a job: begun now, in the cleanest, and with a tariff in the cheapest window of the next day.

    `known_hours` is how far ahead the forecast reaches, and `mean_grams` what the job emits at its mean. `currency` is
    that of the costs, null where it has no name.
    """

    hours: float
    watts: float
    grid_zone: str | None
    known_hours: float
    mean_grams: float | None
    now: WindowView | None
    cleanest: WindowView | None
    cheapest: WindowView | None
    currency: str | None


def job_of(query: str) -> Job:
    """Return the job of a query such as `hours=2&watts=300`. Raises ValueError, in words, for anything else."""
    given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=10))
    numbers = {}
    bounds = (("hours", "1", LEAST_HOURS, float(HOURS_PER_DAY)), ("watts", "100", LEAST_WATTS, MOST_WATTS))
    for name, usual, least, most in bounds:
        try:
            number = float(given.pop(name, usual))
        except ValueError:
            number = 0.0
        if not least <= number <= most:
            raise ValueError(f"expected {name} from {least:g} to {most:,.0f}")
        numbers[name] = number
    if given:
        raise ValueError("expected no more than hours and watts")
    return Job(**numbers)


def clean_window(snapshot: Snapshot, job: Job, now: UnixSeconds) -> CleanWindowView:
    """Answer a job from the forecast and the tariff that a snapshot knows."""
    intensity, tariff = snapshot.readings.intensity, snapshot.readings.tariff
    duration = Seconds(job.hours * SECONDS_PER_HOUR)
    pieces = [] if intensity is None else intensity.outlook.pieces(now)
    prices = [] if tariff is None else tariff.pieces(now)
    kwh = job.watts * job.hours / WATTS_PER_KILOWATT

    def view(start: float) -> WindowView:
        mean = mean_between(pieces, start, start + duration)
        price = mean_between(prices, start, start + duration)
        return WindowView(
            start=start,
            end=start + duration,
            grams_per_kwh=mean,
            grams=None if mean is None else mean * kwh,
            cost=None if price is None else price * kwh,
        )

    cleanest, cheapest = best_window(pieces, duration), best_window(prices, duration)
    return CleanWindowView(
        hours=job.hours,
        watts=job.watts,
        grid_zone=None if intensity is None else intensity.zone,
        known_hours=(pieces[-1][1] - now) / SECONDS_PER_HOUR if pieces else 0.0,
        mean_grams=None if cleanest is None else cleanest.mean_ahead * kwh,
        now=view(now) if cleanest is not None or cheapest is not None else None,
        cleanest=None if cleanest is None else view(cleanest.start),
        cheapest=None if cheapest is None else view(cheapest.start),
        currency=(tariff.currency or None) if tariff is not None else None,
    )


def answer_lines(answer: CleanWindowView, zone: tzinfo | None) -> list[str]:
    """Write an answer in lines, with times in a time zone, or as this machine's clock has them."""
    job = f"{answer.hours:g} h at {answer.watts:g} W"
    if answer.cleanest is None and answer.cheapest is None:
        return [f"{job}: no forecast reaches so far ({answer.known_hours:.1f} h are known)"]
    lines = [
        job if answer.grid_zone is None else f"{job} in {answer.grid_zone}, {answer.known_hours:.1f} h are forecast"
    ]
    for name in ("now", "cleanest", "cheapest"):
        window: WindowView | None = getattr(answer, name)
        if window is not None:
            begins = datetime.fromtimestamp(window.start, zone)
            emitted = "grams unknown" if window.grams is None else f"{window.grams:.1f} g"
            cost = "" if window.cost is None else f", costs {window.cost:.2f} {answer.currency or ''}".rstrip()
            lines.append(f"{name:9} {begins:%a %H:%M}  {emitted}{cost}")
    if answer.mean_grams is not None and answer.cleanest is not None and answer.cleanest.grams is not None:
        saved = answer.mean_grams - answer.cleanest.grams
        lines.append(f"the cleanest window saves {saved:.1f} g against the mean of the hours ahead")
    return lines
