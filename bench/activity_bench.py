"""Benchmark of how well rules of activity tell synthetic traffic of known kinds apart.

`python -m bench.activity_bench` scores them on the development part alone, by which thresholds are chosen.
`--held-out` scores them on the parts that are held out, and adds a line to `bench/results/activity_scorings.csv`: other
seeds with figures from the same ranges, and other seeds with figures from beyond them. `--record` writes both to
`bench/results/activity.md`.

A trace lasts ten minutes and is sampled every 5 s; each sample after the first minute counts once. There is no
`unknown` then. F1 of a class is the harmonic mean of two shares: of its samples that get its name, and of the samples
with its name that are its own. Macro F1 is the mean over the classes.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

from bench.record import RESULTS, record, table
from exporter.activity.ecotrack import ECOTRACK
from exporter.activity.rhythm import RHYTHM
from exporter.activity.window import Activity, Bin, Rule, Window
from exporter.core.units import MonotonicSeconds, Seconds
from tests.exporter.synthetic_traffic import DEVELOPMENT_SEEDS, HELD_OUT_SEEDS, KINDS, LENGTH, Trace, samples, traces

RULES: Mapping[str, Rule] = {"rhythm": RHYTHM, "ecotrack": ECOTRACK}
CLASSES = tuple(activity for activity in Activity if activity is not Activity.UNKNOWN)
INTERVALS = (1.0, 5.0, 15.0, 30.0, 60.0)
"""Sampling intervals in seconds that the rules are scored at; 5 s is the default."""

WARM_UP = 60.0
SCORINGS = RESULTS / "activity_scorings.csv"

Confusion = Counter[tuple[str, Activity]]
"""Samples by the label of their trace and the verdict."""


def verdicts(one: Trace, rule: Rule, interval: float = 5.0) -> Iterator[Activity]:
    """Return the verdict at each sample of a trace after the first minute."""
    window = Window()
    for number, (received, sent) in enumerate(samples(one, interval), start=1):
        end = number * interval
        window = window.with_sample(_bin(end, interval, received, sent), rule)
        if end > WARM_UP:
            yield window.activity


def _bin(end: float, duration: float, received: int, sent: int) -> Bin:
    return Bin(end=MonotonicSeconds(end), duration=Seconds(duration), received_bytes=received, sent_bytes=sent)


def confusion(found: Sequence[Trace], rule: Rule, interval: float = 5.0) -> Confusion:
    """Return samples by label and verdict."""
    return Counter((one.label, verdict) for one in found for verdict in verdicts(one, rule, interval))


def f1(counted: Confusion) -> dict[Activity, float]:
    """Return the F1 of each class."""
    scores: dict[Activity, float] = {}
    for one in CLASSES:
        right = counted[(one.value, one)]
        named = sum(count for (_, verdict), count in counted.items() if verdict is one)
        true = sum(count for (label, _), count in counted.items() if label == one.value)
        scores[one] = 2.0 * right / (named + true) if named + true else 0.0
    return scores


def macro(counted: Confusion) -> float:
    """Return the mean of F1 over the classes."""
    scores = f1(counted)
    return sum(scores.values()) / len(scores)


def matrix(counted: Confusion) -> str:
    """Return the shares of each label's samples by verdict, and the F1 of the class."""
    rows, scores = [], f1(counted)
    for label in CLASSES:
        true = sum(count for (one, _), count in counted.items() if one == label.value)
        rows.append(
            [
                label.value,
                *(f"{counted[(label.value, verdict)] / true:.1%}" for verdict in CLASSES),
                f"{scores[label]:.3f}",
            ]
        )
    return table(["label", *(f"as {verdict.value}" for verdict in CLASSES), "F1"], rows)


def by_kind(found: Sequence[Trace], rules: Mapping[str, Rule]) -> str:
    """Return the share of the samples of each kind that get their label."""
    rows = []
    for kind in (*KINDS, "mixture"):
        of_kind = [one for one in found if one.kind == kind]
        counts = [confusion(of_kind, rule) for rule in rules.values()]
        right = [sum(count for (label, verdict), count in one.items() if label == verdict.value) for one in counts]
        rows.append([kind, *(f"{part / one.total():.1%}" for part, one in zip(right, counts, strict=True))])
    return table(["kind", *rules], rows)


def by_interval(found: Sequence[Trace]) -> str:
    """Macro F1 of each rule by sampling interval."""
    rows = [
        [f"{interval:g} s", *(f"{macro(confusion(found, rule, interval)):.3f}" for rule in RULES.values())]
        for interval in INTERVALS
    ]
    return table(["sampled every", *RULES], rows)


