"""Units of work, which an experiment distributes, does once, and keeps."""

import msgspec

from simulator.run.job import Job, Method
from simulator.scenario.schema import Scenario


class Saturation(msgspec.Struct, frozen=True, kw_only=True):
    """A search for the greatest rate at which so many nodes can be offered so many tasks."""

    scenario: Scenario
    method: Method
    seed: int
    nodes: int
    tasks: int


Work = Job | Saturation
"""A run, or a search whose runs depend on one another."""
