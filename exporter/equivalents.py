"""Everyday equivalents of an amount of CO2e, and what its damage costs: one table for page, board and report."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from exporter.core.carbon import Factor
from exporter.core.units import DAYS_PER_YEAR, HOURS_PER_DAY, Grams


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """Grams of one unit of something everyday, and the words for a number of units.

    `smaller` are smaller units, greatest first: how many make one unit, and the words for them.
    """

    factor: Factor
    words: str
    smaller: tuple[tuple[float, str], ...]


EQUIVALENTS: Mapping[str, Equivalent] = {
    "car_kilometers": Equivalent(
        factor=Factor(
            value=249.0,
            unit="g/km",
            source="US EPA, Greenhouse Gas Emissions from a Typical Passenger Vehicle: about 400 g a mile",
            year=2023,
        ),
        words="km in a car",
        smaller=((1000.0, "m in a car"),),
    ),
    "milk_liters": Equivalent(
        factor=Factor(
            value=3200.0,
            unit="g/l",
            source="Poore & Nemecek, Science 360:987: cow's milk, mean of the world's farms",
            year=2018,
        ),
        words="l of cow's milk",
        smaller=((1000.0, "ml of cow's milk"),),
    ),
    "tree_years": Equivalent(
        factor=Factor(
            value=6000.0,
            unit="g/year",
            source="US EPA, Greenhouse Gas Equivalencies Calculator: 0.060 t by an urban tree in ten years",
            year=2021,
        ),
        words="years of a young tree's growth",
        smaller=(
            (DAYS_PER_YEAR, "days of a young tree's growth"),
            (DAYS_PER_YEAR * HOURS_PER_DAY, "hours of a young tree's growth"),
            (DAYS_PER_YEAR * HOURS_PER_DAY * 60.0, "minutes of a young tree's growth"),
        ),
    ),
    "social_cost_dollars": Equivalent(
        factor=Factor(
            value=1e6 / 190.0,
            unit="g/$",
            source="US EPA, Report on the Social Cost of Greenhouse Gases: 190 $ (of 2020) a tonne, discounted by 2%",
            year=2023,
        ),
        words="$ of harm to society",
        smaller=((100.0, "cents of harm to society"),),
    ),
}
"""Equivalents by their label in `ecotrack_equivalent_grams`."""

LEAST = 0.1
"""Number of the smallest unit below which an equivalent tells nobody anything, and is left out. Judgement."""


def equivalents_of(amount: Grams) -> Mapping[str, float]:
    """Return how many units of each equivalent an amount comes to."""
    return {name: amount / one.factor.value for name, one in EQUIVALENTS.items()}


def equivalents_text(equivalents: Mapping[str, float]) -> str:
    """Write numbers of everyday equivalents to two digits, each in a unit that reads; nothing where none does."""
    *others, last = [text for name, number in equivalents.items() if (text := _text(EQUIVALENTS[name], number))] or [""]
    return f"{', '.join(others)}, or {last}" if others else last


def _text(one: Equivalent, number: float) -> str:
    """Write a number in the greatest unit of which there is at least one, or else in the smallest."""
    units = [(number, one.words), *((number * count, words) for count, words in one.smaller)]
    amount, words = next((unit for unit in units if unit[0] >= 1.0), units[-1])
    written, (first, _, rest) = _two_digits(amount), words.partition(" ")
    if written == "1":
        first = first.removesuffix("s")
    return f"{written} {first} {rest}" if amount >= LEAST else ""


def _two_digits(number: float) -> str:
    return f"{Decimal(f'{number:.2g}'):,f}"
