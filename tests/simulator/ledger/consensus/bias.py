"""The last revealers' bias: by how much those who propose the last blocks of an epoch can favour themselves."""

import hashlib
from itertools import accumulate, product
from math import comb
from statistics import mean

from simulator.ledger.consensus.election import Lottery
from simulator.ledger.consensus.randomness import compute_mix, compute_seed


def expected_best(share: float, slots: int, draws: int) -> float:
    """Return the mean of the largest of several draws of how many of an epoch's slots a share of stake wins.

    It is the sum over x of P(largest > x) = 1 - F(x)^draws, with the binomial distribution F.
    """
    terms = (comb(slots, wins) * share**wins * (1 - share) ** (slots - wins) for wins in range(slots))
    return sum(1 - min(1.0, below) ** draws for below in accumulate(terms))


def greedy_share(share: float, slots: int) -> float:
    """Return the share of slots that a share of stake wins if it picks the best seed whenever it can.

    With the chance share^k (1 - share) the last k blocks of an epoch are its own. It then chooses among 2^k seeds, as
    each block may be withheld; the slots that it loses by this are not counted, so that it is a bound for one choice.
    """
    chances = [share**tail * (1 - share) for tail in range(slots)] + [share**slots]
    return sum(chance * expected_best(share, slots, 2**tail) for tail, chance in enumerate(chances)) / slots


def measured_share(stake: int, total: int, slots: int, epochs: int) -> float:
    """Return the share of slots that the first validator wins by choosing so in each of many epochs of their own."""
    lottery = Lottery((stake, total - stake))
    return mean(_best(lottery, slots, epoch) for epoch in range(epochs)) / slots


def _best(lottery: Lottery, slots: int, epoch: int) -> int:
    """Return the most slots of the second epoch from now that the first validator can win by withholding blocks."""
    mix = hashlib.sha256(b"epoch %d" % epoch).digest()
    turns = [lottery.get_proposer(compute_seed(mix, epoch), slot) for slot in range(slots)]
    tail = next((back for back, who in enumerate(reversed(turns)) if who), slots)
    best = 0
    for revealed in product((True, False), repeat=min(tail, 12)):
        chosen = mix
        for place, opened in enumerate(revealed):
            if opened:
                chosen = compute_mix(chosen, hashlib.sha256(b"reveal %d" % place + mix).digest())
        seed = compute_seed(chosen, epoch + 2)
        best = max(best, sum(not lottery.get_proposer(seed, slot) for slot in range(slots)))
    return best
