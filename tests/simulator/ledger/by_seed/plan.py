"""The plan of a seed: who takes part, and what goes wrong when. Each seed draws which kinds of faults there are."""

import random
from dataclasses import dataclass
from enum import StrEnum

SLOT_SECONDS = 300
"""Seconds of a slot. A claim is about as many, so a day has 288 slots and a slot a claim of each device."""

SLOTS_PER_EPOCH = 4

DAY = 86_400 // SLOT_SECONDS
"""Slots of a day."""

SHORT = 120
"""Slots of a run that is over sooner: ten hours."""

QUIET = (80, 2 / 5)
"""Slots at the end of a run in which nothing fails any more, so that all comes right, and their part of a short one."""


class Kind(StrEnum):
    """A kind of fault or of other adventure, which a seed turns on or off."""

    LOSS = "letters are lost"
    DELAY = "letters are late"
    DOUBLING = "letters arrive twice"
    CUT = "the network is cut in two"
    DEAF = "one hears nobody, and is heard"
    KILL = "processes are killed"
    POWER = "the power fails while a disk writes"
    FULL = "disks are full"
    FLIP = "a bit of a file flips"
    OLD = "a ledger file is put back to an earlier state"
    LOST = "a disk is lost"
    DRIFT = "clocks run fast or slow"
    STEP = "clocks are set"
    TWIN = "a validator acts twice"
    LIAR = "a device lies"
    SILENCE = "devices are silent for a while"
    TRADE = "units are traded and retired"
    STAKE = "stakes change"
    RENEWAL = "chains of reveals end"


DISK = (Kind.KILL, Kind.POWER, Kind.FULL, Kind.FLIP, Kind.OLD, Kind.LOST)
"""Kinds that happen to the disk of one validator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong from a slot on, for so many slots, with a validator."""

    kind: Kind
    slot: int
    slots: int
    who: int
    others: tuple[int, ...] = ()
    amount: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run is about. From the slot `quiet` on nothing fails. `late` is the longest way of a letter, in slots;
    `twin` and `liar` are validators."""

    seed: int
    slots: int
    quiet: int
    kinds: frozenset[Kind]
    stakes: tuple[int, ...]
    devices: int
    late: float
    lost_per_mille: int
    doubled_per_mille: int
    links: int
    drift: tuple[float, ...]
    twin: int | None
    liar: int | None
    faults: tuple[Fault, ...]


def plan_of(seed: int, slots: int = DAY) -> Plan:
    """Return the plan of a seed for a run of so many slots."""
    chance = random.Random(f"plan {seed}")  # noqa: S311 - chance, not secrets
    quiet = slots - min(QUIET[0], int(slots * QUIET[1]))
    kinds = frozenset(kind for kind in Kind if chance.random() < 0.5)
    widest = chance.choice((0, 40))
    stakes = tuple(100 + chance.randint(-widest, widest) for _ in range(chance.choice((4, 4, 4, 5, 6))))
    order = chance.sample(range(len(stakes)), len(stakes))
    spare = _Spare(stakes)
    liar = order[0] if Kind.LIAR in kinds and spare.takes(order[0]) else None
    twin = order[1] if Kind.TWIN in kinds and spare.takes(order[1]) else None
    faults = [
        fault
        for kind in sorted(kinds)
        for _ in range(chance.randint(1, 2))
        for fault in _drawn(kind, chance, quiet, len(stakes))
        if fault.who != twin and (kind is not Kind.LOST or spare.takes(fault.who))
    ]
    return Plan(
        seed=seed,
        slots=slots,
        quiet=quiet,
        kinds=kinds,
        stakes=stakes,
        devices=chance.choice((2, 3)),
        late=chance.choice((1.5, 0.4)) if Kind.DELAY in kinds else 0.02,
        lost_per_mille=chance.choice((50, 150)) if Kind.LOSS in kinds else 0,
        doubled_per_mille=chance.choice((50, 300)) if Kind.DOUBLING in kinds else 0,
        links=quiet + 32 if Kind.RENEWAL in kinds else 4096,
        drift=tuple(chance.uniform(-0.003, 0.003) if Kind.DRIFT in kinds else 0.0 for _ in stakes),
        twin=twin,
        liar=liar,
        faults=tuple(sorted(faults, key=lambda one: (one.slot, one.kind, one.who))),
    )


class _Spare:
    """Stake that may be false or gone for good: less than a third."""

    def __init__(self, stakes: tuple[int, ...]) -> None:
        self._stakes = stakes
        self._gone: set[int] = set()

    def takes(self, who: int) -> bool:
        """Tell whether a validator may go as well, and let it."""
        if 3 * sum(self._stakes[one] for one in self._gone | {who}) >= sum(self._stakes):
            return False
        self._gone.add(who)
        return True


def _drawn(kind: Kind, chance: random.Random, until: int, validators: int) -> list[Fault]:
    slot, who = chance.randint(2, until - 2), chance.randrange(validators)
    longest = {Kind.CUT: 30, Kind.DEAF: 20, Kind.FULL: 20, Kind.SILENCE: 24}.get(kind, 12)
    slots = min(chance.randint(1, longest), until - slot)
    others: tuple[int, ...] = ()
    if kind is Kind.CUT:
        half = tuple(sorted(chance.sample(range(validators), validators // 2)))
        others = chance.choice((half, tuple(one for one in range(validators) if chance.random() < 0.5)))
    elif kind is Kind.DEAF:
        others = tuple(one for one in range(validators) if one != who)
    elif kind in (Kind.LOSS, Kind.DELAY, Kind.DOUBLING, Kind.DRIFT, Kind.TWIN, Kind.LIAR, Kind.TRADE, Kind.RENEWAL):
        return []
    amount = chance.choice((-12.0, 12.0, chance.uniform(-3, 3), chance.uniform(-0.4, 0.4)))
    return [Fault(kind=kind, slot=slot, slots=slots, who=who, others=others, amount=amount)]
