"""A run: all that a plan lets happen, in one order, and the laws that it must not break."""

import hashlib
import heapq
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.ledger.consensus.peer import Answer, Letter, Peer, Sent
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.verify import verify
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block
from tests.simulator.ledger.by_seed.clock import clock
from tests.simulator.ledger.by_seed.disk import Disk, PowerCutError
from tests.simulator.ledger.by_seed.laws import (
    BrokenError,
    History,
    Law,
    check_books,
    check_claims,
    check_not_of_the_future,
    check_rejected,
    check_reveals,
    check_signed,
    need,
)
from tests.simulator.ledger.by_seed.plan import SLOTS_PER_EPOCH, Fault, Kind, Plan
from tests.simulator.ledger.by_seed.seat import Seat, Twins
from tests.simulator.ledger.by_seed.world import World

TICKS = 3000
"""Ticks of the clock of a run in a slot, each a tenth of a second."""

LOOKS = 6
"""Times in a slot at which a validator looks at its clock."""

JUST_AFTER = 100
"""Ticks from the beginning of a slot until something fails in it: its block has just been sent."""

SHORTEST = 3.0
"""Amount of a kill below which the process starts again in the same slot."""

UNKNOWN_TO_AUDITORS = ("a vote that does not count", "by the votes, block ")
"""Faults that the stand-alone auditor may find in a good file where a device lied.

It executes no models, so it does not know that the device's sponsor has lost its stake, and counts it on.
"""

SLOWEST_FINAL = 6
"""Epochs behind the present one in which the last final one lies at the end, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The story of a run: its events, a digest of them and of the heads, and the law that was broken, if any."""

    events: tuple[str, ...]
    digest: str
    broken: str


def run(plan: Plan, folder: Path, audit: Callable[[Path], str] | None = None) -> Told:
    """Run a plan with files in an empty folder; `audit` says what is wrong with a file at the end, if anything."""
    return told(Machine(plan, folder), audit)


def told(machine: "Machine", audit: Callable[[Path], str] | None = None) -> Told:
    """Let all happen, and say which law was broken, if any."""
    broken = ""
    try:
        machine.run()
        machine.close(audit)
    except BrokenError as error:
        broken = str(error)
    except (DamagedError, StoreError, RuleError, KeyError, ValueError, OSError, sqlite3.Error) as error:
        broken = f"{Law.RUNS}: {type(error).__name__}: {str(error).rpartition('/')[2]}"
    finally:
        machine.let_go()
    story = "\n".join(machine.events).encode()
    return Told(events=tuple(machine.events), digest=hashlib.sha256(story).hexdigest()[:16], broken=broken)


