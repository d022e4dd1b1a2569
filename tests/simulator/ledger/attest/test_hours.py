"""The sum of attested hours: each counted once, and what is missing told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cli import main
from simulator.ledger.attest.book import Book, begin, opened, subject_of
from simulator.ledger.attest.hour import Hour
from simulator.ledger.attest.stored import Exporter
from simulator.ledger.file.faults import DamagedError
from simulator.ledger.file.hours import MOST_LINES, hours_of, sentences, sum_of
from simulator.ledger.record.key_file import NoteKey
from simulator.ledger.record.types import Block, ChainConfig, Claim, Genesis, SignedMessage
from simulator.ledger.record.types import Validator as Founder
from tests.simulator.ledger.attest.machine import HOUR, INSTANCE, NOON
from tests.simulator.ledger.chains import Chain
from tests.simulator.ledger.story import Story

KEY = NoteKey("laptop.example/ecotrack", bytes(range(32)))

SUBJECT = subject_of(Exporter(instance=INSTANCE, job="ecotrack"), "http://prometheus.example:9090", NOON, KEY)

WATT_HOUR = 3_600_000


def claimed(book: Book, number: int, energy: int = 12 * WATT_HOUR) -> None:
    """Claim an hour, the first one at noon being number 0."""
    hour = Hour(energy=energy, intensity=400_000, intensity_source="DE", models="cpu: rapl", notes=())
    book.claim(NOON + number * HOUR, hour, 3_680_000)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a ledger of five hours, of which the third and the sixth to eighth are missing."""
    path = tmp_path_factory.mktemp("hours") / "attest.db"
    begin(path, SUBJECT, KEY)
    with opened(path, KEY) as book:
        for number in (0, 1, 3, 4, 8):
            claimed(book, number)
    return path


def shown(capsys: pytest.CaptureFixture[str], ledger: Path, *arguments: str) -> list[str]:
    """Return what the command says of the hours, without the name of the file."""
    assert main(["ledger", "show", str(ledger), "--hours", *arguments]) == 0
    return [line.removeprefix(f"{ledger}: ") for line in capsys.readouterr().out.splitlines()]


def test_hours_are_summed_and_the_missing_ones_named(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, ledger) == [
        "laptop:10110 from 2026-03-02T12:00:00Z to 2026-03-02T21:00:00Z: 5 hours attested, 4 missing; 60.000 Wh, "
        "24.000 g of CO2e",
        "missing: 2026-03-02T14:00:00Z to 2026-03-02T15:00:00Z, 1 hour",
        "missing: 2026-03-02T17:00:00Z to 2026-03-02T20:00:00Z, 3 hours",
        f"whoever holds the key {KEY.verifier()} says so; the Prometheus at http://prometheus.example:9090 is trusted, "
        "and nobody has checked the meter",
    ]


def test_bounds_take_whole_hours_within_them(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, ledger, "--since", "2026-03-02T12:30Z", "--until", "2026-03-02T15:30Z")
    assert lines[0] == (
        "laptop:10110 from 2026-03-02T13:00:00Z to 2026-03-02T15:00:00Z: 1 hour attested, 1 missing; 12.000 Wh, "
        "4.800 g of CO2e"
    )
    assert len(lines) == 3
    # What nobody claimed is missing, and no zero.
    lines = shown(capsys, ledger, "--since", "2026-03-01", "--until", "2026-03-02")
    assert lines[0].endswith("Z: 0 hours attested, 24 missing; no figures")


