"""Validators over a network that delays, loses and cuts off: one chain, which goes on whenever two thirds can talk."""

import pytest

from simulator.ledger.consensus.network import Conditions, Outage, Partition
from simulator.ledger.consensus.peer import Request
from tests.simulator.ledger.consensus.nodes import final_epochs, fork, heads, network, run_without_forks

FOUR = (100, 100, 100, 100)
THIRDS = (100, 100, 100)
HALVES = (frozenset({0, 1}), frozenset({2, 3}))


@pytest.mark.parametrize("stakes", [FOUR, THIRDS, (5, 100, 30, 30, 70), (1,), (100,) * 9])
def test_a_quiet_network_makes_final_two_epochs_later(stakes: tuple[int, ...]) -> None:
    actors, net = network(stakes, Conditions(seed=1))
    run_without_forks(net, actors, 49)
    assert final_epochs(actors) == [4] * len(stakes)
    assert len(heads(actors)) == 1


def test_every_slot_has_a_block_while_nothing_is_lost() -> None:
    actors, net = network(FOUR, Conditions(seed=2))
    net.run(60)
    assert len(actors[0].archive) == 60
    assert all(one.rejected == [] for one in actors)


@pytest.mark.parametrize("seed", range(3))
def test_a_fifth_of_all_letters_may_be_lost(seed: int) -> None:
    actors, net = network(FOUR, Conditions(seed=seed, loss_per_mille=200))
    run_without_forks(net, actors, 120)
    assert min(final_epochs(actors)) >= 8


@pytest.mark.parametrize("latency", [(0, 0), (1000, 4000), (100, 9000)])
def test_letters_may_take_as_long_as_a_slot_or_two(latency: tuple[int, int]) -> None:
    actors, net = network(FOUR, Conditions(seed=3, latency_milliseconds=latency))
    run_without_forks(net, actors, 120)
    assert min(final_epochs(actors)) >= 6


def test_exactly_a_third_of_stake_offline_goes_on() -> None:
    actors, net = network(THIRDS, Conditions(seed=4, outages=[Outage(begin=20, end=100, validator=2)]))
    run_without_forks(net, actors, 99)
    assert min(final_epochs(actors[:2])) >= 9
    assert final_epochs(actors)[2] <= 2


@pytest.mark.parametrize("down", [100, 300])
def test_more_than_a_third_of_stake_offline_halts_and_recovers(down: int) -> None:
    """A unit more than a third: nothing becomes final until it is back, and then all of it does."""
    stakes = (100, 100, 101)
    actors, net = network(stakes, Conditions(seed=5, outages=[Outage(begin=40, end=40 + down, validator=2)]))
    run_without_forks(net, actors, 56)
    halted = final_epochs(actors[:2])
    run_without_forks(net, actors, 39 + down)
    assert final_epochs(actors[:2]) == halted
    assert max(halted) <= 5
    run_without_forks(net, actors, 40 + down + 40)
    assert min(final_epochs(actors)) >= (40 + down) // 8 + 1
    assert len(heads(actors)) == 1


def test_all_may_crash_and_come_back() -> None:
    outages = [Outage(begin=30 + index, end=80 + index, validator=index) for index in range(4)]
    actors, net = network(FOUR, Conditions(seed=6, outages=outages))
    run_without_forks(net, actors, 140)
    assert min(final_epochs(actors)) >= 13


@pytest.mark.parametrize("seed", range(3))
def test_halves_that_are_cut_off_halt_and_heal(seed: int) -> None:
    """Each half builds a chain of its own, of which nothing becomes final; then all follow one."""
    cut = Partition(begin=20, end=80, groups=HALVES)
    actors, net = network(FOUR, Conditions(seed=seed, partitions=[cut]))
    run_without_forks(net, actors, 40)
    halted = final_epochs(actors)
    run_without_forks(net, actors, 79)
    assert final_epochs(actors) == halted
    assert len(heads(actors)) == 2
    run_without_forks(net, actors, 120)
    assert min(final_epochs(actors)) >= 11
    assert len(heads(actors)) == 1


def test_a_majority_that_is_cut_off_goes_on_and_the_rest_joins() -> None:
    cut = Partition(begin=20, end=80, groups=(frozenset({0, 1, 2}), frozenset({3})))
    actors, net = network(FOUR, Conditions(seed=7, partitions=[cut]))
    run_without_forks(net, actors, 79)
    assert min(final_epochs(actors[:3])) >= 7
    assert final_epochs(actors)[3] <= 2
    run_without_forks(net, actors, 110)
    assert min(final_epochs(actors)) >= 10


def test_a_fast_clock_is_not_believed() -> None:
    """Blocks and votes of a clock a slot and a half ahead are refused until their time, and the rest goes on."""
    actors, net = network(FOUR, Conditions(seed=8, drift={0: 7500}))
    run_without_forks(net, actors, 120)
    assert "future" in actors[1].rejected
    assert min(final_epochs(actors)) >= 11
    now = actors[1].view.blocks[actors[1].view.get_head()].state.slot
    assert now <= 120


@pytest.mark.parametrize("ahead", [-400, 400])
def test_clocks_may_differ_by_less_than_a_third_of_a_slot(ahead: int) -> None:
    actors, net = network(FOUR, Conditions(seed=9, drift={0: ahead}, latency_milliseconds=(500, 900)))
    run_without_forks(net, actors, 80)
    assert all(one.rejected == [] for one in actors)
    assert min(final_epochs(actors)) >= 7


def test_one_seed_is_one_run() -> None:
    conditions = Conditions(seed=10, loss_per_mille=100, partitions=[Partition(begin=9, end=19, groups=HALVES)])
    runs = [network(FOUR, conditions) for _ in range(2)]
    for actors, net in runs:
        net.run(60)
        assert not fork(actors)
    assert runs[0][1].letters == runs[1][1].letters
    assert [one.view.get_head() for one in runs[0][0]] == [one.view.get_head() for one in runs[1][0]]


def test_the_head_of_a_vote_that_is_unknown_is_asked_for() -> None:
    """Whoever votes may never propose, and have what nobody else has."""
    actors, net = network(FOUR, Conditions(seed=11, outages=[Outage(begin=0, end=99, validator=3)]))
    net.run(20)
    vote = next(one for one in actors[0]._pool.values() if one.data.head in actors[0].archive)
    (sent,) = actors[3].on_letter(0, vote, 20)
    assert (sent.to, sent.letter) == (0, Request(root=vote.data.head, above=0))
    (answer,) = actors[0].on_letter(3, sent.letter, 20)
    actors[3].on_letter(0, answer.letter, 20)
    assert vote.data.head in actors[3].archive
    assert actors[3].on_letter(0, vote, 20) == []
