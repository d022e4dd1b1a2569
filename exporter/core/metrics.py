"""Metric families as rows, and the exposition made from them.

A program lists its families once, each as one `Row` that names the family and says how to read its samples from an
immutable snapshot. The collector, the four representations of `/metrics`, and the reference page all come from that
list.
"""

import gzip
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

SnapshotT = TypeVar("SnapshotT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Histogram of observations.

    `counts` has one more entry than `upper_bounds`, which ascend: a value counts in the first bucket whose bound is not
    below it, or in the last. `total` is the sum of all values.
    """

    upper_bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


Sample = tuple[tuple[str, ...], float | Distribution | None]
"""Label values in the row's order, and the value; None is a missing reading and leaves the series out.

The value of a histogram is a Distribution, that of any other kind a number.
"""

GZIP_LEVEL = 6


class Kind(Enum):
    """Metric type; the value is the word of the exposition format."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Generic[SnapshotT]):
    """Metric family.

    `name` is what PromQL uses, with its `_total` or `_info`; `unit` is the base unit inside the name, or empty.
    """

    name: str
    kind: Kind
    help: str
    read: Callable[[SnapshotT], Iterable[Sample]]
    unit: str = ""
    labels: tuple[str, ...] = ()

    @property
    def family_name(self) -> str:
        """The name without the suffix that the exposition format adds by type."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return self.name.removesuffix(suffix)


def to_family(row: Row[SnapshotT], snapshot: SnapshotT) -> Metric | None:
    """Return the family with the samples that the snapshot has for it, or None where it has none."""
    samples = list(row.read(snapshot))
    if row.kind is Kind.HISTOGRAM:
        distributions = [(labels, value) for labels, value in samples if isinstance(value, Distribution)]
        return _histogram(row, distributions) if distributions else None
    values = [(labels, value) for labels, value in samples if isinstance(value, float | int) and math.isfinite(value)]
    if not values:
        return None
    if row.kind is Kind.INFO:
        info = InfoMetricFamily(row.family_name, row.help)
        for labels, _ in values:
            info.add_metric([], dict(zip(row.labels, labels, strict=True)))
        return info
    make = CounterMetricFamily if row.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(row.family_name, row.help, labels=row.labels, unit=row.unit)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _histogram(row: Row[SnapshotT], distributions: Iterable[tuple[Sequence[str], Distribution]]) -> Metric:
    """Convert distributions to the exposition's buckets, each of which counts all that is not above its bound."""
    family = HistogramMetricFamily(row.family_name, row.help, labels=row.labels, unit=row.unit)
    for labels, one in distributions:
        bounds = (*map(floatToGoString, one.upper_bounds), "+Inf")
        family.add_metric(labels, list(zip(bounds, accumulate(one.counts), strict=True)), one.total)
    return family


class SnapshotCollector(Collector, Generic[SnapshotT]):
    """Collector that presents one snapshot to prometheus_client."""

    def __init__(self, rows: Sequence[Row[SnapshotT]], snapshot: SnapshotT) -> None:
        self._rows = rows
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        """Return the families in the order of the rows, without the empty ones."""
        families = (to_family(row, self._snapshot) for row in self._rows)
        return [family for family in families if family is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """Format and encoding in which the exposition can be sent."""

    openmetrics: bool
    gzipped: bool

    @property
    def content_type(self) -> str:
        """Value of the Content-Type header."""
        if self.openmetrics:
            return "application/openmetrics-text; version=1.0.0; charset=utf-8"
        return "text/plain; version=0.0.4; charset=utf-8"


def negotiate(accept: str, accept_encoding: str) -> Representation:
    """Choose the representation from the request's Accept and Accept-Encoding headers.

    OpenMetrics is sent where the client names it with a quality no lower than plain text's, as Prometheus does; gzip
    where the client names it with a quality above zero.
    """
    media = _qualities(accept)
    openmetrics = media.get("application/openmetrics-text", 0.0)
    text = media.get("text/plain", media.get("text/*", media.get("*/*", 0.0)))
    encodings = _qualities(accept_encoding)
    return Representation(
        openmetrics=openmetrics > 0.0 and openmetrics >= text,
        gzipped=encodings.get("gzip", encodings.get("*", 0.0)) > 0.0,
    )


def _qualities(header: str) -> Mapping[str, float]:
    """Return the names of an Accept-like header with their quality; of a name that stands twice, the higher."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if name:
            found[name] = max(quality, found.get(name, 0.0))
    return found


class Exposition(Generic[SnapshotT]):
    """The bodies of `/metrics` for one snapshot, each rendered at most once, on first demand."""

    def __init__(
        self, rows: Sequence[Row[SnapshotT]], snapshot: SnapshotT, *, beside: Sequence[Collector] = ()
    ) -> None:
        """Keep the snapshot and its rows; `beside` are further collectors, read when a body is rendered."""
        self._collectors = (SnapshotCollector(rows, snapshot), *beside)
        self._bodies: dict[Representation, bytes] = {}

    def body(self, representation: Representation) -> bytes:
        """Return the encoded body; threads that race render the same bytes."""
        body = self._bodies.get(representation)
        if body is None:
            body = self._render(representation)
            self._bodies[representation] = body
        return body

    def _render(self, representation: Representation) -> bytes:
        if representation.gzipped:
            plain = self.body(Representation(openmetrics=representation.openmetrics, gzipped=False))
            return gzip.compress(plain, compresslevel=GZIP_LEVEL, mtime=0)
        registry = CollectorRegistry()
        for collector in self._collectors:
            registry.register(collector)
        if representation.openmetrics:
            body: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call] # the library has no types here
            return body
        return generate_latest(registry)


def reference_table(rows: Sequence[Row[SnapshotT]]) -> str:
    """Return a Markdown table of the families, for the generated reference page."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for row in rows:
        labels = ", ".join(f"`{label}`" for label in row.labels) or "-"
        lines.append(f"| `{row.name}` | {row.kind.value} | {labels} | {row.help} |")
    return "\n".join(lines) + "\n"
