"""Events of one validator: it signs votes, and blocks hold them, or evidence against it."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.simulator.ledger.consensus.model.columns import ACTED, CONVICTED, Column, Columns
from tests.simulator.ledger.consensus.model.rules import Rules, in_order
from tests.simulator.ledger.consensus.model.settings import COMMON, LEFT, RIGHT

ALONE = -1
"""In place of the right branch: there is one chain so far."""


class Event(NamedTuple):
    """Event: where, whose vote, and which."""

    name: str
    side: int
    validator: int = -1
    vote: int = -1


class Place(NamedTuple):
    """Both branches, and one validator's column: all that its events ask for and change."""

    left: int
    right: int
    column: int


class Spot(NamedTuple):
    """One of the branches, and where its bits begin in a column."""

    side: int
    branch: int
    shift: int


def get_spots(place: Place) -> tuple[Spot, ...]:
    """Return the branches of a place."""
    if place.right == ALONE:
        return (Spot(COMMON, place.left, 0),)
    return (Spot(LEFT, place.left, 0), Spot(RIGHT, place.right, 2))


class Events:
    """Events of each validator, by the shipped rules."""

    def __init__(self, rules: Rules, columns: Columns) -> None:
        self.rules, self.setting, self.columns = rules, rules.setting, columns
        self.find = cache(self._find)
        self.take_turn = cache(self._take_turn)
        self.renew = cache(self._renew)

    def _find(self, validator: int, place: Place) -> list[tuple[Event, Place]]:
        """Return the events that may be next, each with the place after it."""
        find = self._forgeries if validator in self.setting.faulty else self._honest_events
        open_spots = [spot for spot in get_spots(place) if self.rules.epoch(spot.branch) < self.setting.last_epoch]
        return [one for spot in open_spots for one in find(validator, place, spot)]

    def _honest_events(self, validator: int, place: Place, spot: Spot) -> Iterator[tuple[Event, Place]]:
        """Yield the signing of the vote that the branch asks for, and the inclusion of those that were signed."""
        column = self.columns.unpack(place.column)
        if 1 <= self.rules.epoch(spot.branch) <= self.setting.checkpoints:
            vote = self.rules.signed_on(spot.branch)
            if column.allowed >> vote & 1:
                signed = self._remember(column, vote)._replace(
                    allowed=self.rules.allowed_after(vote), waiting=column.waiting | 1 << vote
                )
                yield Event("signs", spot.side, validator, vote), self._with(validator, place, signed)
        bits = column.get_bits(spot.shift)
        for vote in in_order(column.waiting & self.rules.accepted(spot.branch, validator, bits)):
            included = column.with_bits(spot.shift, self.rules.include(spot.branch, validator, bits, vote))
            yield Event("holds", spot.side, validator, vote), self._with(validator, place, included)

    def _forgeries(self, validator: int, place: Place, spot: Spot) -> Iterator[tuple[Event, Place]]:
        """Yield the inclusion of whatever a faulty validator signs, and of evidence against it."""
        column = self.columns.unpack(place.column)
        bits = column.get_bits(spot.shift)
        for vote in in_order(self.rules.accepted(spot.branch, validator, bits)):
            signed = self._remember(column, vote) if self.setting.is_accountable else column
            included = signed.with_bits(spot.shift, self.rules.include(spot.branch, validator, bits, vote))
            yield Event("forges", spot.side, validator, vote), self._with(validator, place, included)
        if self.setting.evidence and not self.rules.is_slashed(spot.branch, validator):
            if self.setting.is_accountable:
                column = column._replace(flags=column.flags | CONVICTED, convicting=0)
            slashed = self.rules.convict(spot.branch, validator)
            branches = place._replace(right=slashed) if spot.side == RIGHT else place._replace(left=slashed)
            yield Event("convicts", spot.side, validator), self._with(validator, branches, column)

    def _remember(self, column: Column, vote: int) -> Column:
        """Return the column of a validator that has signed a vote, and is convicted where others forbid it."""
        if column.convicting >> vote & 1 or column.flags & CONVICTED:
            return column._replace(flags=column.flags | CONVICTED, convicting=0)
        return column._replace(convicting=column.convicting | self.rules.offended_by(vote))

    def _with(self, validator: int, place: Place, column: Column) -> Place:
        """Return the place with a column, without what can no longer matter to it."""
        return self.renew(validator, place._replace(column=self.columns.pack(column)))

    def _renew(self, validator: int, place: Place) -> Place:
        """Return the place without votes that no branch can meet any more in the column.

        An honest validator signs for the epoch of a branch; a vote of a faulty one may be of the last epoch as well.
        """
        epoch = min(self.rules.epoch(spot.branch) for spot in get_spots(place))
        later = self.rules.targets_from(epoch - (validator in self.setting.faulty))
        return self._kept(validator, place, later)

    def _take_turn(self, validator: int, place: Place) -> list[tuple[tuple[Event, ...], Place]]:
        """Return all that a validator can do in one epoch, each in the fewest events."""
        found: dict[Place, tuple[Event, ...]] = {place: ()}
        queue = [place]
        for here in queue:
            for event, there in self.find(validator, here):
                if there not in found:
                    found[there] = (*found[here], event)
                    queue.append(there)
        ends: dict[Place, tuple[Event, ...]] = {}
        for here, events in found.items():
            ends.setdefault(self._end_turn(validator, here), events)
        return [(events, here) for here, events in ends.items()]

    def _end_turn(self, validator: int, place: Place) -> Place:
        """Return the place after a turn: the next one is in the next epoch, and only votes of this one wait for it."""
        epoch = self.rules.epoch(place.left)
        later = self.rules.targets_from(epoch + (validator not in self.setting.faulty))
        kept = self.columns.unpack(self._kept(validator, place, later).column)
        acted = kept._replace(flags=kept.flags | ACTED, waiting=kept.waiting & self.rules.targets_from(epoch))
        return place._replace(column=self.columns.pack(acted))

    def _kept(self, validator: int, place: Place, later: int) -> Place:
        """Return the place whose column knows of later votes only, and of those that a branch would still take."""
        column, taken = self.columns.unpack(place.column), 0
        for spot in get_spots(place):
            taken |= self.rules.accepted(spot.branch, validator, column.get_bits(spot.shift))
        kept = column._replace(
            allowed=column.allowed & later, convicting=column.convicting & later, waiting=column.waiting & taken
        )
        return place._replace(column=self.columns.pack(kept))
