"""The laws that are checked at every sample: what was booked beside what the machine drew, and what was counted."""

from collections import Counter
from collections.abc import Mapping
from copy import copy

from exporter.core.clock import STEP_TOLERANCE
from exporter.power.component import MAX_MACHINE_WATTS
from exporter.snapshot import Snapshot
from exporter.sources.reading import SourceState
from exporter.totals import Exported, Totals
from exporter.usage.events import EventKind
from exporter.usage.network import SPEED_MARGIN
from exporter.usage.sensors import MAX_PART_WATTS, MOST_WATTS
from tests.exporter.by_seed.laws import Account, Law, check_no_fall, counters, host_joules, moved_bytes, need
from tests.exporter.by_seed.machine import CPU_TOLD_AT, SPEED, Machine, Sampled
from tests.exporter.by_seed.plan import SENSORS, Kind

EXACT = {"error", "late", "suspend", "clock_step", "standstill", "unwritten", "unsaved", "unavailable", "damaged"}
"""Reasons of events that are counted as often as they happen; `reset` is one for what falls without doubt."""

DOUBTED = ("rapl", "implausible")
"""Event of a reading since which a turn may be missing: it must be counted, and may be for another reason."""

TURN = 2**32
"""The value at which counters of 32 bits begin again."""


def _is_turn(old: int, new: int) -> bool:
    return new <= TURN / 8 and TURN * 7 / 8 <= old < TURN


