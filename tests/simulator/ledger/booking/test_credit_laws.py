"""The laws of credits: they rise with what was avoided, and with nothing else."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.ledger.booking.credits import compute_allowance, compute_balance
from simulator.ledger.booking.state import State, check_conservation
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Cancellation, Instrument, Lots, Retirement, SignedMessage, Transfer
from tests.simulator.ledger.cases import (
    CAPACITY,
    CONFIG,
    DEVICES,
    DIGEST,
    OWNERS,
    STRANGER,
    VALIDATORS,
    WATT,
    WATT_HOUR,
    begin,
    broken,
    serve,
    signed,
    surroundings,
)

EPOCH = CONFIG.slots_per_epoch
DEVICE_COUNT = 2
LAG = 2 + CONFIG.opening_epochs
"""Epochs from the inclusion of a claim to the credit of its tasks."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wh of a device in an interval: used from its generation, exported, and used from the grid, in mg/kWh."""

    own: int
    exported: int
    grid: int
    intensity: int


IDLE = Step(0, 0, 0, 0)
ROOMY = replace(CAPACITY, generation=1_000 * WATT, load=1_000 * WATT)

steps = st.builds(
    Step, st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.sampled_from([0, 20_000, 400_000, 900_000])
)


@st.composite
def methods(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[list[Step]], list[list[Step]]]:
    """Draw tasks by interval and class, and for either of two methods what both devices do in each interval."""
    tasks = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=5))
    both = [[[draw(steps) for _ in range(DEVICE_COUNT)] for _ in tasks] for _ in range(2)]
    return tasks, both[0], both[1]


def claims(state: State, number: int, tasks: tuple[int, int], doing: list[Step], server: int) -> list[SignedMessage]:
    """Return the claims of an interval, in which one device serves all tasks."""
    messages = []
    for device, step in enumerate(doing):
        served = serve(*tasks, claimed_in=number) if device == server else serve(0, 0)
        one = served.claim(
            number,
            device=device,
            generation=(step.own + step.exported) * WATT_HOUR,
            load=(step.own + step.grid) * WATT_HOUR,
            grid_import=step.grid * WATT_HOUR,
            export=step.exported * WATT_HOUR,
            intensity=step.intensity,
        )
        messages.append(signed(state, one, DEVICES[device]))
    return messages


def openings(state: State, done: list[tuple[int, int]]) -> list[SignedMessage]:
    """Return all drawn records that are not open, opened by a validator."""
    return [
        signed(
            state,
            serve(*done[sequence - 1], claimed_in=sequence).opening(index, sequence=sequence, device=device),
            VALIDATORS[0],
        )
        for (device, sequence), pending in state.pending.items()
        for index in pending.drawn
        if not pending.is_opened(index)
    ]


def run(tasks: list[tuple[int, int]], doing: list[list[Step]], servers: list[int]) -> list[State]:
    """Return the states at each settlement of a run that claims as it goes, until all of it is settled."""
    state, settled = begin(devices=DEVICE_COUNT, capacity=ROOMY), []
    ends = (len(tasks) + LAG) // CONFIG.crediting_epochs + 2
    for epoch in range(1, ends * CONFIG.crediting_epochs + 1):
        around = surroundings(epoch * EPOCH)
        state = process_messages(state, [], around).state
        check_conservation(state)
        if epoch % CONFIG.crediting_epochs == 0:
            settled.append(state)
        messages = openings(state, tasks)
        if epoch <= len(tasks):
            messages += claims(state, epoch, tasks[epoch - 1], doing[epoch - 1], servers[epoch - 1])
        else:
            messages += claims(state, epoch, (0, 0), [IDLE] * DEVICE_COUNT, 0)
        state = process_messages(state, messages, around).state
    return settled


def net_credits(state: State) -> int:
    """Return the credits of the first project, less what it owes, by its units."""
    totals = state.totals[Instrument.CREDIT]
    return totals.issued - totals.cancelled - state.accounts[0].owed


def exact_emissions(state: State) -> tuple[int, int]:
    """Return what the first project emitted, in micrograms and parts of one."""
    return state.accounts[0].emitted, state.accounts[0].parts


