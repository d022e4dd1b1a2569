"""Measurement of dynamic INT8 quantization and pruning of real torch modules on this host.

The modules learn, from a seed and in seconds, to tell ten noisy patterns apart: random weights would decide by chance,
and a flip of such an answer says nothing about a model in use. Sizes and times do not depend on the training.
"""

import copy
import io
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from simulator.models.host import ACTIVE_WATTS_PER_CORE, ACTIVE_WATTS_SOURCE, core_energy, host_name
from simulator.models.networks import CLASSES, SHAPES, builders
from simulator.models.profile import BASELINE, CompressionProfile, Measurement

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

PRECISIONS = (BASELINE, "int8", "pruned", "pruned-int8")
PRUNED_SHARE = 0.3
"""Share of each layer's weights set to zero, smallest first (EcoChain-ML, 2025)."""
INPUTS = 500
"""Number of seeded inputs on which answers are compared; none of them was used in training."""
NOISE = 2.0
"""Standard deviation of the inputs' noise over that of the patterns in them; one figure for all models."""
STEPS = 150
BATCH = 64
LEARNING_RATE = 1e-3
"""Learning rate: Adam's own default (Kingma and Ba, 2015)."""
SEED = 0
ROUNDS = 30
CALLS_PER_ROUND = 20
BUSY = 1.1
"""Time of calls over their CPU time beyond which the machine is called busy; a choice."""
BACKENDS = ("x86", "fbgemm", "onednn", "qnnpack")
"""Quantized kernels of torch, the preferred first."""


def measure(
    progress: Callable[[str], None], *, models: Sequence[str] | None = None, rounds: int = ROUNDS
) -> CompressionProfile:
    """Measure all models, or some, at every precision; `progress` is told of each before it begins.

    It is also told where other work took the core from the calls.

    Precisions take turns within each round, so that a slow spell of the host meets all of them alike. Raises
    ModuleNotFoundError without torch, and ConfigError where none of its quantized backends works.
    """
    import torch  # noqa: PLC0415 - takes seconds to load

    measurements: list[Measurement] = []
    accuracies: list[str] = []
    slowdowns: list[float] = []
    with _measuring() as backend:
        names = models or tuple(builders())
        for number, name in enumerate(names, start=1):
            progress(f"measuring {name} at {', '.join(PRECISIONS)}, model {number} of {len(names)}")
            found, accuracy, slowdown = _measure_model(name, rounds)
            measurements += found
            accuracies.append(f"{name} {accuracy:.2f}")
            slowdowns.append(slowdown)
    if max(slowdowns) > BUSY:
        progress(
            f"this machine was busy: calls took up to {max(slowdowns):.1f} times as long as their CPU time; "
            "measure again when it is quiet"
        )
    return CompressionProfile(
        measurements=tuple(measurements),
        torch_version=str(torch.__version__),
        host=host_name(),
        method=_method(backend, rounds, accuracies, max(slowdowns)),
    )


def _method(backend: str, rounds: int, accuracies: list[str], slowdown: float) -> str:
    """Describe the method for readers of the profile."""
    return (
        f"One item per call, one thread, backend {backend}. Latency: median over {rounds * CALLS_PER_ROUND} calls; "
        f"energy: median CPU time per call times {ACTIVE_WATTS_PER_CORE} W per core ({ACTIVE_WATTS_SOURCE}); "
        f"size: the saved parameters; agreement: over {INPUTS} unseen inputs. Weights come from {STEPS} steps of "
        f"training from seed {SEED} on ten patterns under noise; accuracy in FP32: {', '.join(accuracies)}. "
        f"INT8 is torch's dynamic quantization of linear and LSTM layers, which leaves "
        f"convolutions and attention's input projections as they are. Pruning zeroes the smallest {PRUNED_SHARE:.0%} "
        f"of each layer's weights without training afterwards; dense kernels multiply zeros all the same. "
        f"Calls took up to {slowdown:.2f} times as long as their CPU time."
    )


@contextmanager
def _measuring() -> Iterator[str]:
    """Use one thread, and the first quantized backend that works; yield its name, and restore everything."""
    import torch  # noqa: PLC0415

    threads, engine = torch.get_num_threads(), torch.backends.quantized.engine
    torch.set_num_threads(1)
    # The fused path of transformers is for FP32 only: with it the precisions would run different code.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.random.fork_rng(devices=[]):
            yield _choose_backend()
    finally:
        torch.set_num_threads(threads)
        torch.backends.mha.set_fastpath_enabled(fused)
        torch.backends.quantized.engine = engine


def _choose_backend() -> str:
    """Select and name the first backend that this processor and this build of torch can run."""
    import torch  # noqa: PLC0415

    for name in BACKENDS:
        if name not in torch.backends.quantized.supported_engines:
            continue
        torch.backends.quantized.engine = name
        try:
            _quantized(torch.nn.Sequential(torch.nn.Linear(8, 8)))(torch.zeros(1, 8))
        except RuntimeError:
            continue
        return name
    raise ConfigError(["torch has no quantized backend that works on this processor"])