def test_json_says_the_same(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads("\n".join(shown(capsys, ledger, "--json")))
    assert told == {
        "instance": INSTANCE,
        "key": KEY.verifier(),
        "prometheus": "http://prometheus.example:9090",
        "start": "2026-03-02T12:00:00Z",
        "end": "2026-03-02T21:00:00Z",
        "attested_hours": 5,
        "missing_hours": 4,
        "repeated_hours": 0,
        "energy_millijoules": 60 * WATT_HOUR,
        "emissions_micrograms": 24_000_000,
        "missing": [
            {"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T15:00:00Z", "hours": 1},
            {"start": "2026-03-02T17:00:00Z", "end": "2026-03-02T20:00:00Z", "hours": 3},
        ],
        "prometheus_is_trusted": True,
    }
    told = json.loads("\n".join(shown(capsys, ledger, "--json", "--until", "2026-03-02T12:00Z")))
    assert (told["attested_hours"], told["energy_millijoules"], told["emissions_micrograms"]) == (0, None, None)


def claim(number: int, energy: int, device: int = 1, seconds: int = 3600) -> Claim:
    return Claim(
        device=device,
        sequence=1,
        start=number * 3600,
        end=number * 3600 + seconds,
        generation=0,
        load=energy,
        grid_import=energy,
        export=0,
        charge=0,
        discharge=0,
        curtailed=0,
        intensity=400_000,
        intensity_source=bytes(32),
        tasks=(),
        records=0,
        records_root=bytes(32),
        models=bytes(32),
    )


BOUND = st.none() | st.floats(-5.0, 60.0).map(lambda hour: NOON + hour * HOUR)


@given(claims=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10**9)), max_size=30), since=BOUND, until=BOUND)
def test_each_hour_counts_once_and_is_attested_or_missing(
    claims: list[tuple[int, int]], since: float | None, until: float | None
) -> None:
    found = sum_of(SUBJECT, [claim(*one) for one in claims], since, until)
    first: dict[int, int] = {}
    for number, energy in claims:
        start = NOON + number * HOUR
        if (since is None or start >= since) and (until is None or start + HOUR <= until):
            first.setdefault(number, energy)
    assert found.attested_hours == len(first)
    assert found.energy_millijoules == (sum(first.values()) if first else None)
    assert found.emissions_micrograms == (sum(one * 4 // 36 for one in first.values()) if first else None)
    span = (datetime.fromisoformat(found.end) - datetime.fromisoformat(found.start)).total_seconds() / HOUR
    assert found.attested_hours + found.missing_hours == span
    assert sum(one.hours for one in found.missing) == found.missing_hours
    told = [line for one in found.missing for line in (one.start, one.end)]
    assert told == sorted(set(told))


def test_an_hour_that_two_devices_claim_is_told_and_counted_as_first_claimed() -> None:
    found = sum_of(SUBJECT, [claim(0, 36), claim(1, 72), claim(1, 7200, device=2)], None, None)
    assert (found.attested_hours, found.missing_hours, found.repeated_hours, found.energy_millijoules) == (2, 0, 1, 108)
    assert sentences(found)[1] == "1 claim of an hour that was claimed before, which is not counted"


def test_many_missing_times_do_not_fill_the_screen() -> None:
    found = sum_of(SUBJECT, [claim(2 * number, 36) for number in range(100)], None, None)
    assert len(found.missing) == 99
    assert len(sentences(found)) == MOST_LINES + 3
    assert sentences(found)[MOST_LINES + 1] == "missing: 79 more such times, which --json tells"


@dataclass
class Forged:
    """A ledger file whose blocks hold any claims, as far as the sum gets to see it."""

    claims: list[Claim]
    path: Path = Path("attest.db")

    @property
    def genesis(self) -> Genesis:
        config = ChainConfig(name=SUBJECT.name(), benchmarks=(), claim_seconds=3600)
        return Genesis(
            config=config, validators=(Founder(key=KEY.key().public, stake=1, commitment=bytes(32)),), projects=()
        )

    def each_block(self) -> Iterator[tuple[int, bytes, Claim]]:
        return ((number, b"", one) for number, one in enumerate(self.claims, 1))

    def decoded(self, data: Claim, _kind: type[Block]) -> Block:
        message = SignedMessage(chain_id=bytes(32), message=data, signature=bytes(64))
        chain = Chain()
        return chain.block(chain.id, 1, [message])


@pytest.mark.parametrize(
    ("forged", "line"),
    [
        (claim(0, 36, seconds=3601), "attest.db: claim 1/1 is of no whole hour"),
        (claim(0, 36, seconds=0), "attest.db: claim 1/1 is of no whole hour"),
        (claim(2**51, 36), "attest.db: has a claim of a time that is in no calendar"),
    ],
)
def test_claims_that_no_run_makes_end_in_one_line(forged: Claim, line: str) -> None:
    with pytest.raises(DamagedError) as error:
        hours_of(Forged([claim(0, 36), forged]))  # type: ignore[arg-type] # what of a reader is asked
    assert str(error.value) == line


MISTAKES = [
    (["--since", "2026-03-02"], "ledger show: --since, --until and --json go with --hours"),
    (["--json"], "ledger show: --since, --until and --json go with --hours"),
    (["--hours", "--since", "2199-01-01"], "--since: that is yet to come, and hours that are not over are not missing"),
    (["--hours", "--until", "2199-01-01"], "--until: that is yet to come, and hours that are not over are not missing"),
    (["--hours", "--since", "2026-03-03", "--until", "2026-03-02"], "--since: expected a time before that of --until"),
    (["--hours", "--since", "yesterday"], "argument --since: expected a time, as 2026-11-29T14:00Z, got"),
    (["--hours", "--credits"], "not allowed with argument"),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES)
def test_mistakes_end_in_one_line(
    ledger: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    try:
        status = main(["ledger", "show", str(ledger), *arguments])
    except SystemExit as error:
        status = int(error.code or 0)
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    assert line in said.err


def test_another_ledger_has_no_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ledger.db"
    Story().tell(2).write(path)
    assert main(["ledger", "show", str(path), "--hours"]) == 2
    assert capsys.readouterr().err == f"ecochain: {path}: is no ledger that `ecochain ledger attest` began\n"
