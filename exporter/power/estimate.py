"""The idle and full power that an estimate gives a machine, and where it comes from."""

from dataclasses import dataclass

from exporter.core.units import Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Idle and full watts of a machine at the wall.

    `source` and `model` name the kind of source and the row. `rung` is the row of the table of bands. `curved` says
    that power rises faster towards full load. `counted` says how many of what the watts are for. `gb` is the memory
    that they include; None where it is not known.
    """

    idle: Watts
    full: Watts
    source: str
    model: str
    rung: str
    curved: bool
    counted: str = ""
    gb: float | None = None


def numbered(number: int, name: str) -> str:
    """Write how many there are of something: 1 processor, 2 processors."""
    return f"{number} {name}{'' if number == 1 else 's'}"
