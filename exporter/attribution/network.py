"""The groups' shares in the network: what programs moved by sockets, settled with what devices counted. Pure.

Sockets and devices count the same bytes at different moments: a device counts what a program will take from its socket
in a while, and a socket takes what a device will send. What does not match within a sample waits for the next one. What
does not match then either is `unattributed` where devices counted it (headers, repeated and forwarded packets, the
kernel's own), and dropped as an excess where programs did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.core.units import Grams, Joules, JoulesPerByte
from exporter.sources.processes.grouping import UNATTRIBUTED
from exporter.sources.reading import GroupBytes, Timed
from exporter.usage.events import Event, EventKind
from exporter.usage.network import NetworkUsage

EXCEEDS = Event(kind=EventKind.DISCARD, source="process_bytes", reason="exceeds_devices")
"""Programs sent or received more than devices counted, in two samples."""

Claims = Mapping[str, int]
"""Bytes that groups sent or received by sockets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Bytes that devices counted in one direction, with the energy and emissions that they bring."""

    size: int = 0
    energy: Joules = Joules(0.0)  # noqa: RUF009 - a number
    grams: Grams = Grams(0.0)  # noqa: RUF009 - a number

    def plus(self, other: "Lot") -> "Lot":
        """Return both lots as one."""
        return Lot(
            size=self.size + other.size,
            energy=Joules(self.energy + other.energy),
            grams=Grams(self.grams + other.grams),
        )

    def first(self, size: int) -> "Lot":
        """Return so many bytes of the lot, of which there have to be as many, and their share of the rest."""
        if size == self.size:
            return self
        share = size / self.size
        return Lot(size=size, energy=Joules(self.energy * share), grams=Grams(self.grams * share))

    def without(self, taken: "Lot") -> "Lot":
        """Return the lot after a part of it was taken."""
        return Lot(
            size=self.size - taken.size,
            energy=Joules(max(0.0, self.energy - taken.energy)),
            grams=Grams(max(0.0, self.grams - taken.grams)),
        )


NOTHING = Lot()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTraffic:
    """Traffic that devices counted in a sample, by direction, and the energy of the line, traffic or not."""

    received: Lot
    sent: Lot
    line: Lot = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Bytes that groups of programs received and sent by sockets in a sample."""

    received: Claims = field(default_factory=dict)
    sent: Claims = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Bytes of one direction that wait for the next sample: of devices or of programs, never of both."""

    devices: Lot = NOTHING
    claims: Claims = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Bytes that wait for the next sample."""

    received: Backlog = Backlog()
    sent: Backlog = Backlog()

    def without_claims(self) -> "Waiting":
        """Return what waits of devices alone."""
        return Waiting(
            received=Backlog(devices=self.received.devices),
            sent=Backlog(devices=self.sent.devices),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShare:
    """Share of one group in what network devices counted."""

    received: Lot = NOTHING
    sent: Lot = NOTHING
    line: Lot = NOTHING

    @property
    def whole(self) -> Lot:
        """Bytes of both directions, with all energy and emissions of the group."""
        return self.received.plus(self.sent).plus(self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Shares of a sample by group, with `unattributed` among them, what waits, and what was found."""

    shares: Mapping[str, NetworkShare]
    waiting: Waiting
    events: tuple[Event, ...] = ()


def counted_by(usage: NetworkUsage, energy: Joules, per_byte: JoulesPerByte, grams: Grams) -> DeviceTraffic:
    """Return the traffic of a sample with the energy and emissions of scope network.

    Each byte brings `per_byte` joules; what is more belongs to the line. Emissions go by energy; they are zero where
    none were counted.
    """
    per_joule = grams / energy if energy > 0.0 else 0.0
    received, sent = usage.received_bytes * per_byte, usage.sent_bytes * per_byte
    return DeviceTraffic(
        received=Lot(size=usage.received_bytes, energy=Joules(received), grams=Grams(received * per_joule)),
        sent=Lot(size=usage.sent_bytes, energy=Joules(sent), grams=Grams(sent * per_joule)),
        line=Lot(energy=energy, grams=grams).without(
            Lot(energy=Joules(received + sent), grams=Grams((received + sent) * per_joule))
        ),
    )


def claimed_between(previous: Timed[GroupBytes] | None, current: Timed[GroupBytes] | None) -> Claimed | None:
    """Return what groups received and sent from one reading to the next; None where either is missing."""
    if previous is None or current is None or current.at <= previous.at:
        return None
    return Claimed(
        received=_gained(previous.value.received, current.value.received),
        sent=_gained(previous.value.sent, current.value.sent),
    )


def _gained(before: Claims, now: Claims) -> Claims:
    gained = {group: size - before.get(group, 0) for group, size in now.items()}
    return {group: size for group, size in gained.items() if size > 0}


def settle(waiting: Waiting, counted: DeviceTraffic | None, claimed: Claimed | None, *, expected: bool) -> Settlement:
    """Settle the bytes of a sample with those that waited, the oldest first.

    The shares and what waits are together what devices counted, and what waited of theirs. Where devices could not be
    read, what programs claim waits on; where programs could not be, what devices counted does. Nothing waits where no
    claims are `expected`.
    """
    ends = _Ends(waiting=claimed is not None or not expected, new=not expected, claims=counted is not None)
    nothing = DeviceTraffic(received=NOTHING, sent=NOTHING)
    now, claims = counted or nothing, claimed or Claimed()
    received = _settle(waiting.received, now.received, claims.received, ends)
    sent = _settle(waiting.sent, now.sent, claims.sent, ends)
    groups = {*received.shares, *sent.shares, UNATTRIBUTED}
    return Settlement(
        shares={
            group: NetworkShare(
                received=received.shares.get(group, NOTHING),
                sent=sent.shares.get(group, NOTHING),
                line=now.line if group == UNATTRIBUTED else NOTHING,
            )
            for group in sorted(groups)
        },
        waiting=Waiting(received=received.left, sent=sent.left),
        events=(EXCEEDS,) if received.excess or sent.excess else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """Bytes that wait no longer: of devices those that waited, and the sample's own; and claims that waited."""

    waiting: bool
    new: bool
    claims: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """Bytes of one direction after a sample: shares by group, what waits, and claims that nothing stood behind."""

    shares: Mapping[str, Lot]
    left: Backlog
    excess: int


def _settle(before: Backlog, counted: Lot, claims: Claims, ends: _Ends) -> _Settled:
    """Match the bytes of devices with those of programs, and let what has waited long enough go."""
    size = min(before.devices.size + counted.size, sum(before.claims.values()) + sum(claims.values()))
    old_claims = _apportioned(before.claims, size)
    new_claims = _apportioned(claims, size - sum(old_claims.values()))
    old = before.devices.first(min(size, before.devices.size))
    new = counted.first(size - old.size)
    shares = _shared(old.plus(new), _sum(old_claims, new_claims))
    old_left, new_left = before.devices.without(old), counted.without(new)
    late, early = _less(before.claims, old_claims), _less(claims, new_claims)
    freed = (old_left if ends.waiting else NOTHING).plus(new_left if ends.new else NOTHING)
    shares[UNATTRIBUTED] = shares.get(UNATTRIBUTED, NOTHING).plus(freed)
    return _Settled(
        shares=shares,
        left=Backlog(
            devices=(NOTHING if ends.waiting else old_left).plus(NOTHING if ends.new else new_left),
            claims=early if ends.claims else _sum(late, early),
        ),
        excess=sum(late.values()) if ends.claims else 0,
    )


def _apportioned(claims: Claims, size: int) -> Claims:
    """Return how many of `size` bytes each claim gets: all of it, or where they are fewer, at most an equal part.

    What small claims leave of their equal parts goes to the greater ones, so that a claim that no device stands behind
    takes no more than an equal part from the others, however great it is.
    """
    left, parts = size, {}
    smallest_first = sorted(claims.items(), key=lambda one: (one[1], one[0]))
    for after, (group, claim) in enumerate(smallest_first):
        parts[group] = min(claim, left // (len(smallest_first) - after))
        left -= parts[group]
    return parts


def _shared(lot: Lot, claims: Claims) -> dict[str, Lot]:
    """Return the lot in parts as large as the claims, which add up to it."""
    return {group: lot.first(size) for group, size in claims.items() if size}


def _sum(first: Claims, second: Claims) -> Claims:
    return {group: first.get(group, 0) + second.get(group, 0) for group in {*first, *second}}


def _less(claims: Claims, met: Claims) -> Claims:
    return {group: left for group, size in claims.items() if (left := size - met.get(group, 0))}
