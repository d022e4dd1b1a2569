"""Laws of the synthetic traffic that thresholds are chosen and scored on."""

import numpy as np
import pytest

from tests.exporter.synthetic_traffic import (
    DEVELOPMENT_SEEDS,
    HELD_OUT_SEEDS,
    IDLE_MBIT,
    KINDS,
    LENGTH,
    MBIT,
    Source,
    Span,
    mixture,
    samples,
    trace,
)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bytes_and_another_seed_other_bytes(kind: str) -> None:
    first, again, other = trace(kind, 1), trace(kind, 1), trace(kind, 2)
    assert np.array_equal(first.received, again.received)
    assert np.array_equal(first.sent, again.sent)
    assert not np.array_equal(first.received, other.received)


def test_the_two_parts_of_a_span_do_not_overlap_and_fill_it() -> None:
    generator, span = np.random.default_rng(1), Span(1.0, 32.0)
    inner = [span.draw(generator, outer=False) for _ in range(500)]
    outer = [span.draw(generator, outer=True) for _ in range(500)]
    assert (min(inner), max(inner)) == pytest.approx((2.0, 16.0), rel=0.05)
    assert (min(outer), max(outer)) == pytest.approx((1.0, 32.0), rel=0.05)
    assert not [value for value in outer if 2.0 < value < 16.0]


def test_no_seed_is_in_both_parts() -> None:
    assert not set(DEVELOPMENT_SEEDS) & set(HELD_OUT_SEEDS)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("size", [1e3, 1e5, 1e7, 1e8])
def test_a_transfer_moves_its_bytes_no_faster_than_the_line_and_is_acknowledged(size: float, up: bool) -> None:
    source = Source(np.random.default_rng(3), outer=False)
    end = source.transfer(10.0, size, 20.0, up=up)
    there, back = (source.sent, source.received) if up else (source.received, source.sent)
    assert there.sum() == pytest.approx(size, rel=0.2)
    assert back.sum() == pytest.approx(there.sum() * source.acknowledged, rel=1e-9)
    assert there.max() <= 1.5 * 1.3 * 20.0 * MBIT * 0.5
    assert not there[:20].any()
    assert not there[int(end / 0.5) + 1 :].any()


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_mixture_is_the_sum_of_its_parts_and_what_is_idle_is_quiet(seed: int, outer: bool) -> None:
    mixed = mixture(seed, 0, outer=outer)
    assert mixed.label in {label for label, _ in KINDS.values()}
    for kind in KINDS:
        one = trace(kind, seed, outer=outer)
        mean = one.total_bytes / LENGTH / MBIT
        assert (one.label == "idle") == (mean < IDLE_MBIT and KINDS[kind][0] in {"browsing", "idle"})
        if KINDS[kind][0] in {"download", "streaming"}:
            assert 0.01 < one.sent.sum() / one.received.sum() < 0.06


@pytest.mark.parametrize("interval", [0.5, 5.0, 60.0])
def test_samples_keep_all_bytes(interval: float) -> None:
    one = trace("pages", 4)
    taken = samples(one, interval)
    assert len(taken) == LENGTH / interval
    assert sum(received for received, _ in taken) == one.received.sum()
