"""The eco score: the emissions of the last hour against those of a machine of the same kind at half load.

    score = 1 / (1 + grams / reference)

`grams` are those of host and network, `reference` those of a machine of this kind and size at half load in an hour at
the world's average carbon intensity. Four factors multiply to grams / reference. Each is 1 where it is as in the
reference, and less is better:

    grid     mean carbon intensity / the world's
    network  power of machine and network / power of the machine
    power    power of the machine / its power at idle
    idle     power at idle / power of the reference

Without a power at idle there is no `idle`, and `power` is against the reference. In PromQL the factors give the score:

    1 / (1 + exp(sum by (job, instance) (ln(ecotrack_eco_score_factor_ratio))))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.core.carbon import GRID_FACTORS, emission_rate
from exporter.core.units import JOULES_PER_KWH, GramsPerKwh, GramsPerSecond, Ratio, Seconds, Watts
from exporter.last_hour import Emissions
from exporter.power.estimate import numbered
from exporter.power.hardware import Hardware, Kind
from exporter.power.tables import read

WORLD = GRID_FACTORS["ecotrack"]

LEAST = Seconds(60.0)
"""Time that has to be counted for a score. Judgement: with less, one burst, such as the exporter's own start, would be
the verdict."""


class ScoreFactor(StrEnum):
    """Factor of grams / reference: the grid, the network's part, the machine's load, or its waste at idle."""

    GRID = "grid"
    NETWORK = "network"
    POWER = "power"
    IDLE = "idle"


FACTOR_LABELS: Mapping[ScoreFactor, str] = {
    ScoreFactor.GRID: "Grid",
    ScoreFactor.NETWORK: "Network",
    ScoreFactor.POWER: "Power",
    ScoreFactor.IDLE: "Waste at idle",
}
"""Names of the factors for people."""


class Grade(StrEnum):
    """Letter of a score, A is best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


MOST_OF_THE_REFERENCE: Mapping[Grade, float] = {Grade.A: 0.25, Grade.B: 0.5, Grade.C: 1.0, Grade.D: 2.0, Grade.E: 4.0}
"""Grams / reference up to which each letter goes; beyond the last it is F. A convention: the reference is the last to
have a C, and each letter is a factor of two, since the power of a machine without sensors is hardly known better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Machine at half load that a machine is compared with.

    `machine` is its kind as the configuration writes it, `title` as people say it; `watts` are those of all of it.
    """

    machine: str
    title: str
    watts: Watts
    source: str

    @property
    def is_virtual(self) -> bool:
        """True if it is a virtual machine, and so is the one that is compared with it."""
        return self.machine == Kind.VM

    @property
    def rate(self) -> GramsPerSecond:
        """Its emissions at the world's average carbon intensity."""
        return emission_rate(self.watts, GramsPerKwh(WORLD.value))

    @property
    def description(self) -> str:
        """Its title, and the watts and carbon intensity of its emissions."""
        return f"{self.title}: {self.watts:.3g} W at {WORLD.value:g} g/kWh, the world's average"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcoScore:
    """Score with its letter and its factors; `rate` is the mean emission rate over the time that was `counted`."""

    value: Ratio
    grade: Grade
    factors: Mapping[ScoreFactor, Ratio]
    rate: GramsPerSecond
    counted: Seconds


def reference_of(hardware: Hardware) -> Reference | None:
    """Return the machine at half load of the same kind and size; None where nothing tells the kind.

    Its watts stand in the table `half_load_watts` of `exporter.power`, with sources. Half load is what Cloud Carbon
    Footprint assumes where no utilization is known; here it holds for every kind.
    """
    for row in read("half_load_watts"):
        if row["kind"] == hardware.kind:
            count = {"processor": hardware.processor.chips, "virtual CPU": hardware.vcpus}.get(row["per"], 1)
            size = "" if row["per"] == "machine" else f" of {numbered(count, row['per'])}"
            return Reference(
                machine=row["kind"],
                title=f"{row['title']}{size} at half load",
                watts=Watts(count * float(row["watts"])),
                source=row["source"],
            )
    return None


def score_of(rate: GramsPerSecond, reference: Reference) -> tuple[Ratio, Grade]:
    """Return score and letter of an emission rate."""
    ratio = rate / reference.rate
    grade = next((grade for grade, most in MOST_OF_THE_REFERENCE.items() if ratio <= most), Grade.F)
    return Ratio(1.0 / (1.0 + ratio)), grade


def eco_score(emissions: Emissions, reference: Reference, idle: Watts) -> EcoScore | str:
    """Return the score of emissions of a machine whose power at idle is `idle`; or why there is none."""
    if emissions.seconds < LEAST:
        return f"{emissions.seconds:.0f} s are counted, and {LEAST:.0f} are needed"
    if emissions.host.energy <= 0.0:
        return "this machine's power reads zero, which no machine draws that runs"
    value, grade = score_of(emissions.rate, reference)
    return EcoScore(
        value=value,
        grade=grade,
        factors=_factors(emissions, reference, idle),
        rate=emissions.rate,
        counted=emissions.seconds,
    )


def _factors(emissions: Emissions, reference: Reference, idle: Watts) -> Mapping[ScoreFactor, Ratio]:
    host = emissions.host.watts
    both = host + emissions.network.watts
    found = {
        ScoreFactor.GRID: Ratio(emissions.rate * JOULES_PER_KWH / both / WORLD.value),
        ScoreFactor.NETWORK: Ratio(both / host),
    }
    if idle <= 0.0:
        return found | {ScoreFactor.POWER: Ratio(host / reference.watts)}
    return found | {ScoreFactor.POWER: Ratio(host / idle), ScoreFactor.IDLE: Ratio(idle / reference.watts)}