class Machine:
    """The queue of all that will happen to the validators of a plan. Those who are `guilty` may be convicted."""

    kind_of_disk: type[Disk] = Disk

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.world = World(plan)
        self.events: list[str] = []
        self._chance = random.Random(f"run {plan.seed}")  # noqa: S311 - chance, not secrets
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = self._now = self._letters = 0
        self._history = History()
        self._rejected: Counter[Rule] = Counter()
        self.guilty = {one for one in (plan.twin, plan.liar) if one is not None}
        self.seats = [self._seat(index, folder) for index in range(len(plan.stakes))]

    def run(self) -> None:
        """Let all happen."""
        for seat in self.seats:
            seat.begin()
            for look in range(self.plan.slots * LOOKS):
                self._at(TICKS * look // LOOKS + 7 * seat.index, lambda seat=seat: self._look(seat))  # type: ignore[misc]
        for fault in self.plan.faults:
            self._at(fault.slot * TICKS + JUST_AFTER, lambda fault=fault: self._begin(fault))  # type: ignore[misc]
            self._at((fault.slot + fault.slots) * TICKS + 2, lambda fault=fault: self._end(fault))  # type: ignore[misc]
        while self._queue:
            self._now, _, action = heapq.heappop(self._queue)
            self.world.slot = self._now // TICKS
            action()

    def close(self, audit: Callable[[Path], str] | None) -> None:
        """Check what holds at the end, close all files, and check those."""
        honest = [one for seat in self.seats for one in seat.peers]
        self._check_agreement(honest)
        for seat in self.seats:
            if seat.node is not None:
                states = seat.node.application.states
                for known in seat.node.peer.view.blocks.values():
                    check_books(states[known.state.application])
                self._note_rejected(seat)
        check_rejected(self._rejected, self._letters)
        self._check_files(audit)

    def let_go(self) -> None:
        """Close what is still open."""
        for seat in self.seats:
            if seat.node is not None:
                seat.node.close()

    def _seat(self, index: int, folder: Path) -> Seat:
        chance = random.Random(f"disk {self.plan.seed} {index}")  # noqa: S311 - chance, not secrets
        disk = self.kind_of_disk(folder / str(index), self.world.genesis, self.world.chain_id, index, chance)
        return (Twins if index == self.plan.twin else Seat)(self.world, index, disk)

    def _at(self, time: int, action: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._queue, (time, self._numbers, action))

    def _tell(self, what: str) -> None:
        self.events.append(f"slot {self._now / TICKS:7.2f}: {what}")

    def _clock(self, seat: Seat) -> float:
        return clock(self.plan, seat.index, self._now / TICKS)

    def _look(self, seat: Seat) -> None:
        """Let a validator look at its clock, and start it again where it is time."""
        if not seat.is_gone and seat.node is None and not isinstance(seat, Twins) and self._now >= seat.down_until:
            self._tell(f"validator {seat.index} {seat.come_up()}")
            self._see(seat)
        told = self._clock(seat)
        self._act(seat, lambda: seat.act(int(told), int(3 * (told % 1.0) >= 1.0)))

    def _act(self, seat: Seat, act: Callable[[], Sequence[tuple[int, Sent]]]) -> None:
        """Let a validator act, send what it says, and see what is final for it."""
        before = 0 if seat.node is None else len(seat.node.peer.archive)
        try:
            sent = act()
        except PowerCutError:
            seat.lose_power(self._now + TICKS * self._chance.randint(1, 10))
            self._tell(f"the power of validator {seat.index} fails while it writes")
            return
        for half, one in sent:
            for receiver in range(len(self.seats)) if one.to is None else (one.to,):
                if receiver != seat.index and (not half or one.to is not None or receiver % 2 == half - 1):
                    self._send(seat.index, receiver, one.letter)
        if seat.node is not None and len(seat.node.peer.archive) != before:
            self._see(seat)

    def _see(self, seat: Seat) -> None:
        for peer in seat.peers:
            number = self._history.see(seat.index, peer)
            if number:
                self._tell(f"validator {seat.index} holds block {number} for final")

    def _send(self, sender: int, receiver: int, letter: Letter) -> None:
        is_quiet = self._now >= self.plan.quiet * TICKS
        lost, doubled = (0, 0) if is_quiet else (self.plan.lost_per_mille, self.plan.doubled_per_mille)
        late = min(self.plan.late, 0.02) if is_quiet else self.plan.late
        times = 1 + (self._chance.randrange(1000) < doubled)
        if self._chance.randrange(1000) < lost or self._is_cut(sender, receiver):
            return
        for _ in range(times):
            arrives = self._now + self._chance.randint(1, int(late * TICKS))
            self._at(arrives, lambda: self._deliver(sender, receiver, letter))

    def _is_cut(self, sender: int, receiver: int) -> bool:
        slot = self._now / TICKS
        for one in self.plan.faults:
            if one.slot <= slot < one.slot + one.slots:
                if one.kind is Kind.CUT and (sender in one.others) != (receiver in one.others):
                    return True
                if one.kind is Kind.DEAF and receiver == one.who:
                    return True
        return False

    def _deliver(self, sender: int, receiver: int, letter: Letter) -> None:
        self._letters += len(letter.blocks) if isinstance(letter, Answer) else 1
        seat = self.seats[receiver]
        slot = int(self._clock(seat))
        self._act(seat, lambda: seat.hear(sender, letter, slot))
        if isinstance(letter, Block):
            check_not_of_the_future(seat.peers, letter, slot)

    def _begin(self, fault: Fault) -> None:
        seat = self.seats[fault.who]
        if seat.is_gone or fault.kind in (Kind.STAKE, Kind.SILENCE):
            return
        self._tell(f"{fault.kind}, validator {fault.who}, for {fault.slots} slots{_more(fault)}")
        until = (fault.slot + fault.slots) * TICKS
        match fault.kind:
            case Kind.KILL:
                self._note_rejected(seat)
                is_short = abs(fault.amount) < SHORTEST
                seat.go_down(self._now + 1 if is_short else until, is_closed=fault.amount > 0)
            case Kind.POWER if seat.node is not None:
                seat.disk.cuts_power = True
            case Kind.FULL if seat.node is not None:
                seat.disk.fill()
            case Kind.FLIP:
                self._note_rejected(seat)
                seat.go_down(until, is_closed=fault.amount > 0)
                seat.is_damaged = True
                self._tell(seat.disk.flip())
            case Kind.OLD if seat.node is not None:
                seat.disk.copy()
            case Kind.LOST:
                seat.lose_disk()

    def _end(self, fault: Fault) -> None:
        seat = self.seats[fault.who]
        match fault.kind:
            case Kind.FULL:
                seat.disk.limit = None
            case Kind.OLD if not seat.is_gone:
                self._note_rejected(seat)
                seat.go_down(self._now + TICKS)
                seat.is_old |= seat.disk.put_back()

    def _note_rejected(self, seat: Seat) -> None:
        for one in seat.peers:
            self._rejected.update(one.rejected)

    def _check_agreement(self, peers: Sequence[Peer]) -> None:
        plan = self.plan
        check_signed(peers, set(range(len(plan.stakes))) - self.guilty)
        check_reveals(peers)
        heads = {one.view.get_head() for one in peers}
        need(len(heads) == 1, Law.GOES_ON, f"{len(heads)} heads at the end")
        final = min(one.view.finalized.epoch for one in peers)
        asked = plan.slots // SLOTS_PER_EPOCH - SLOWEST_FINAL
        need(final >= asked, Law.GOES_ON, f"epoch {final} is final at the end, {asked} is asked for")
        claims = check_claims(peers[0])
        self._tell(f"{claims} claims, head {heads.pop().hex()[:16]}, epoch {final} is final")
        need(claims >= (plan.slots - 3) * plan.devices, Law.GOES_ON, f"{claims} claims at the end")

    def _check_files(self, audit: Callable[[Path], str] | None) -> None:
        contents: dict[bytes, list[bytes]] = {}
        final: list[bytes] = []
        for seat in self.seats:
            if seat.node is None or isinstance(seat, Twins):
                continue
            seat.go_down(1 << 40, is_closed=True)
            seat.check_file()
            with open_reader(seat.disk.path) as reader:
                rows = [root for _, root, _ in reader.each_block()]
                shorter = min(len(final), reader.finalized)
                need(final[:shorter] == rows[:shorter], Law.FILES, f"that of validator {seat.index} tells another one")
                final = max(final, rows[: reader.finalized], key=len)
                key = hashlib.sha256(b"".join(rows) + reader.meta("finalized")).digest()
            if contents.setdefault(key, rows) is rows:
                verify(seat.disk.path, self.world.execute)
                if audit is not None:
                    found = audit(seat.disk.path)
                    is_blind = self.plan.liar is not None and any(one in found for one in UNKNOWN_TO_AUDITORS)
                    need(not found or is_blind, Law.FILES, f"the auditor says: {found}")


def _more(fault: Fault) -> str:
    if fault.kind is Kind.CUT:
        return f", {sorted(fault.others)} from the rest"
    return f", {fault.amount:+.1f} slots" if fault.kind is Kind.STEP else ""
