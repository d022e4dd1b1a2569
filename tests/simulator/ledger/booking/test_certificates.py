"""Laws of certificates: whole Wh, rounded down with the rest carried, numbered once, and never of curtailed energy."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.booking.holdings import Status
from simulator.ledger.booking.state import check_conservation
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.types import Instrument
from tests.simulator.ledger.cases import DEVICES, OWNERS, WATT_HOUR, apply, begin, claim, signed, surroundings

energies = st.lists(st.tuples(st.integers(0, 30_000_000), st.integers(0, 30_000_000)), min_size=1, max_size=12)


@given(energies)
def test_certificates_are_all_whole_watt_hours_that_somebody_could_use(steps: list[tuple[int, int]]) -> None:
    """However it is cut into claims: what is below a Wh is carried, what is curtailed is left out."""
    state = begin()
    for number, (used, curtailed) in enumerate(steps, start=1):
        energies_of_one = {"generation": used + curtailed, "curtailed": curtailed, "load": used, "grid_import": 0}
        state = apply(state, claim(number, **energies_of_one), slot=10_000).state
    whole, rest = divmod(sum(used for used, _ in steps), WATT_HOUR)
    assert state.totals[Instrument.CERTIFICATE].issued == whole
    assert state.meters[0].remainder == rest
    check_conservation(state)


def test_certificates_go_to_the_projects_owner_under_the_devices_series() -> None:
    state = begin(devices=2)
    generated = {"generation": 36_000_000, "load": 0, "grid_import": 0, "export": 36_000_000}
    messages = [signed(state, claim(device=number, **generated), DEVICES[number]) for number in range(2)]
    state = process_messages(state, messages, surroundings(600)).state
    for device in range(2):
        (lot,) = state.series[int(Instrument.CERTIFICATE), device]
        assert (lot.first, lot.end, lot.holder, lot.status) == (0, 10, OWNERS[0].public, Status.HELD)


def test_certificates_earn_no_credit_and_credits_no_certificate() -> None:
    """Generation alone moves nothing in a project's account, which is all that credits depend on."""
    before = begin()
    after = apply(before, claim(generation=36_000_000, load=0, grid_import=0, export=36_000_000)).state
    assert after.accounts == before.accounts
    settled = process_messages(after, [], surroundings(1_000_000)).state
    assert (settled.totals[Instrument.CREDIT].issued, settled.totals[Instrument.CERTIFICATE].issued) == (0, 10)