@settings(max_examples=40)
@given(methods(), st.lists(st.integers(0, 1), min_size=10, max_size=10))
def test_the_method_that_emits_more_never_gets_more_credits(
    drawn: tuple[list[tuple[int, int]], list[list[Step]], list[list[Step]]], servers: list[int]
) -> None:
    """Same tasks, whichever device serves them: at every settlement, and not only in the end."""
    tasks, one, other = drawn
    first = run(tasks, one, servers[:5])
    second = run(tasks, other, servers[5:])
    for here, there in zip(first, second, strict=True):
        if exact_emissions(here) >= exact_emissions(there):
            assert net_credits(here) <= net_credits(there)
        if exact_emissions(here) <= exact_emissions(there):
            assert net_credits(here) >= net_credits(there)


@settings(max_examples=40)
@given(methods())
def test_credits_are_what_the_benchmark_allows_less_what_was_emitted(
    drawn: tuple[list[tuple[int, int]], list[list[Step]], list[list[Step]]],
) -> None:
    """By hand over the whole run: no step, device or night is clipped by itself."""
    tasks, doing, _ = drawn
    end = run(tasks, doing, [0] * 5)[-1]
    allowed = sum(compute_allowance(CONFIG, one) for one in tasks)
    emitted = sum(step.grid * step.intensity for steps in doing for step in steps)  # Wh x mg/kWh = µg
    assert net_credits(end) == end.accounts[0].credited == max(0, allowed - emitted)


@settings(max_examples=25)
@given(methods(), st.integers(1, 20))
def test_green_power_wasted_for_credits_earns_nothing(
    drawn: tuple[list[tuple[int, int]], list[list[Step]], list[list[Step]]], waste: int
) -> None:
    """Own generation burnt without a task leaves the credits as they are, to the microgram."""
    tasks, doing, _ = drawn
    wasted = [[replace_own(step, step.own + waste) for step in interval] for interval in doing]
    assert net_credits(run(tasks, wasted, [0] * 5)[-1]) == net_credits(run(tasks, doing, [0] * 5)[-1])


def replace_own(step: Step, own: int) -> Step:
    """Return a step with another use of its own generation."""
    return Step(own, step.exported, step.grid, step.intensity)


def with_credits() -> tuple[State, int]:
    """Return a chain whose first project earned 100 mg of credits with 5 mg each task, and the next epoch."""
    state = begin()
    served = (20, 0)
    for epoch in range(1, CONFIG.crediting_epochs + 1):
        tasks = served if epoch == 1 else (0, 0)
        state = advance(state, epoch, tasks, 0, served)
    return state, CONFIG.crediting_epochs + 1


def advance(state: State, epoch: int, tasks: tuple[int, int], emitted: int, served: tuple[int, int]) -> State:
    """Return the state after an epoch's claim with `emitted` Wh at 1 g/kWh, and after the openings."""
    doing = [Step(0, 0, emitted, 1_000)]
    around = surroundings(epoch * EPOCH)
    state = process_messages(state, [], around).state
    messages = [*openings(state, [served]), *claims(state, epoch, tasks, doing, 0)]
    return process_messages(state, messages, around).state


def order(state: State, kind: type[Retirement | Transfer | Cancellation], first: int, end: int) -> SignedMessage:
    """Return the next message of the first owner on its credits."""
    lots = Lots(instrument=Instrument.CREDIT, series=0, first=first, end=end)
    sequence = state.holders.get(OWNERS[0].public, 0) + 1
    if kind is Retirement:
        message: Retirement | Transfer | Cancellation = Retirement(
            holder=OWNERS[0].public, sequence=sequence, lots=lots, beneficiary=DIGEST
        )
    elif kind is Transfer:
        message = Transfer(holder=OWNERS[0].public, sequence=sequence, lots=lots, to=STRANGER.public)
    else:
        message = Cancellation(holder=OWNERS[0].public, sequence=sequence, lots=lots)
    return signed(state, message, OWNERS[0])


