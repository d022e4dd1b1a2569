"""Physics of a processor whose cores run two threads each, and of programs whose work is known.

Nothing here is computed as the exporter does it: work is done tick by tick, and energy follows from what each core was
doing, so that the energy of a program can be had by letting it run alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

TICK = 0.01
"""Seconds of a clock tick, at which the kernel counts CPU time here (USER_HZ of 100)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """A processor: power of a core by how many of its threads are busy, and how fast they are then.

    A second thread adds 24% to the power of a core and lets it do 20% more work. That is what IBM published for a wide
    range of applications (Li, Brooks, Hu, Skadron and Bose, Understanding the energy efficiency of simultaneous
    multithreading, 2004). Frequencies do not change.
    """

    cores: int = 4
    smt: bool = True
    idle_watts: float = 8.0
    core_watts: float = 6.0
    watts_of_two: float = 1.24
    work_of_two: float = 1.20

    @property
    def cpus(self) -> int:
        """Logical CPUs; those of one core are as far apart as there are cores."""
        return self.cores * (2 if self.smt else 1)

    def siblings(self, cpu: int) -> tuple[int, ...]:
        """Return the logical CPUs of a CPU's core."""
        return tuple(range(cpu % self.cores, self.cpus, self.cores))

    def watts(self, busy: int) -> float:
        """Return what a core draws beyond its idle power."""
        return self.core_watts * (0.0, 1.0, self.watts_of_two)[busy]

    def speed(self, busy: int) -> float:
        """Return the work per second of a thread on a core with so many busy ones; 1.0 where it is alone."""
        return self.work_of_two / 2.0 if busy == 2 else 1.0


@dataclass(slots=True)
class Thread:
    """A thread with work to do, in seconds of a core of its own."""

    allowed: tuple[int, ...]
    work: float = 0.0
    cpu: int = -1
    ticks: float = 0.0


@dataclass(slots=True)
class Process:
    """A process, as the kernel accounts for it."""

    pid: int
    parent: int
    name: str
    program: str
    started: int
    threads: list[Thread]
    reaped: float = 0.0
    """Ticks of its children that have ended."""

    @property
    def ticks(self) -> float:
        """Ticks of all its threads."""
        return sum(thread.ticks for thread in self.threads)


Wake = Callable[["Machine", int], None]
"""Step of a program at a tick: it gives work to its threads, or starts processes."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its name, and how it is started."""

    name: str
    start: Callable[["Machine"], Wake]


@dataclass(slots=True)
class Machine:
    """A machine with some programs, as it is at a tick."""

    physics: Physics
    programs: Iterable[Program]
    tick: int = 0
    joules: float = 0.0
    busy: list[float] = field(default_factory=list)
    """Ticks by logical CPU."""
    processes: dict[int, Process] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    """Ticks by program, as its cgroup counts them."""
    _wakes: list[Wake] = field(default_factory=list)
    _pids: Iterator[int] = field(default_factory=lambda: iter(range(1000, 1_000_000)))

    def __post_init__(self) -> None:
        self.busy = [0.0] * self.physics.cpus
        self.fork(0, "systemd", "init", ())
        self._wakes = [program.start(self) for program in self.programs]

    def fork(self, parent: int, name: str, program: str, threads: Iterable[tuple[int, ...]]) -> Process:
        """Start a process of a program, with threads that may run on these CPUs each; anywhere where there are none."""
        anywhere = tuple(range(self.physics.cpus))
        pid = next(self._pids) if parent else 1
        process = Process(pid, parent, name, program, self.tick, [Thread(cpus or anywhere) for cpus in threads])
        self.processes[pid] = process
        self.used.setdefault(program, 0.0)
        return process

    def reap(self, process: Process) -> None:
        """End a process, and tell its parent what it and its children have used."""
        del self.processes[process.pid]
        self.processes[process.parent].reaped += process.ticks + process.reaped

    def run(self, ticks: int) -> None:
        """Let time pass."""
        for _ in range(ticks):
            for wake in self._wakes:
                wake(self, self.tick)
            self._step()
            self.tick += 1

    @property
    def left(self) -> float:
        """Seconds of work that are still to be done."""
        return sum(thread.work for process in self.processes.values() for thread in process.threads)

    def _step(self) -> None:
        ready = [(process, thread) for process in self.processes.values() for thread in process.threads]
        ready = [(process, thread) for process, thread in ready if thread.work > 0.0]
        ready.sort(key=lambda one: one[1].ticks)  # who has had the least comes first
        running: dict[int, tuple[Process, Thread]] = {}
        for process, thread in ready:
            cpu = self._place(thread, running)
            if cpu is not None:
                thread.cpu = cpu
                running[cpu] = (process, thread)
        self.joules += self.physics.idle_watts * TICK
        for core in {cpu % self.physics.cores for cpu in running}:
            self._advance([running[cpu] for cpu in self.physics.siblings(core) if cpu in running])

    def _advance(self, both: Sequence[tuple[Process, Thread]]) -> None:
        """Let the threads of a core work for a tick, or for the part of it that their work takes."""
        work = self.physics.speed(len(both)) * TICK
        parts = [min(1.0, thread.work / work) for _, thread in both]
        for part, (process, thread) in zip(parts, both, strict=True):
            thread.work = thread.work - work if thread.work > work else 0.0
            thread.ticks += part
            self.busy[thread.cpu] += part
            self.used[process.program] += part
        alone, shared = max(parts), min(parts) if len(parts) == 2 else 0.0
        self.joules += ((alone - shared) * self.physics.watts(1) + shared * self.physics.watts(2)) * TICK

    def _place(self, thread: Thread, running: dict[int, tuple[Process, Thread]]) -> int | None:
        """Choose a CPU as a kernel does: the last one or another on an idle core, else any that is free."""
        free = [cpu for cpu in thread.allowed if cpu not in running]
        free.sort(key=lambda cpu: cpu != thread.cpu)
        idle = (cpu for cpu in free if not any(one in running for one in self.physics.siblings(cpu)))
        return next(idle, next(iter(free), None))