def changes(found: Sequence[Trace], rule: Rule) -> Iterator[tuple[str, float]]:
    """Return the label after each change of activity, and the seconds until the rule names it, infinite if never.

    Traces are shuffled, and each one's first five minutes are followed by the first five of the next.
    """
    order = np.random.default_rng(0).permutation(len(found))
    for before, after in pairwise(found[index] for index in order):
        if before.label == after.label:
            continue
        window, lag = Window(), float("inf")
        half = 300.0
        for number, (received, sent) in enumerate(
            [*samples(before, 5.0)[: int(half / 5.0)], *samples(after, 5.0)[: int(half / 5.0)]], start=1
        ):
            window = window.with_sample(_bin(number * 5.0, 5.0, received, sent), rule)
            since = number * 5.0 - half
            if since > 0.0 and window.activity == after.label:
                lag = since
                break
        yield after.label, lag


def lags(found: Sequence[Trace]) -> str:
    """Return seconds from a change to the right verdict, by the new activity and rule: median, 90%, never."""
    counted = {name: list(changes(found, rule)) for name, rule in RULES.items()}
    rows = []
    for label in CLASSES:
        row = [label.value]
        for found_lags in counted.values():
            known = sorted(lag for one, lag in found_lags if one == label.value)
            never = sum(lag == float("inf") for lag in known) / len(known)
            row += [f"{known[len(known) // 2]:g} s", f"{known[len(known) * 9 // 10]:g} s", f"{never:.0%}"]
        rows.append(row)
    head = [f"{name}: {what}" for name in RULES for what in ("median", "90%", "not in 300 s")]
    return table(["change to", *head], rows)


def flapping(found: Sequence[Trace]) -> str:
    """Return how often the verdict changes in an hour of one activity."""
    rows = []
    for name, rule in RULES.items():
        counted = [sum(one is not other for one, other in pairwise(verdicts(each, rule))) for each in found]
        hours = len(found) * (LENGTH - WARM_UP) / 3600.0
        rows.append([name, f"{sum(counted) / hours:.1f}"])
    return table(["rule", "changes of the verdict per hour of one activity"], rows)


def cost(found: Sequence[Trace]) -> str:
    """Processor time that a sample takes, by rule and sampling interval."""
    rows = []
    for interval in (1.0, 5.0):
        row = [f"{interval:g} s"]
        for rule in RULES.values():
            each = [_timed(one, rule, interval) for one in found]
            row.append(f"{median(each) * 1e6:.1f} us, at most {max(each) * 1e6:.1f} us")
        rows.append(row)
    return table(["sampled every", *(f"{name}: median and highest of the traces' means" for name in RULES)], rows)


def _timed(one: Trace, rule: Rule, interval: float) -> float:
    bins = [_bin(number * interval, interval, *moved) for number, moved in enumerate(samples(one, interval), start=1)]
    window, begun = Window(), process_time()
    for each in bins:
        window = window.with_sample(each, rule)
    return (process_time() - begun) / len(bins)


def digest() -> str:
    """Return a fingerprint of the rules as they are written."""
    folder = Path(__file__).parent.parent / "exporter" / "activity"
    text = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(text).hexdigest()[:12]


def note_scoring() -> str:
    """Note that the held-out parts are scored, and say how often they have been."""
    if not SCORINGS.exists():
        SCORINGS.write_text("at,rules\n", encoding="utf-8")
    with SCORINGS.open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ},{digest()}\n")
    lines = SCORINGS.read_text(encoding="utf-8").splitlines()[1:]
    versions = len({line.split(",")[1] for line in lines})
    return f"Scorings of the held-out parts up to this one: {len(lines)}. Versions of the rules among them: {versions}."


def part(title: str, found: Sequence[Trace]) -> list[str]:
    """Return the scores of all rules on one part."""
    shown = [f"## {title}", f"{len(found)} traces.", by_kind(found, RULES)]
    for name, rule in RULES.items():
        counted = confusion(found, rule)
        shown += [f"Rule `{name}`: macro F1 {macro(counted):.3f}.", matrix(counted)]
    return [*shown, by_interval(found), flapping(found), lags(found)]


def main() -> None:
    """Print the scores, and keep them on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true", help="score on the held-out parts as well")
    parser.add_argument("--record", action="store_true", help="write bench/results/activity.md (implies --held-out)")
    options = parser.parse_args()
    development = traces(DEVELOPMENT_SEEDS)
    parts = [*part("Development part", development), "## Cost", cost(development[:85])]
    if options.held_out or options.record:
        scored = note_scoring()
        seeds, ranges = traces(HELD_OUT_SEEDS), traces(HELD_OUT_SEEDS, outer=True)
        parts = [scored, *part("Held-out seeds", seeds), *part("Held-out ranges", ranges), *parts]
    print("\n\n".join(parts))
    if options.record:
        record("activity", ["Rules of activity on synthetic traffic", __doc__.partition("\n\n")[2].strip(), *parts])


if __name__ == "__main__":
    main()
