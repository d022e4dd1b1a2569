"""The part of a run that does not fail: the genesis of a seed, its devices, and what they and the holders say."""

import hashlib
from collections.abc import Iterator, Sequence

from simulator.ledger.application import Application
from simulator.ledger.booking.holdings import Status
from simulator.ledger.booking.state import State as Books
from simulator.ledger.booking.transition import admit
from simulator.ledger.consensus.proposal import Identity
from simulator.ledger.consensus.stake import process_stake_change
from simulator.ledger.consensus.state import State, get_epoch
from simulator.ledger.devices.recording import Interval, Producer, open_drawn
from simulator.ledger.file.reading import ClaimName
from simulator.ledger.record.codec import compute_chain_id, encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import (
    ChainConfig,
    Genesis,
    Instrument,
    Lots,
    Message,
    Project,
    Retirement,
    SignedMessage,
    StakeChange,
    Transfer,
)
from tests.simulator.ledger.by_seed.plan import SLOT_SECONDS, SLOTS_PER_EPOCH, Kind, Plan
from tests.simulator.ledger.cases import CAPACITY, DIGEST, OWNERS, STRANGER, execute, task_until
from tests.simulator.ledger.consensus import cluster

CLAIMS_AT_ONCE = 40
"""Claims of a device that a block takes at most, after a silence or a cut."""

TASKS = 2
"""Tasks of each third claim, all of which are drawn."""

TRADE_EVERY = 12
"""Slots between two trades."""


class World:
    """Everything around the validators of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.genesis = _genesis(plan)
        self.chain_id = compute_chain_id(self.genesis)
        self.execute = execute
        self.slot = 0
        self._records: dict[ClaimName, list[bytes]] = {}
        self._producers = {number: self._producer(number) for number in range(plan.devices)}
        self._messages = {number: list(self._claims(number)) for number in self._producers}

    def identity(self, index: int) -> Identity:
        """Return the keys of a validator."""
        return cluster.identity(index, self.plan.links)

    def told(self, name: ClaimName) -> Sequence[bytes]:
        """Return the task records of a claim."""
        return self._records[name]

    def choose(self, index: int, application: Application, state: State) -> Sequence[SignedMessage]:
        """Return what a validator puts into a block on a state: what devices, holders and it itself have to say."""
        books = application.states[state.application]
        key = self.identity(index).key
        found = [*self._sent(books, state.slot), *open_drawn(books, self._producers, index, key)]
        if Kind.TRADE in self.plan.kinds and state.slot % TRADE_EVERY == 0:
            found += self._trades(books)
        accepted = admit(books, found, application.surroundings(state.slot, state.mix)).accepted
        return (*accepted, *self._orders(index, state, key))

    def _sent(self, books: Books, slot: int) -> Iterator[SignedMessage]:
        for device, messages in self._messages.items():
            if self._is_silent(device):
                continue
            if device not in books.devices:
                yield messages[0]
            booked = books.meters[device].sequence if device in books.meters else 0
            # A device that has not heard of it says its last claim again.
            yield from messages[max(1, booked) : booked + 1]
            yield from messages[booked + 1 : min(slot, booked + CLAIMS_AT_ONCE) + 1]

    def _is_silent(self, device: int) -> bool:
        silences = (
            one for one in self.plan.faults if one.kind is Kind.SILENCE and one.who % self.plan.devices == device
        )
        return any(one.slot <= self.slot < one.slot + one.slots for one in silences)

    def _trades(self, books: Books) -> Iterator[SignedMessage]:
        """Yield a transfer of half of what the first owner holds, and the use of what the buyer holds."""
        sequences = dict(books.holders)
        for (instrument, index), series in books.series.items():
            for lot in [one for one in series if one.status is Status.HELD][:2]:
                by = OWNERS[0] if lot.holder == OWNERS[0].public else STRANGER
                if lot.holder != by.public:
                    continue
                sequences[by.public] = sequences.get(by.public, 0) + 1
                end = lot.first + max(1, (lot.end - lot.first) // 2)
                lots = Lots(instrument=Instrument(instrument), series=index, first=lot.first, end=end)
                holder, number = by.public, sequences[by.public]
                if by is OWNERS[0]:
                    sold = Transfer(holder=holder, sequence=number, lots=lots, to=STRANGER.public)
                    yield self._signed(sold, by)
                else:
                    used = Retirement(holder=holder, sequence=number, lots=lots, beneficiary=DIGEST)
                    yield self._signed(used, by)

    def _orders(self, index: int, state: State, key: SecretKey) -> Iterator[SignedMessage]:
        """Yield a change of stake of a validator where its turn has come and the chain takes it."""
        due = [one for one in self.plan.faults if one.kind is Kind.STAKE and one.who == index]
        number = sum(1 for one in state.pending if one.validator == index)
        if number or not any(one.slot <= state.slot < one.slot + 4 for one in due):
            return
        order = StakeChange(
            validator=index,
            sequence=state.members[index].changes + 1,
            epoch=get_epoch(state) + 4,
            change=-5 if state.stakes[index] > 80 else 1,
        )
        signed = self._signed(order, key)
        try:
            process_stake_change(state, signed, order)
        except RuleError:
            return
        yield signed

    def _producer(self, device: int) -> Producer:
        return Producer(device, SecretKey(hashlib.sha256(b"device %d" % device).digest()), self.chain_id)

    def _claims(self, device: int) -> Iterator[SignedMessage]:
        """Yield the registration of a device and all of its claims, the last device's with false outputs if it lies."""
        producer = self._producers[device]
        is_liar = self.plan.liar is not None and device == self.plan.devices - 1
        project = 1 if is_liar else 0
        yield producer.register(project, OWNERS[project], CAPACITY)
        for number in range(1, self.plan.slots + 1):
            end = number * SLOT_SECONDS
            count = TASKS if number % 3 == device % 3 else 0
            records = tuple(task_until(TASKS * number + place, end, is_liar) for place in range(count))
            joules = (1500.0 + device, 300.0 * (number % 2), 500.0, 7.0, 200.0 * (1 - number % 2), 900.0, 0.0)
            self._records[ClaimName(device, number)] = [encode(one) for one in records]
            yield producer.claim(
                Interval(end=end, joules=joules, grams_per_joule=1e-4, intensity_source=DIGEST, on_time=(records,))
            )

    def _signed(self, message: Message, key: SecretKey) -> SignedMessage:
        return SignedMessage(chain_id=self.chain_id, message=message, signature=key.sign(self.chain_id, message))


def _genesis(plan: Plan) -> Genesis:
    sponsor = 0 if plan.liar is None else plan.liar
    return Genesis(
        config=ChainConfig(
            name=b"by seed",
            benchmarks=(50_000,),
            slot_seconds=SLOT_SECONDS,
            slots_per_epoch=SLOTS_PER_EPOCH,
            claim_seconds=SLOT_SECONDS,
            crediting_epochs=6,
            samples_per_claim=TASKS,
        ),
        validators=cluster.genesis(plan.stakes, slots=plan.links).validators,
        projects=tuple(Project(owner=OWNERS[number].public, sponsor=sponsor) for number in range(2)),
    )
