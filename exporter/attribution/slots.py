"""The groups of processes that have series of their own: a bounded number, and none that keeps others out for good."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from exporter.core.units import Joules, Seconds, UnixSeconds
from exporter.sources.processes.grouping import OTHER, RESERVED
from exporter.totals import NO_AMOUNTS, GroupTotal, add_groups

LEAST_SHARE = 0.001
"""Share in all energy that is told by group since it was last shared out, from which on a group matters. Judgement: a
twentieth of a watt of a machine of fifty, which daemons that look around now and then stay below."""

HELD = Seconds(3600.0)
"""Time after a group last mattered in which it keeps its series. Judgement: graphs of the last hour stay whole, and
programs that run once an hour keep theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Totals by group after a sample, the gains by the group in whose series they are, and what lost its series."""

    groups: Mapping[str, GroupTotal]
    gains: Mapping[str, GroupTotal]
    retired: GroupTotal


def place(
    groups: Mapping[str, GroupTotal],
    gains: Mapping[str, GroupTotal],
    *,
    top: int,
    spent: Joules,
    now: UnixSeconds,
) -> Placed:
    """Return the totals with gains added, of at most `top` groups beside the reserved ones.

    `spent` is all energy of the time that the gains are of. A free place goes to whoever gained most; one that is taken
    only to a group that matters, from the one that has not mattered for the longest time, if that is an hour.
    """
    mattering = {name for name, gain in gains.items() if _matters(gain, spent)}
    left = {name: _seen(total, now, matters=name in mattering) for name, total in groups.items()}
    room, yielding, retired = top - len(left.keys() - RESERVED), _yielding(left, now), NO_AMOUNTS
    for name in _newcomers(left, gains):
        if room > 0:
            room -= 1
        elif yielding and name in mattering:
            retired = retired.plus(left.pop(yielding.pop(0)))
        else:
            break
        left[name] = GroupTotal(mattered_at=now if name in mattering else None)
    placed: dict[str, GroupTotal] = {}
    for name, gain in gains.items():
        label = name if name in left or name in RESERVED else OTHER
        placed[label] = placed[label].plus(gain) if label in placed else gain
    return Placed(groups=add_groups(left, placed), gains=placed, retired=retired)


def _matters(gain: GroupTotal, spent: Joules) -> bool:
    """Tell whether a gain is more than a crumb of what was spent."""
    return _energy(gain) > 0.0 and _energy(gain) >= LEAST_SHARE * spent


def retire(groups: Mapping[str, GroupTotal], *, keep: int) -> tuple[Mapping[str, GroupTotal], GroupTotal]:
    """Return groups of which so many keep their series, those that mattered last, and the sum of all others."""
    retired, kept = NO_AMOUNTS, dict(groups)
    for name in sorted(groups.keys() - RESERVED, key=lambda name: _worth(groups, name), reverse=True)[keep:]:
        retired = retired.plus(kept.pop(name))
    return kept, retired


def _newcomers(groups: Mapping[str, GroupTotal], gains: Mapping[str, GroupTotal]) -> list[str]:
    """Return the groups without series that have gained energy, the greatest gain first."""
    new = [name for name in gains if name not in groups and name not in RESERVED and _energy(gains[name]) > 0.0]
    return sorted(new, key=lambda name: (-_energy(gains[name]), name))


def _yielding(groups: Mapping[str, GroupTotal], now: UnixSeconds) -> list[str]:
    """Return the groups that have not mattered for an hour, in the order in which they give up their series."""
    names = (name for name in groups.keys() - RESERVED if now - (groups[name].mattered_at or 0.0) >= HELD)
    return sorted(names, key=lambda name: _worth(groups, name))


def _seen(total: GroupTotal, now: UnixSeconds, *, matters: bool) -> GroupTotal:
    """Return a total that says when it mattered: by now, as a clock that was ahead must not keep series for longer."""
    is_ahead = total.mattered_at is not None and total.mattered_at > now
    return replace(total, mattered_at=now) if matters or is_ahead else total


def _worth(groups: Mapping[str, GroupTotal], name: str) -> tuple[float, float, str]:
    total = groups[name]
    return (float("-inf") if total.mattered_at is None else total.mattered_at, _energy(total), name)


def _energy(total: GroupTotal) -> Joules:
    return Joules(sum(total.energy.values()))