class Checks:
    """Book-keeping of a run. `struck` are the sources whose counters have fallen or leapt since the last sample."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.plan = machine.plan
        self.account = Account()
        self.struck: set[str] = set()
        self.published: dict[str, float] = {}
        self._is_first = self._is_new = True
        self._before = Totals(since=machine.wall())
        self._ticks = 0.05 * (self.plan.full_watts - self.plan.idle_watts) / self.plan.cpus

    def begin(self, account: Account | None, totals: Totals, *, is_same_boot: bool) -> None:
        """Begin a life of the exporter from loaded totals, and from the account that was kept with them."""
        self._is_first, self._is_new = True, account is None or not is_same_boot
        self.account = copy(account) if account is not None else Account()
        self.account.tally = Counter(self.account.tally)
        counts = (count for event, count in totals.exported.events.items() if event.source != "state")
        if not totals.exported.samples and not any(counts):  # a life may have ended before its first sample
            self.account.tally.clear()
        for event, count in totals.exported.events.items():
            if event.source == "state":
                self.account.tally[event.source, event.reason] = count
        self._before = totals
        self.struck = {source for at, source in self.machine.strikes if at >= self.account.awake}

    def booked(self, totals: Totals) -> None:
        """Take into account what a sample has booked, before it is saved."""
        one, now = self.account, self.machine.sampled
        before = self._before.exported
        gained = host_joules(totals.exported) - host_joules(before)
        one.booked += gained
        one.moved += moved_bytes(totals.exported) - moved_bytes(before)
        if self._is_first and self._is_new:
            self._begin_anew(now)
        most = self._excuse(now)
        need(gained <= most, Law.NO_SPIKE, f"{gained:.1f} J where {most:.1f} J can be")
        self._check_energy(now)
        self._check_bytes(now)
        self._count(now, totals.exported)
        self._check_grams(totals)
        one.awake, one.elapsed, one.wall = now.awake, now.elapsed, now.wall
        self._repeated_before, self._slow_before = self._repeated, now.slow > 0.0
        read = {name for name in now.states if self._works(name) and name not in now.repeated}
        one.states, one.false = dict(now.states), frozenset(now.false | (set(one.false) - read))
        self._before, self._is_first = totals, False
        self.struck = self.struck - read - ({"cards"} if "network" in read else set())
        self.machine.load_changed = False

    def _begin_anew(self, now: Sampled) -> None:
        tally = self.account.tally
        self.account = Account(since=now.spent, moved_since=now.carried, tally=tally)
        self.account.cpu_from = self.account.network_from = self.account.rapl_at = now.awake
        self.account.awake, self.account.elapsed, self.account.wall = now.awake, now.elapsed, now.wall

    def _works(self, name: str) -> bool:
        return self.machine.sampled.states.get(name) is SourceState.WORKS

    def _is_false(self, name: str) -> bool:
        now = self.machine.sampled
        stale = self._is_first and name in now.repeated
        return stale or name in now.false or name in self.struck or name in self.account.false

    def _is_suspended(self, now: Sampled) -> bool:
        asleep = now.elapsed - self.account.elapsed - (now.awake - self.account.awake)
        return asleep > STEP_TOLERANCE

    def _excuse(self, now: Sampled) -> float:
        """Widen what the exporter may be off by for what this sample met; return the most that it may have gained."""
        one, full, high = self.account, self.plan.full_watts, self.account.high
        span = now.awake - one.awake
        since = min(one.awake, one.awake if one.cpu_at is None else one.cpu_at)
        one.low, one.high = one.low + full * now.slow, one.high + full * now.slow
        self._excuse_cpu(now)
        self._excuse_sensors(now, span)
        return full * (now.awake - since) + one.high - high + self._ticks + 1e-6

    def _excuse_cpu(self, now: Sampled) -> None:
        one, full = self.account, self.plan.full_watts
        is_good = self._works("cpu") and not self._stands_still(now)
        states = {name: now.states.get(name) for name in SENSORS}
        self._is_mixed |= self._is_first or self._is_suspended(now) or bool(self.struck or now.repeated or now.false)
        self._is_mixed |= any(one.states.get(name) is not state for name, state in states.items())
        self._is_mixed |= self._may_hide_turn(now)
        if is_good and one.cpu_at is not None and one.cpu_at < one.awake and self._is_mixed and self.plan.sensors:
            # The model takes the mean load of the whole time, of which sensors have told a part already.
            one.low += (full - self.plan.idle_watts) * (now.awake - one.cpu_at)
            one.high += (full - self.plan.idle_watts) * (now.awake - one.cpu_at)
        self._is_mixed = self._is_mixed and not is_good
        if is_good and one.cpu_at is None:
            one.low += full * (now.awake - one.cpu_from)
            one.high += full * (now.awake - one.cpu_from) if "cpu" in one.false else 0.0
        elif one.cpu_at is not None and (self._is_first or is_good) and (not is_good or self._is_false("cpu")):
            one.low += full * (now.awake - one.cpu_at)
            one.high += full * (now.awake - one.cpu_at)
        if self._is_first and not is_good and one.cpu_at is not None:
            one.cpu_from, one.cpu_at = one.cpu_at, None
        if is_good:
            one.cpu_at = now.awake
        elif one.cpu_at is None and self._works("cpu"):
            now.false.add("cpu")

    def _stands_still(self, now: Sampled) -> bool:
        told, before = now.told, self.account.told
        is_same = "cpu" in now.repeated and told.get("cpu") == before.get("cpu")
        is_same |= CPU_TOLD_AT in told and told[CPU_TOLD_AT] <= before.get(CPU_TOLD_AT, 0.0)
        return is_same or now.awake <= self.account.awake

    def _excuse_sensors(self, now: Sampled, span: float) -> None:
        one, full = self.account, self.plan.full_watts
        changed = any(now.states.get(name) is not one.states.get(name) for name in SENSORS)
        off = self._ticks if changed or self._is_suspended(now) or self._is_first else 0.0
        if self.machine.load_changed and (self._works("hwmon") or self._works("battery")):
            off += (full - self.plan.idle_watts) * span
        if self._is_false("rapl"):
            one.low += full * span
            off += MAX_PART_WATTS * span
        if "rapl" in now.repeated:
            one.low += full * span
        elif self._works("rapl"):
            if "rapl" in self._repeated:
                one.low += full * span
                off += full * (now.awake - one.rapl_at)
            one.rapl_at = now.awake
        self._repeated = frozenset(now.repeated)
        self._was_repeated |= "rapl" in now.repeated
        one.low, one.high = one.low + off, one.high + off

    _repeated: frozenset[str] = frozenset()

    def _check_energy(self, now: Sampled) -> None:
        one, truth = self.account, now.spent - self.account.since
        near = self._ticks + 1e-9 * now.spent + 1e-6
        told = f"{one.booked:.2f} J booked of {truth:.2f} J, which may be {one.low:.2f} J less or {one.high:.2f} J more"
        need(one.booked <= truth + one.high + near, Law.NOT_LOST, told)
        if one.cpu_at == now.awake:
            need(one.booked >= truth - one.low - near, Law.NOT_LOST, told)

    def _check_bytes(self, now: Sampled) -> None:
        one = self.account
        is_good, is_false = self._works("network") and "network" not in now.repeated, self._is_false("network")
        if "network" in now.repeated and self._is_first:
            now.false.add("network")
            one.moved_high += self._lag(now)
        if one.network_at is None or (self._is_first and not is_good):
            start = one.network_from if one.network_at is None else one.network_at
            one.moved_low += self.machine.most_bytes(now.awake - start)
        elif is_false or "network" in self._cards() or self._fallen(now) or self._may_turn(now.awake - one.network_at):
            span = now.awake - one.network_at
            one.moved_low += self.machine.most_bytes(span)
            may_leap = "network" in self.struck or "network" in one.false
            if may_leap:
                # Each counter of each card is believed up to what its link may carry.
                most = SPEED_MARGIN * SPEED * (span + 2.0)
                one.moved_high += sum(min(new - old, most) for old, new in self._moves(now) if new > old)
            # Half a number, or a counter that was reset, may lie where one that has turned would.
            one.moved_high += sum(new - old + TURN for old, new in self._moves(now) if _is_turn(old, new))
        if self._is_first and not is_good and one.network_at is not None:
            one.network_from, one.network_at = one.network_at, None
        if is_good:
            one.network_at = now.awake
        slow = self.machine.most_bytes(now.slow)
        one.moved_low, one.moved_high = one.moved_low + slow, one.moved_high + slow
        truth = now.carried - one.moved_since
        told = (
            f"{one.moved} bytes booked of {truth}, which may be {one.moved_low:.0f} less or {one.moved_high:.0f} more"
        )
        need(one.moved <= truth + one.moved_high, Law.NOT_LOST, told)
        if is_good and not self.machine.cards_changed:
            need(one.moved >= truth - one.moved_low, Law.NOT_LOST, told)

    def _lag(self, now: Sampled) -> float:
        """Return how much cards have carried since what is repeated was true, which will be booked as of this life."""
        told, true = now.moved or {}, self.machine.cards
        return float(sum(max(0, true[card] - sum(moved)) for card, moved in told.items() if card in true))

    def _fallen(self, now: Sampled) -> int:
        """Return how many cards have a counter that fell, but by a turn: from close below 2^32 to close above zero."""
        cards = [card for card in now.moved or {} if card in self.account.cards]
        fell = [[new < old and not _is_turn(old, new) for old, new in self._moves(now, card)] for card in cards]
        return sum(any(ones) for ones in fell)

    def _moves(self, now: Sampled, of: str = "") -> list[tuple[int, int]]:
        """Return what counters of all cards, or of one, were and are."""
        before, moved = self.account.cards, now.moved or {}
        cards = [card for card in moved if card in before and of in ("", card)]
        return [pair for card in cards for pair in zip(before[card], moved[card], strict=True)]

    def _may_turn(self, span: float) -> bool:
        """Tell whether a card may have carried so much that nothing shows of a turn of its counter."""
        return self.plan.has(Kind.NARROW) and self.machine.most_bytes(span) > TURN / 8

    def _cards(self) -> set[str]:
        return {"network"} if "cards" in self.struck else set()

    def _count(self, now: Sampled, exported: Exported) -> None:
        """Count what must have been counted, and compare."""
        one, tally = self.account, self.account.tally
        for name, state in now.states.items():
            if state is SourceState.FAILS:
                tally[name, "error"] += 1
        if not self._is_first:
            self._count_times(now)
            self._count_falls(now)
        if self._is_first:
            # What could not be read at a start is not compared with what the life before has read.
            one.cards = {}
            one.told = {name: amount for name, amount in one.told.items() if name not in ("cpu", CPU_TOLD_AT)}
        if now.moved is not None:
            one.cards = now.moved
        one.told = dict(one.told) | now.told
        if not self._works("rapl"):
            one.told.pop("rapl", None)
        found: Counter[tuple[str, str]] = Counter()
        for event, count in exported.events.items():
            if event.kind is not EventKind.RESET:
                found[event.source, event.reason] += count
        if self._is_first:
            tally |= {("rapl", "reset"): found["rapl", "reset"], ("network", "reset"): found["network", "reset"]}
        self._compare(now, found)

    def _compare(self, now: Sampled, found: Counter[tuple[str, str]]) -> None:
        """Compare what was counted with what must have been, and with what may be."""
        tally = self.account.tally
        for one in {*found, *tally}:
            name, reason = one
            told = f"{name} {reason} {found[one]} times, which happened {tally[one]} times"
            if reason in EXACT or (name in ("cpu", "rapl", "network") and reason == "reset"):
                need(found[one] == tally[one], Law.COUNTED, told)
            elif one == DOUBTED:
                need(found[one] >= tally[one], Law.COUNTED, told)
            if found[one] > tally[one]:
                may = self._may_be_discarded(name, now) or (reason == "frozen" and self._was_repeated)
                need(may, Law.COUNTED, f"{name} {reason} for no reason")
                tally[one] = found[one]

    def _may_be_discarded(self, name: str, now: Sampled) -> bool:
        odd = now.repeated | now.false | self.struck | self.account.false | self._repeated | self._repeated_before
        if now.slow or self._slow_before or self.machine.load_changed:
            odd |= {"cpu", "network", "battery", "rapl", "hwmon"}
        return name in odd or (name == "battery" and "rapl" in odd)

    _repeated_before: frozenset[str] = frozenset()
    _slow_before = False
    _is_mixed = False
    _was_repeated = False

    def _count_times(self, now: Sampled) -> None:
        one, tally = self.account, self.account.tally
        if now.awake - one.awake > 3.0 * self.plan.interval:
            tally["", "late"] += 1
        if self._is_suspended(now):
            tally["", "suspend"] += 1
        if abs((now.wall - one.wall) - (now.elapsed - one.elapsed)) > STEP_TOLERANCE:
            tally["", "clock_step"] += 1

    def _count_falls(self, now: Sampled) -> None:
        one, tally = self.account, self.account.tally
        if self._stands_still(now) and "cpu" in one.told:
            tally["cpu", "standstill"] += 1
        if "cpu" in now.told and now.told["cpu"] < one.told.get("cpu", 0.0):
            tally["cpu", "reset"] += 1
        tally["network", "reset"] += self._fallen(now)
        if "rapl" in one.told and "rapl" in now.told:
            self._count_joules(now, one.told["rapl"], now.told["rapl"])

    def _count_joules(self, now: Sampled, old: float, new: float) -> None:
        tally, turn, asleep = self.account.tally, self.plan.turn_joules, self._is_suspended(now)
        is_turn = new < turn / 2.0 <= old and not asleep
        tally["rapl", "reset"] += new < old and not is_turn
        if self._may_hide_turn(now):
            # The reading must not be used, and be counted.
            tally[DOUBTED] += new >= old or is_turn

    def _may_hide_turn(self, now: Sampled) -> bool:
        """Tell whether so long a time has passed that an energy counter may have turned with nothing to show of it."""
        awake = now.awake - self.account.awake
        can_turn = {"rapl"} <= self.account.told.keys() & now.told.keys() and not self._is_suspended(now)
        return can_turn and awake > 0.0 and MOST_WATTS * awake >= self.plan.turn_joules

    def _check_grams(self, totals: Totals) -> None:
        before, now = self._before, totals
        joules = sum(now.exported.energy.values()) - sum(before.exported.energy.values())
        gained = now.lifetime_energy - before.lifetime_energy
        need(abs(gained - joules) <= 1e-6 * (1.0 + abs(joules)) + 1e-9 * now.lifetime_energy, Law.GOES_ON, "energy")
        emitted = sum(now.exported.emissions.values()) - sum(before.exported.emissions.values())
        lived = now.lifetime_emissions - before.lifetime_emissions
        need(abs(lived - emitted) <= 1e-6 * (1.0 + emitted), Law.GOES_ON, "emissions")

    def shown(self, snapshot: Snapshot, *, is_fresh: bool) -> None:
        """Check what is published after a sample."""
        now, readings = self.machine.sampled, snapshot.readings
        found = counters(snapshot.totals.exported)
        check_no_fall(self.published, found)
        self.published = found
        states = {one.collector: one.state for one in snapshot.outcomes if one.collector in now.states}
        need(states == now.states, Law.STATES, f"{states} for {now.states}")
        if not self._works("cpu"):
            need(readings.cpu_utilization is None, Law.MISSING, "CPU use")
        if not self._works("network"):
            need(readings.throughput is None, Law.MISSING, "throughput")
        if is_fresh:
            need((readings.memory is not None) is self._works("memory"), Law.MISSING, "memory")
        host = readings.power_by_scope().host
        if not self._works("cpu") and not self._works("battery"):
            need(host is None, Law.MISSING, f"power {host}")
        if host is not None:
            most = MAX_MACHINE_WATTS if now.false or self.account.false else MAX_PART_WATTS
            need(host <= most, Law.NO_SPIKE, f"{host} W")

    def check_intensity(self, snapshot: Snapshot, told: set[float], fixed: float, discarded: Mapping[str, int]) -> None:
        """Check that the carbon intensity in force is one that was told, and that answers of no use are counted."""
        reading = snapshot.readings.intensity
        if reading is None:
            return
        need(reading.value in told or reading.value == fixed, Law.INTENSITY, f"{reading.value}")
        for reason, count in discarded.items():
            found = reading.outlook.discarded.get(reason, 0)
            need(found == count, Law.COUNTED, f"answers {reason} {found} times, which came {count} times")
