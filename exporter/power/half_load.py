"""The power of each kind of machine at half load, in the table `half_load_watts` beside this file, with sources.

Half load is what Cloud Carbon Footprint assumes where no utilization is known. Here it holds for every kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.power.hardware import Hardware, Kind
from exporter.power.tables import read


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfLoad:
    """Watts of a kind of machine, for each of its processors, for each virtual CPU, or for the whole machine."""

    kind: Kind
    title: str
    per: str
    watts: Factor

    def count(self, hardware: Hardware) -> int:
        """Return how many times a machine has the watts."""
        return {"processor": hardware.processor.chips, "virtual CPU": hardware.vcpus}.get(self.per, 1)


def machines_at_half_load() -> Iterator[HalfLoad]:
    """Yield the row of every kind of machine."""
    for row in read("half_load_watts"):
        yield HalfLoad(
            kind=Kind(row["kind"]),
            title=row["title"],
            per=row["per"],
            watts=Factor(
                value=float(row["watts"]),
                unit="W" if row["per"] == "machine" else f"W/{row['per']}",
                source=row["source"],
                year=int(row["year"]),
            ),
        )
