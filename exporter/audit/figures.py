"""An exposition of the exporter, as figures by family and labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels, sorted by name."""


def labels_of(labels: Mapping[str, str]) -> Labels:
    """Return labels as a key."""
    return tuple(sorted(labels.items()))


def shown_labels(labels: Labels) -> str:
    """Return labels as an exposition writes them, in braces; empty where there are none."""
    written = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{written}}}" if labels else ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Values by name of the family and labels; a missing figure is None, never zero."""

    families: Mapping[str, Mapping[Labels, float]]

    def family(self, name: str) -> Mapping[Labels, float]:
        """Return the series of a family; none where it is missing."""
        return self.families.get(name, {})

    def of(self, name: str, **labels: str) -> float | None:
        """Return the sum of the series that have these labels among theirs; None where there is none."""
        chosen = labels.items()
        found = [value for own, value in self.family(name).items() if chosen <= set(own)]
        return sum(found) if found else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return a family's sums by the values of one label."""
        found: dict[str, float] = {}
        for own, value in self.family(name).items():
            key = dict(own).get(label)
            if key is not None:
                found[key] = found.get(key, 0.0) + value
        return found


def parse(text: str) -> Figures:
    """Return the figures of an exposition in the text format. Raises ValueError where it is none."""
    families: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            families.setdefault(sample.name, {})[labels_of(sample.labels)] = sample.value
    return Figures(families)