def _measure_model(name: str, rounds: int) -> tuple[list[Measurement], float, float]:
    """Measure all precisions of one model, its accuracy in FP32, and the time of all calls over their CPU time."""
    import torch  # noqa: PLC0415

    variants = _variants(name)
    items, truth = _examples(name, INPUTS, torch.Generator().manual_seed(SEED + 1))
    with torch.inference_mode():
        latencies, busy = _time(variants, items, rounds)
        answers = {precision: variant(items).argmax(dim=1) for precision, variant in variants.items()}
    measurements = [
        Measurement(
            model=name,
            precision=precision,
            size_bytes=_size_bytes(variant),
            latency_seconds=median(latencies[precision]),
            energy_joules=core_energy(Seconds(median(busy[precision]))),
            agreement_ratio=_share_equal(answers[precision], answers[BASELINE]),
        )
        for precision, variant in variants.items()
    ]
    slowdown = sum(map(sum, latencies.values())) / (CALLS_PER_ROUND * sum(map(sum, busy.values())))
    return measurements, _share_equal(answers[BASELINE], truth), slowdown


def _share_equal(answers: "Tensor", others: "Tensor") -> float:
    return float((answers == others).double().mean())


def _time(
    variants: "dict[str, nn.Module]", items: "Tensor", rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return wall seconds of each call, and CPU seconds per call of each round, by precision."""
    latencies: dict[str, list[float]] = {precision: [] for precision in variants}
    busy: dict[str, list[float]] = {precision: [] for precision in variants}
    single = [items[index : index + 1] for index in range(CALLS_PER_ROUND)]
    for number in range(rounds + 1):
        for precision, variant in variants.items():
            begin_busy = time.thread_time()
            walls = [_seconds_of(variant, item) for item in single]
            spent = (time.thread_time() - begin_busy) / CALLS_PER_ROUND
            if number:  # the first round warms up
                latencies[precision] += walls
                busy[precision].append(spent)
    return latencies, busy


def _seconds_of(model: "nn.Module", item: "Tensor") -> float:
    begin = time.perf_counter()
    model(item)
    return time.perf_counter() - begin


def _variants(name: str) -> "dict[str, nn.Module]":
    """Return the same weights at each precision."""
    plain = _trained(name)
    pruned = _pruned(plain)
    return dict(zip(PRECISIONS, (plain, _quantized(plain), pruned, _quantized(pruned)), strict=True))


def _trained(name: str) -> "nn.Module":
    """Return a model that has learnt the patterns, the same each time on the same processor."""
    import torch  # noqa: PLC0415

    torch.manual_seed(SEED)
    model = builders()[name]()
    random = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS):
        items, truth = _examples(name, BATCH, random)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(items), truth).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model.eval()


def _examples(name: str, count: int, random: "torch.Generator") -> "tuple[Tensor, Tensor]":
    """Return items, and the number of the pattern that each of them hides."""
    import torch  # noqa: PLC0415

    patterns = torch.randn(CLASSES, *SHAPES[name], generator=torch.Generator().manual_seed(SEED))
    truth = torch.randint(CLASSES, (count,), generator=random)
    return patterns[truth] + NOISE * torch.randn(count, *SHAPES[name], generator=random), truth


def _quantized(model: "nn.Module") -> "nn.Module":
    """Return a copy with dynamically quantized linear and recurrent layers."""
    import torch  # noqa: PLC0415
    from torch.ao.quantization import quantize_dynamic  # noqa: PLC0415

    with warnings.catch_warnings():
        # torch announces the removal of this interface; its successor, torchao, is a package of its own.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        quantized: nn.Module = quantize_dynamic(  # type: ignore[no-untyped-call]
            model, {torch.nn.Linear, torch.nn.LSTM}, dtype=torch.qint8
        )
    return quantized


def _pruned(model: "nn.Module") -> "nn.Module":
    """Return a copy without the smallest weights of each layer, by absolute value."""
    import torch  # noqa: PLC0415
    from torch.nn.utils import prune  # noqa: PLC0415

    model = copy.deepcopy(model)
    for module in model.modules():
        own = [key for key, parameter in module.named_parameters(recurse=False) if parameter.dim() > 1]
        for key in own:
            prune.l1_unstructured(module, key, amount=PRUNED_SHARE)  # type: ignore[no-untyped-call]
            prune.remove(module, key)  # type: ignore[no-untyped-call]
        if isinstance(module, torch.nn.LSTM):
            module.flatten_parameters()
    return model


def _size_bytes(model: "nn.Module") -> int:
    import torch  # noqa: PLC0415

    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    return buffer.tell()
