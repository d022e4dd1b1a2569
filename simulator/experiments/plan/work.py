"""Units of work, which an experiment distributes, does once, and keeps."""

import msgspec

from simulator.run.job import Job, Method, full_method
from simulator.scenario.schema import Scenario


class Saturation(msgspec.Struct, frozen=True, kw_only=True):
    """A search for the greatest rate at which so many nodes can be offered so many tasks."""

    scenario: Scenario
    method: Method
    seed: int
    nodes: int
    tasks: int


class Procurement(msgspec.Struct, frozen=True, kw_only=True):
    """The cheapest supply that matches a constant load at the scenario's sites over a year of its weather.

    The share `flexible` of the load may be put off or brought forward within a day, and `between_sites` moved as well.
    """

    scenario: Scenario
    seed: int
    flexible: float
    between_sites: bool

    @property
    def method(self) -> Method:
        """The scenario's own method, which places nothing here: only its libraries count."""
        return full_method(self.scenario)


Work = Job | Saturation | Procurement
"""A run, a search whose runs depend on one another, or a programme without any run."""