def batch(name: str, *threads: tuple[int, ...], work: float, at: float = 0.0) -> Program:
    """Return a program that does some work on each of its threads from a time on, and is idle before and after."""

    def start(machine: Machine) -> Wake:
        process = machine.fork(1, name, name, threads)

        def wake(_: Machine, tick: int) -> None:
            if tick == round(at / TICK):
                for thread in process.threads:
                    thread.work += work

        return wake

    return Program(name, start)


def server(name: str, *, workers: int, period: float, work: float, until: float, cpus: tuple[int, ...] = ()) -> Program:
    """Return a program of several processes that each get such a piece of work per period, with jitter."""

    def start(machine: Machine) -> Wake:
        parent = machine.fork(1, name, name, [()])
        children = [machine.fork(parent.pid, name, name, [cpus]) for _ in range(workers)]
        draws, due = Random(name), [0] * workers  # noqa: S311 - no secret

        def wake(_: Machine, tick: int) -> None:
            for number, child in enumerate(children):
                if due[number] <= tick < round(until / TICK):
                    child.threads[0].work += work * draws.uniform(0.5, 1.5)
                    due[number] = tick + round(period * draws.uniform(0.5, 1.5) / TICK)

        return wake

    return Program(name, start)


def spawner(name: str, *, every: float, work: float, until: float, depth: int = 1) -> Program:
    """Return a program that starts a process at intervals, which does its work and ends, and idles after a time.

    With a depth of two, each is started by another short-lived process, as a shell starts a compiler.
    """

    def start(machine: Machine) -> Wake:
        parent = machine.fork(1, name, name, [()])
        draws, due = Random(name), 0  # noqa: S311 - no secret
        alive: list[list[Process]] = []

        def wake(machine: Machine, tick: int) -> None:
            nonlocal due
            for chain in [chain for chain in alive if all(not one.threads[0].work for one in chain)]:
                alive.remove(chain)
                for process in reversed(chain):
                    machine.reap(process)
            if tick >= due and tick < round(until / TICK):
                chain = []
                for _ in range(depth):
                    above = chain[-1] if chain else parent
                    chain.append(machine.fork(above.pid, name, name, [()]))
                    chain[-1].threads[0].work = work * draws.uniform(0.2, 1.8) / depth
                alive.append(chain)
                due = tick + max(1, round(every * draws.uniform(0.5, 1.5) / TICK))

        return wake

    return Program(name, start)


@cache
def joules_alone(physics: Physics, program: Program, seconds: float) -> float:
    """Return the energy beyond idle of a program that has the machine to itself."""
    machine = Machine(physics, [program])
    machine.run(round(seconds / TICK))
    assert machine.left == 0.0, program.name
    return machine.joules - physics.idle_watts * seconds
