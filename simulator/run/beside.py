"""The step of a run compiled in a child process, while the run makes ready for its first step.

The first run on a machine has all its kernels to compile, and half of that is the step. A child compiles it into
numba's cache on disk; the run meanwhile loads its libraries, computes the first weather, and compiles the rest, in the
order in which it needs it. What no child did the run does itself. The code is the same either way.
"""

import logging
import os
from typing import Any, NamedTuple

import msgspec
import numpy as np

from exporter.core.units import Seconds
from simulator.run.child import Child, ChildError, Program
from simulator.run.kernels import SEEN_FREE, SEEN_GREEN, SEEN_WAKE, Block, Network, Sleep, State, Tables, advance
from simulator.run.totals import Sums
from simulator.scheduling.kernels.compiled import Backend, announce, is_lacking, prepared, promised
from simulator.scheduling.kernels.placement import Rule

_LOG = logging.getLogger(__name__)

COMPILING = Program("simulator.run.compile_step", "the step of a run")

LIMIT = Seconds(120.0)
"""Time after which a child is given up. Judgement: twenty times what it takes where nothing else is at work."""

PATIENCE = Seconds(20.0)
"""Time after which whoever waits is told for what. Judgement: three times what a quiet machine takes."""

LEAST_PROCESSORS = 2
"""Processors from which a child gains anything."""


class Call(NamedTuple):
    """The arguments of `advance` after the order."""

    rule: Rule
    tables: Tables
    network: Network | None
    sleep: Sleep | None
    state: State
    sums: Sums
    block: Block
    until: int = 0
    most_missed: float = 0.0

    def of_order(self) -> tuple[object, ...]:
        """Return arguments of the types of those with which `advance` then calls the order."""
        rule, state, block = self.rule, self.state, self.block
        wake = None if self.sleep is None else state.nodes[SEEN_WAKE]
        seen = (state.nodes[SEEN_FREE], wake, state.buses[SEEN_GREEN])
        tasks = (block.release, block.task_class, block.work)
        return (rule, rule.moved, *tasks, *seen, state.choice, state.times, state.terms)


TUPLES = {one.__name__: one for one in (Call, Rule, Tables, Network, Sleep, State, Sums, Block)}
"""The named tuples that `advance` knows, and the call, by name."""


MOST_ROWS = 8
"""Rows of an example of an array: those of the arrays of a run that have names."""


class Array(msgspec.Struct, frozen=True, tag=True):
    """The type of an array in the order of C."""

    kind: str
    dimensions: int


class Number(msgspec.Struct, frozen=True, tag=True):
    """The type of a number."""

    whole: bool


class Named(msgspec.Struct, frozen=True, tag=True):
    """The types of a named tuple, by the names of `TUPLES`."""

    name: str
    parts: list["Described"]


Described = Array | Number | Named | None


def described(value: object) -> Described:
    """Return the type of an argument."""
    if isinstance(value, np.ndarray):
        return Array(value.dtype.name, value.ndim)
    if isinstance(value, tuple):
        return Named(type(value).__name__, [described(one) for one in value])
    return None if value is None else Number(whole=not isinstance(value, float))


def example(of: Described) -> Any:
    """Return an argument of a type."""
    match of:
        case Array():
            return np.zeros((MOST_ROWS,) * of.dimensions, of.kind)
        case Named():
            return TUPLES[of.name](*map(example, of.parts))
        case Number():
            return 0 if of.whole else 0.0
    return None


def no_block(classes: int, buses: int) -> Block:
    """Return a block of a step in which nothing happens, of the types of all blocks."""
    nothing = np.zeros(0)
    return Block(
        begin=0,
        first=np.zeros(2, np.int64),
        release=nothing,
        arrival=nothing,
        task_class=np.zeros(0, np.int32),
        work=nothing,
        deadline=nothing,
        offered=np.zeros((1, classes), np.int64),
        power=np.zeros((4, 1, buses)),
        grid=np.zeros((2, buses)),
    )


def compile_step(call: Call) -> None:
    """Compile `advance` for a call with arguments of these types."""
    prepared(advance, Backend.COMPILED, promised(*call.of_order()), *call)


def compile_beside(call: Call) -> Child | None:
    """Start a child that does the same; None where it would have nothing to do, or could not keep the code.

    So it is where there is a single processor, which has no time for two.
    """
    if _processors() < LEAST_PROCESSORS or not is_lacking(advance, promised(*call.of_order()), *call):
        return None
    announce()
    try:
        return Child(COMPILING, Named(Call.__name__, [described(one) for one in call]))
    except ChildError:
        return None


def wait_for(child: Child) -> None:
    """Wait until a child has compiled the step, or is given up."""
    if not child.ends_within(PATIENCE):
        rest = LIMIT - PATIENCE
        _LOG.info("a child process still compiles the step; after %g s more this run does it itself", rest)
        child.wait(Seconds(rest))


def _processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
