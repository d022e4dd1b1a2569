"""A small mix of task classes for tests."""

import numpy as np

from exporter.core.units import Seconds
from simulator.workload.generated import Workload
from simulator.workload.task import TaskClass, Tasks


def task_class(name: str, *, work: float, share: float, deadline: float) -> TaskClass:
    return TaskClass(
        name=name,
        model="mlp",
        work=Seconds(work),
        share=share,
        deadline=Seconds(deadline),
        priority=0.5,
        memory_bytes=0,
        input_bytes=150_000.0,
        deferrable=False,
    )


CLASSES = (
    task_class("image", work=0.5, share=5, deadline=2),
    task_class("text", work=0.8, share=3, deadline=4),
    task_class("detection", work=1.5, share=2, deadline=60),
)
"""Shares that sum to ten, not one."""


def whole(workload: Workload, hour: int) -> Tasks:
    """Return the tasks of an hour together."""
    parts = [batch.tasks for batch in workload.hour(hour)]
    return Tasks(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Tasks.__slots__})
