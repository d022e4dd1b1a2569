"""The cost of compressed models, from the profile in use."""

from collections.abc import Callable, Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from simulator.live.exposition.families import gauge
from simulator.live.snapshot import Snapshot
from simulator.models.profile import Measurement


def _measured(snapshot: Snapshot, read: Callable[[Measurement], float]) -> Iterator[Sample]:
    for measured in snapshot.facts.models:
        yield (measured.model, measured.precision), float(read(measured))


MODELS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecochain_model_size_bytes",
        unit="bytes",
        labels=("model", "precision"),
        help="Size of the serialised model, as measured for the profile in use.",
        read=partial(_measured, read=lambda one: one.size_bytes),
    ),
    gauge(
        name="ecochain_model_latency_seconds",
        unit="seconds",
        labels=("model", "precision"),
        help="Duration of one inference on the host of the profile.",
        read=partial(_measured, read=lambda one: one.latency_seconds),
    ),
    gauge(
        name="ecochain_model_energy_joules",
        unit="joules",
        labels=("model", "precision"),
        help="Energy of one inference on the host of the profile: CPU time multiplied by the power of a busy core.",
        read=partial(_measured, read=lambda one: one.energy_joules),
    ),
    gauge(
        name="ecochain_model_agreement_ratio",
        unit="ratio",
        labels=("model", "precision"),
        help="Share of inputs for which the model decides as the FP32 model does.",
        read=partial(_measured, read=lambda one: one.agreement_ratio),
    ),
)
