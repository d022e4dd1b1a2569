"""The warning of intervals that reach what a figure cannot be."""

from collections.abc import Iterator, Sequence

from simulator.experiments.write.display import DISPLAYS


def reaching_too_far(told: str, found: Sequence[tuple[str, str]], least: str) -> Iterator[str]:
    """Yield a warning that names the methods by measure; nothing where none was found."""
    by_measure: dict[str, list[str]] = {}
    for measure, method in found:
        by_measure.setdefault(measure, []).append(f"`{method}`")
    if by_measure:
        named = "; ".join(f"{DISPLAYS[measure].heading}: {', '.join(those)}" for measure, those in by_measure.items())
        yield (
            f"{told}: {named}. The runs differ so much, or are so few, that a symmetric interval does not fit; plots "
            f"cut the interval off at {least}."
        )
        yield ""
