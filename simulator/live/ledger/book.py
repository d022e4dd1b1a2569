"""The ledger of a live run: a claim of each device in every supply step, and a block of all of them."""

import time
from collections.abc import Callable, Iterator
from typing import cast

from simulator.energy.interface import WEATHER_STEP
from simulator.ledger.booking.credits import compute_balance
from simulator.ledger.booking.state import State
from simulator.ledger.devices.recording import Interval, Producer, open_drawn
from simulator.ledger.record.codec import encode
from simulator.ledger.record.types import Claim, Instrument, SignedMessage
from simulator.live.ledger.claiming import Metering
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.ledger.keeping import Keeping
from simulator.live.ledger.setting import Setting
from simulator.live.ledger.validators import Validators
from simulator.run.engine import StepRecord

STEP = round(WEATHER_STEP)
"""Seconds of a supply step, which is a slot and an epoch of the chain."""


class LiveLedger:
    """The devices and the validators of a run. The run is told again after a restart, the ledger is not.

    A run begins anew with every start, and does the same as before. Where the ledger was kept, it goes on as soon as
    the run is where it ends: what was claimed is not claimed twice.
    """

    def __init__(
        self, setting: Setting, keeping: Keeping | None = None, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        """Begin a chain, or go on with the one that was kept. `cpu` tells the CPU time of this thread."""
        self._setting = setting
        self._keeping = keeping
        self._cpu = cpu
        self._validators = Validators(setting.genesis, setting.identities, setting.execute, cpu)
        self._metering = Metering(setting.bus_of_node, setting.kinds, setting.sources)
        self._spent = 0.0
        self._slot = 0
        self._records = 0
        if keeping is not None:
            self._records = keeping.take_up(self._validators)
        chain_id = self._validators.state.chain_id
        self._producers = {bus: Producer(bus, key, chain_id) for bus, key in enumerate(setting.devices)}
        self._waiting: list[tuple[SignedMessage, list[bytes]]] = [
            (producer.register(0, setting.owner, setting.capacities[bus]), [])
            for bus, producer in self._producers.items()
            if bus not in self._validators.ledger.devices
        ]

    @property
    def books(self) -> State:
        """The state of the ledger after the last block; nobody may change it."""
        return self._validators.ledger

    def step(self, record: StepRecord) -> None:
        """Take note of a step of the run; with the end of a supply step, claim it and close it with a block."""
        begin = self._cpu()
        self._metering.step(record)
        end = record.start + record.seconds
        if end % WEATHER_STEP == 0.0:
            self._close(round(end))
        self._spent += self._cpu() - begin

    def figures(self) -> LedgerFigures:
        """Return what there is to tell."""
        validators, state = self._validators, self._validators.state
        ledger = validators.ledger
        return LedgerFigures(
            clock_slot=self._slot,
            head_slot=state.head_slot,
            finalized_slot=validators.finalized.slot,
            stakes=dict(zip(self._setting.names, state.stakes, strict=True)),
            slashed=sum(one.slashed for one in state.members),
            blocks=validators.blocks,
            records=self._records,
            rejected=dict(validators.rejected),
            certificates=ledger.totals[Instrument.CERTIFICATE],
            credits=ledger.totals[Instrument.CREDIT],
            balance_micrograms=compute_balance(ledger.accounts[0]),
            cpu_seconds=self._spent,
            verify_seconds=validators.verify_seconds,
            size_bytes=None if self._keeping is None else self._keeping.size,
            write_failures=None if self._keeping is None else self._keeping.failures,
        )

    def _close(self, end: int) -> None:
        """Have all devices claim until `end`, and a block made of what they and the validators have to say."""
        validators, slot = self._validators, end // STEP
        self._slot = slot
        self._claim(end)
        if slot <= validators.state.head_slot:
            return
        opener = self._setting.identities[slot % len(self._setting.identities)]
        openings = open_drawn(validators.ledger, self._producers, opener.index, opener.key)
        added = validators.propose(slot, [*openings, *(message for message, _ in self._waiting)])
        if added is None:
            return
        self._records += len(added.block.body.messages)
        if self._keeping is not None:
            self._keeping.append(added, dict(self._records_of_waiting()))
        # Where a block has no room for all, the rest is left to the next one.
        del self._waiting[: max(0, added.taken - len(openings))]

    def _claim(self, end: int) -> None:
        """Let each device claim its interval, and forget the records that nobody can ask for any more."""
        ledger = self._validators.ledger
        asked = dict(sorted(ledger.pending, reverse=True))
        for bus, interval in enumerate(self._metering.read(end - STEP, end)):
            producer = self._producers[bus]
            signed = producer.claim(interval)
            booked = ledger.meters[bus].sequence if bus in ledger.meters else 0
            if cast(Claim, signed.message).sequence > booked:
                self._waiting.append((signed, _records(interval)))
            producer.forget_until(min(booked, asked.get(bus, booked + 1) - 1))

    def _records_of_waiting(self) -> Iterator[tuple[tuple[int, int], list[bytes]]]:
        for signed, records in self._waiting:
            if isinstance(claim := signed.message, Claim):
                yield (claim.device, claim.sequence), records

    def close(self) -> None:
        """Let go of the file, if there is one."""
        if self._keeping is not None:
            self._keeping.close()


def _records(interval: Interval) -> list[bytes]:
    """Return the bytes of the records of an interval, in the order of the leaves under its claim's root."""
    return [encode(one) for one in (*(one for records in interval.on_time for one in records), *interval.others)]