def settled_after(state: State, epoch: int, emitted: int) -> State:
    """Return the state after the settlement of a deficit of `emitted` mg in the next claim."""
    while epoch <= 3 * CONFIG.crediting_epochs:
        state = advance(state, epoch, (0, 0), emitted, (20, 0))
        emitted = 0
        epoch += 1
    return state


def test_a_deficit_cancels_what_is_held() -> None:
    """4 Wh at 1 g/kWh are 4 mg: of 100 mg, 96 remain."""
    state, epoch = with_credits()
    assert state.totals[1].held == 100_000
    after = settled_after(state, epoch, 4)
    assert (after.totals[1].held, after.totals[1].cancelled, after.accounts[0].owed) == (96_000, 4_000, 0)


def test_a_deficit_after_a_sale_is_owed_and_repaid_first() -> None:
    """A sold unit stays with its buyer, but the next credits do not come before it is made good."""
    state, epoch = with_credits()
    sold = process_messages(state, [order(state, Transfer, 0, 99_000)], surroundings((epoch - 1) * EPOCH)).state
    after = settled_after(sold, epoch, 4)
    assert (after.totals[1].issued, after.totals[1].cancelled, after.accounts[0].owed) == (100_000, 1_000, 3_000)
    assert after.accounts[0].credited == 96_000
    last = 3 * CONFIG.crediting_epochs
    later = after
    for number in range(last + 1, 5 * CONFIG.crediting_epochs + 1):
        around = surroundings(number * EPOCH)
        later = process_messages(later, [], around).state
        opened = [
            signed(later, serve(1, 0, claimed_in=sequence).opening(index, sequence=sequence), VALIDATORS[0])
            for (_, sequence), pending in later.pending.items()
            for index in pending.drawn
            if not pending.is_opened(index)
        ]
        tasks = (1, 0) if number == last + 1 else (0, 0)
        later = process_messages(later, [*opened, *claims(later, number, tasks, [IDLE], 0)], around).state
    assert (later.totals[1].issued, later.accounts[0].owed) == (102_000, 0)
    assert later.accounts[0].credited == 101_000
    check_conservation(later)


def test_credits_are_never_subtracted_from_emissions() -> None:
    """Whatever becomes of credits, the account of emissions is the same to the part of a microgram."""
    state, epoch = with_credits()
    around = surroundings((epoch - 1) * EPOCH)
    messages: list[SignedMessage] = []
    used = state
    for kind, first, end in ((Retirement, 0, 50_000), (Transfer, 50_000, 60_000), (Cancellation, 60_000, 61_000)):
        message = order(used, kind, first, end)
        used = process_messages(used, [message], around).state
        messages.append(message)
    assert used.totals[1].retired == 50_000
    for one in (state, used):
        check_conservation(one)
    plain, spent = settled_after(state, epoch, 4), settled_after(used, epoch, 4)
    assert exact_emissions(spent) == exact_emissions(plain) == (4_000, 0)
    assert compute_balance(spent.accounts[0]) == compute_balance(plain.accounts[0])


def test_a_part_of_a_microgram_costs_a_whole_one() -> None:
    """Rounding is against the project: nobody gains by splitting emissions into small parts."""
    account = replace(begin().accounts[0], allowed=10, emitted=3)
    assert compute_balance(account) == 7
    assert compute_balance(replace(account, parts=1)) == 6
    assert compute_balance(replace(account, allowed=3, parts=1)) == -1


def test_a_silent_device_holds_the_credits_of_its_project_back() -> None:
    """A device that stops to claim might be emitting, and the others cannot cash in meanwhile."""
    state = begin(devices=2)
    for epoch in range(1, 2 * CONFIG.crediting_epochs + 1):
        state = advance(state, epoch, (20, 0) if epoch == 1 else (0, 0), 0, (20, 0))
    assert state.accounts[0].allowed == 100_000
    assert state.totals[1].issued == 0


def test_invalid_claims_of_credits_that_are_not_there() -> None:
    state, epoch = with_credits()
    assert broken(state, order(state, Retirement, 0, 100_001), slot=epoch * EPOCH) is Rule.NOT_HELD
