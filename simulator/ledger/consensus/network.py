"""A simulated network of validators: letters arrive late, or not at all, between halves that are cut off from one
another and validators that crash. One seed, one queue of events: the same run every time."""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from simulator.ledger.consensus.peer import Letter, Sent

PER_MILLE = 1000
"""Parts of a whole in which loss is told."""


class Actor(Protocol):
    """Validator as the network sees it. Slots are those of its own clock."""

    def on_slot(self, slot: int) -> list[Sent]:
        """Act at the beginning of a slot."""

    def on_vote_time(self, slot: int) -> list[Sent]:
        """Act when the block of a slot should have arrived."""

    def on_letter(self, sender: int, letter: Letter, slot: int) -> list[Sent]:
        """Act on a letter that arrives during a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Slots, the last one excluded, in which letters pass only within a group; whoever is in none hears nobody."""

    begin: int
    end: int
    groups: tuple[frozenset[int], ...]

    def separates(self, slot: int, sender: int, receiver: int) -> bool:
        """Tell whether it keeps a letter from arriving."""
        return self.begin <= slot < self.end and not any({sender, receiver} <= group for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Slots, the last one excluded, in which a validator is down: it neither acts nor receives."""

    begin: int
    end: int
    validator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Conditions of a run: what becomes of letters and of validators. Clocks are fast by `drift`, in ms."""

    seed: int
    slot_milliseconds: int = 5000
    latency_milliseconds: tuple[int, int] = (20, 400)
    loss_per_mille: int = 0
    partitions: Sequence[Partition] = ()
    outages: Sequence[Outage] = ()
    drift: Mapping[int, int] = field(default_factory=dict)


class Network:
    """Validators and the queue of what will happen to them."""

    def __init__(self, actors: Sequence[Actor], conditions: Conditions) -> None:
        self.actors = actors
        self.conditions = conditions
        self.letters = 0
        self._random = random.Random(conditions.seed)  # noqa: S311 - chance, not secrets
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = 0
        self._now = 0
        self.slot = 0

    def run(self, slots: int) -> None:
        """Let the clock run on to the end of slot number `slots`. What is still on its way arrives in a later run."""
        for slot in range(self.slot + 1, slots + 1):
            for index in range(len(self.actors)):
                self._begin(slot, index)
        self.slot = slots
        end = (slots + 1) * self.conditions.slot_milliseconds
        while self._queue and self._queue[0][0] < end:
            self._now, _, action = heapq.heappop(self._queue)
            action()

    def _begin(self, slot: int, index: int) -> None:
        actor, length = self.actors[index], self.conditions.slot_milliseconds
        start = max(0, slot * length - self.conditions.drift.get(index, 0))
        self._at(start, lambda: self._act(index, lambda: actor.on_slot(slot)))
        self._at(start + length // 3, lambda: self._act(index, lambda: actor.on_vote_time(slot)))

    def _at(self, time: int, action: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._queue, (time, self._numbers, action))

    def _act(self, index: int, act: Callable[[], list[Sent]]) -> None:
        """Let a validator act, unless it is down, and send what it has to say."""
        if self._is_down(index):
            return
        for sent in act():
            others = range(len(self.actors)) if sent.to is None else (sent.to,)
            for receiver in others:
                if receiver != index:
                    self._send(index, receiver, sent.letter)

    def _send(self, sender: int, receiver: int, letter: Letter) -> None:
        conditions, slot = self.conditions, self._now // self.conditions.slot_milliseconds
        lost = self._random.randrange(PER_MILLE) < conditions.loss_per_mille
        arrives = self._now + self._random.randint(*conditions.latency_milliseconds)
        if not lost and not any(one.separates(slot, sender, receiver) for one in conditions.partitions):
            self._at(arrives, lambda: self._deliver(sender, receiver, letter))

    def _deliver(self, sender: int, receiver: int, letter: Letter) -> None:
        self.letters += 1
        clock = self._now + self.conditions.drift.get(receiver, 0)
        slot = clock // self.conditions.slot_milliseconds
        self._act(receiver, lambda: self.actors[receiver].on_letter(sender, letter, slot))

    def _is_down(self, index: int) -> bool:
        slot = self._now // self.conditions.slot_milliseconds
        return any(one.validator == index and one.begin <= slot < one.end for one in self.conditions.outages)
