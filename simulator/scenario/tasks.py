"""The workload of a scenario: arrivals of tasks, and the kinds of task."""

from typing import Annotated, Literal

from msgspec import Meta

from exporter.core.config import Section
from exporter.core.units import HOURS_PER_DAY

BYTES_PER_KILOBYTE = 10**3

MOST_PER_HOUR = 1e8
"""Most arrivals per hour: in five minutes, which are drawn at once, so many take a gigabyte."""


class ArrivalsSection(Section, frozen=True, kw_only=True):
    """Arrivals of tasks."""

    kind: Annotated[
        Literal["poisson", "diurnal", "bursty", "trace"],
        Meta(description="Constant rate, a daily course, two states that alternate, or a CSV file."),
    ] = "poisson"
    rate_per_hour: Annotated[float, Meta(ge=0, le=MOST_PER_HOUR, description="Mean rate; unused by a trace.")] = 208.0
    hourly_factors: Annotated[
        tuple[Annotated[float, Meta(ge=0, le=1e6)], ...],
        Meta(description="diurnal: 24 relative rates from midnight on; normalised to mean 1."),
    ] = ()
    burst_factor: Annotated[float, Meta(ge=1, le=100, description="bursty: rate in a burst over the mean rate.")] = 5.0
    burst_minutes: Annotated[float, Meta(ge=0.1, le=1440, description="bursty: mean length of a burst.")] = 10.0
    burst_share: Annotated[float, Meta(gt=0, lt=1, description="bursty: share of time in bursts.")] = 0.1
    file: (
        Annotated[
            str,
            Meta(
                description="trace: CSV beside this file with the columns arrival_seconds, task_class and, if wanted, "
                "work_seconds."
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse settings that contradict the kind."""
        given = len(self.hourly_factors)
        if self.kind == "diurnal" and (given != HOURS_PER_DAY or sum(self.hourly_factors) <= 0):
            raise ValueError(f".hourly_factors: expected {HOURS_PER_DAY} figures above 0 in sum, got {given}")
        if self.kind != "diurnal" and self.hourly_factors:
            raise ValueError(f".hourly_factors: expected none with arrivals of the kind {self.kind}")
        if self.kind == "trace" and self.file is None:
            raise ValueError(".file: expected the name of a CSV file, got nothing")
        if self.kind != "trace" and self.file is not None:
            raise ValueError(f'.file: expected none with arrivals of the kind {self.kind}, got "{self.file}"')
        if self.kind == "bursty" and self.burst_factor * self.burst_share > 1:
            raise ValueError(
                ".burst_factor: expected burst_factor x burst_share <= 1, or quiet times have rates below 0"
            )


class TaskClassSection(Section, frozen=True, kw_only=True):
    """A kind of inference task. The default input is that of a photograph of 640 x 480 as JPEG, a choice."""

    name: Annotated[
        str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]+$", description="Name in lower case, digits and -.")
    ]
    model: Annotated[
        Literal["mlp", "lstm", "cnn", "transformer", "audio"], Meta(description="Model whose measured profile applies.")
    ]
    work_seconds: Annotated[
        float, Meta(ge=1e-6, le=86_400, description="Execution time on the reference device, full frequency, FP32.")
    ]
    share: Annotated[float, Meta(gt=0, le=1e6, description="Share among arrivals; normalised.")]
    deadline_seconds: Annotated[
        float, Meta(ge=1e-3, le=604_800, description="Longest time from arrival to completion.")
    ]
    priority: Annotated[float, Meta(gt=0, le=1, description="Weight of this class's latency in the score.")] = 0.5
    memory_megabytes: Annotated[
        float, Meta(ge=0, le=1_000_000, description="Memory that the model needs on a node.")
    ] = 256.0
    deferrable: Annotated[bool, Meta(description="Whether tasks may wait for greener supply.")] = False
    input_kilobytes: Annotated[
        float, Meta(ge=0, le=1e9, description="Input of a task, which moves with it to another site.")
    ] = 150.0


class WorkloadSection(Section, frozen=True, kw_only=True):
    """Arrivals and the mix of tasks. The default noise is EcoChain-ML's (2025)."""

    arrivals: ArrivalsSection = ArrivalsSection()
    classes: tuple[TaskClassSection, ...]
    noise: Annotated[
        float, Meta(ge=0, lt=1, description="Half-width of the uniform spread of execution times; none in a trace.")
    ] = 0.05

    def __post_init__(self) -> None:
        """Refuse an empty or ambiguous mix."""
        names = [one.name for one in self.classes]
        if not names:
            raise ValueError(".classes: expected at least one task class, got none")
        if len(set(names)) < len(names):
            raise ValueError(".classes: expected different names")
