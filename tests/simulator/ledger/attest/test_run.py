"""Runs of `ecochain ledger attest`: hours become claims, each once, in a ledger that is good."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from exporter.core.config import ConfigError
from exporter.core.prometheus import Prometheus
from simulator.ledger.attest.book import opened
from simulator.ledger.attest.run import Attestation, Outcome, Wanted
from simulator.ledger.attest.stored import Exporter
from simulator.ledger.attest.validator import no_model
from simulator.ledger.booking.state import Totals
from simulator.ledger.file.faults import StoreError
from simulator.ledger.file.proofs import check_proof, read_proof
from simulator.ledger.file.reading import ClaimName, open_reader
from simulator.ledger.file.verify import Verified, verify
from simulator.ledger.record.key_file import NoteKey
from simulator.ledger.record.types import Claim
from tests.processes import until_ended
from tests.simulator.ledger.attest.fake_prometheus import Fake, serving, told
from tests.simulator.ledger.attest.machine import HOUR, INSTANCE, JOB, NOON, Machine
from tests.simulator.ledger.examples import load_example

pytestmark = [pytest.mark.servers, pytest.mark.slow]

URL = "http://prometheus.example:9090"

ROOT = Path(__file__).parents[4]


@dataclass
class World:
    """A machine, the Prometheus that has its samples, and the time that both and this machine tell."""

    folder: Path
    machine: Machine
    now: float
    key: NoteKey = field(default_factory=lambda: NoteKey("laptop.example/ecotrack", secrets.token_bytes(32)))
    instead: Callable[[str], tuple[int, bytes] | None] = lambda _query: None
    lines: list[str] = field(default_factory=list)
    wanted: Wanted | None = None

    @property
    def ledger(self) -> Path:
        return self.folder / "attest.db"

    @property
    def proof(self) -> Path:
        return self.folder / "proof.json"

    @property
    def secret(self) -> Path:
        return self.folder / "ecotrack.key"

    def run(self, say: Callable[[str], None] | None = None, **changes: object) -> Outcome:
        """Run the command at the present time, and note what it says."""
        wanted = Wanted(
            exporter=Exporter(instance=INSTANCE), url=URL, ledger=self.ledger, proof=self.proof, key=self.secret
        )
        self.lines.clear()
        told = self.lines.append if say is None else say
        with serving(Fake([self.machine], wall=lambda: self.now, instead=self.instead)) as fake:
            asked = Prometheus(fake.url, patience=240.0)
            run = Attestation(replace(wanted, **changes), self.key, asked, lambda: self.now, told)  # type: ignore[arg-type] # of any field
            return run.run()

    def good(self) -> Verified:
        """Return what the ledger holds, which has to be good for us and for the auditor that knows none of our code."""
        found = verify(self.ledger, no_model)
        assert f"{found.head.blocks} blocks, {found.finalized} of them final" in load_example("audit_ledger").audit(
            self.ledger
        )
        assert found.is_sealed
        return found

    def claims(self) -> list[tuple[ClaimName, Claim]]:
        """Return all claims of the ledger, the first one first."""
        found = []
        with open_reader(self.ledger) as reader:
            for row in reader.each_claim():
                block = reader.block(row.block)
                assert block is not None
                claims = [one.message for one in block.body.messages if isinstance(one.message, Claim)]
                found += [(row.name, one) for one in claims]
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a machine that was scraped each minute for six hours from shortly before noon on, at half past six."""
    now = NOON + 6.5 * HOUR
    return World(folder=tmp_path, machine=Machine().run(NOON - 60.0, now, 60.0), now=now)


def test_hours_become_claims_and_a_gap_a_new_device(world: World) -> None:
    world.machine.drop(NOON + 2 * HOUR + 600.0, NOON + 2 * HOUR + 1440.0)
    found = world.run(since=NOON)
    assert (found.attested, found.refused, found.energy, found.emissions) == (5, 1, 5 * 43_200_000, 5 * 4_800_000)
    assert world.lines[:6] == [
        "2026-03-02 12:00 UTC  12.000 Wh, 4.800 g of CO2e, claim 1/1",
        "2026-03-02 13:00 UTC  12.000 Wh, 4.800 g of CO2e, claim 1/2",
        "2026-03-02 14:00 UTC  refused: no samples for 14 min from 14:10:00 UTC",
        "2026-03-02 15:00 UTC  12.000 Wh, 4.800 g of CO2e, claim 2/1",
        "2026-03-02 16:00 UTC  12.000 Wh, 4.800 g of CO2e, claim 2/2",
        "2026-03-02 17:00 UTC  12.000 Wh, 4.800 g of CO2e, claim 2/3",
    ]
    assert world.lines[6] == f"{world.proof}: proves claim 2/3"
    verified = world.good()
    assert (verified.claims, verified.finalized) == (5, 5)
    starts = {name: claim.start // 3600 for name, claim in world.claims()}
    assert starts == {(1, 1): 0, (1, 2): 1, (2, 1): 3, (2, 2): 4, (2, 3): 5}
    said = check_proof(read_proof(world.proof), verified.head)
    assert said[2].endswith(
        " drew 12.000 Wh and emitted 4.800 g of CO2e from 2026-03-02T17:00:00Z to 2026-03-02T18:00:00Z"
    )


def test_nothing_can_be_issued(world: World) -> None:
    world.run(since=NOON)
    with opened(world.ledger, world.key) as book:
        books = book._validator.books
        assert set(books.totals.values()) == {Totals()}
        assert books.accounts[0].emitted == 6 * 4_800_000
        assert (books.accounts[0].credited, books.accounts[0].allowed, books.config.benchmarks) == (0, 0, ())


def test_an_hour_is_attested_once(world: World) -> None:
    world.run(since=NOON)
    content = world.ledger.read_bytes()
    found = world.run(since=NOON)
    assert (found.attested, found.refused) == (0, 0)
    assert world.ledger.read_bytes() == content
    assert len(world.claims()) == 6


def test_runs_of_each_hour_make_the_same_claims_as_one_run(world: World, tmp_path: Path) -> None:
    world.machine.drop(NOON + 3 * HOUR, NOON + 4 * HOUR)
    for hour in range(1, 7):
        world.now = NOON + hour * HOUR + 1800.0
        world.run(since=NOON)
        # Half an hour after its end, an hour is final.
        assert world.good().finalized >= len(world.claims())
    each = [(name, claim.start, claim.load, claim.intensity) for name, claim in world.claims()]
    other = World(folder=tmp_path / "one", machine=world.machine, now=world.now, key=world.key)
    other.folder.mkdir()
    other.run(since=NOON)
    assert [(name, claim.start, claim.load, claim.intensity) for name, claim in other.claims()] == each
    assert all(after[1] - before[1] >= 3600 for before, after in pairwise(each))


def test_an_hour_is_final_25_minutes_after_its_end(world: World) -> None:
    for minutes, final in ((2, False), (24, False), (25, True), (26, True)):
        world.now = NOON + HOUR + minutes * 60.0
        world.run(since=NOON)
        assert (world.good().finalized > 0) is final


def test_hours_that_are_refused_at_the_end_are_asked_about_again(world: World) -> None:
    kept = {key: list(points) for key, points in world.machine.stored.items()}
    world.machine.drop(NOON + 4 * HOUR, 1e12)
    assert world.run(since=NOON).attested == 4
    assert world.lines[4] == "2026-03-02 16:00 UTC to 2026-03-02 18:00 UTC, 2 hours:  refused: no samples"
    world.machine.stored = kept
    assert world.run().attested == 2
    assert [name for name, _ in world.claims()] == [(1, number) for number in range(1, 7)]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"url": "http://other:9090"}, f"--prometheus: LEDGER was begun with {URL}; begin another one by --ledger"),
        (
            {"exporter": Exporter(instance="desktop:10110")},
            f"--instance: LEDGER was begun with {INSTANCE}; begin another one by --ledger",
        ),
        (
            {"exporter": Exporter(instance=INSTANCE, job="other")},
            f"--job: LEDGER was begun with {JOB}; begin another one by --ledger",
        ),
        ({"until": NOON + 24 * HOUR}, "--until: 2026-03-03 12:00 UTC is yet to come"),
        ({"since": NOON + 24 * HOUR}, "--since: 2026-03-03 12:00 UTC is yet to come"),
    ],
)
def test_a_ledger_stays_with_what_it_was_begun_with(world: World, changes: dict[str, Any], line: str) -> None:
    world.run(since=NOON)
    content = world.ledger.read_bytes()
    with pytest.raises(ConfigError) as error:
        world.run(**changes)
    assert str(error.value) == line.replace("LEDGER", str(world.ledger))
    assert world.ledger.read_bytes() == content


def test_another_key_is_refused(world: World) -> None:
    world.run(since=NOON)
    was, world.key = world.key, NoteKey("laptop.example/ecotrack", secrets.token_bytes(32))
    with pytest.raises(
        ConfigError, match=rf"^--key: .*attest\.db was begun with the key {was.verifier()[:30]}".replace("+", r"\+")
    ):
        world.run()


def test_a_clock_that_was_set_back_is_refused(world: World) -> None:
    world.run(since=NOON)
    world.now -= HOUR
    with pytest.raises(ConfigError, match=r"reaches until 2026-03-02 18:25 UTC, and this machine's clock is behind$"):
        world.run()


def test_a_ledger_of_something_else_is_refused(world: World) -> None:
    world.ledger.write_bytes((ROOT / "tests/fixtures/formats/ledger-v3.db").read_bytes())
    with pytest.raises(ConfigError, match=r"attest\.db: is no ledger that `ecochain ledger attest` began$"):
        world.run()


def test_two_runs_at_once_are_refused(world: World) -> None:
    world.run(since=NOON)
    with opened(world.ledger, world.key), pytest.raises(StoreError, match=r"attest\.db: another process has it open$"):
        world.run()


@pytest.mark.parametrize("lines", [1, 3, 5])
def test_a_run_that_is_killed_leaves_a_good_ledger_and_the_next_goes_on(world: World, lines: int) -> None:
    said: list[str] = []

    def die(line: str) -> None:
        said.append(line)
        if len(said) == lines:
            os._exit(9)

    child = os.fork()
    if child == 0:
        world.run(say=die, since=NOON)
        os._exit(0)
    until_ended(child)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert verify(world.ledger, no_model).claims == lines
    assert world.run().attested == 6 - lines
    assert [name for name, _ in world.claims()] == [(1, number) for number in range(1, 7)]
    world.good()


def test_a_prometheus_that_goes_down_meanwhile_leaves_what_was_attested(world: World) -> None:
    asked: list[str] = []

    def down(query: str) -> tuple[int, bytes] | None:
        asked.append(query)
        return (503, b"") if len(asked) > 3 else None

    world.instead = down
    with pytest.raises(ConfigError, match=r"answers with status 503$"):
        world.run(since=NOON)
    assert len(world.claims()) == 2
    world.instead = lambda _query: None
    assert world.run().attested == 4
    assert check_proof(read_proof(world.proof), world.good().head)


def test_a_proof_that_was_lost_is_written_again(world: World) -> None:
    world.run(since=NOON)
    content = world.proof.read_bytes()
    world.proof.unlink()
    assert world.run().attested == 0
    assert world.proof.read_bytes() == content
    world.proof.write_text("{}")
    world.machine.drop(0.0, 1e12)
    world.run()
    assert world.lines[0] == f"{world.proof}: not written: the Prometheus tells other figures of claim 1/6 now"


def test_no_run_asks_about_more_hours_than_are_kept(world: World) -> None:
    with pytest.raises(ConfigError, match=r"^--since: expected at most 9600 hours, which are 400 days$"):
        world.run(since=0.0)


def test_other_watts_are_those_of_a_new_device(world: World) -> None:
    world.run(since=NOON, until=NOON + 2 * HOUR)
    world.run(watts=100.0, until=NOON + 4 * HOUR)
    world.run()
    assert [name for name, _ in world.claims()] == [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4)]
    assert world.run(watts=11.0).refused == 0
    world.good()


def test_several_jobs_of_one_instance_have_to_be_told_apart(world: World) -> None:
    other = Machine(job="other").run(NOON - 60.0, NOON + HOUR, 60.0)
    world.machine.stored.update(other.stored)
    with pytest.raises(ConfigError, match=r"several jobs scrape laptop:10110; name one by --job: ecotrack, other$"):
        world.run(since=NOON)
    assert world.run(since=NOON, exporter=Exporter(instance=INSTANCE, job="other"), until=NOON + HOUR).attested == 1


def instead(answer: tuple[int, bytes], query: str) -> tuple[int, bytes] | None:
    """Give this answer to all questions but that about the time."""
    return None if query == "time()" else answer


def test_samples_of_another_instance_or_job_are_not_believed(world: World) -> None:
    world.run(since=NOON, until=NOON + HOUR)
    for machine in (Machine(instance="desktop:10110"), Machine(job="other")):
        series = machine.run(NOON - 60.0, world.now, 60.0).series()
        answer = told([{"metric": one.labels, "values": [[at, f"{it}"] for at, it in one.points]} for one in series])
        world.instead = partial(instead, answer)
        with pytest.raises(ConfigError, match=r"answers with others than laptop:10110, which it was asked about$"):
            world.run()
    assert len(world.claims()) == 1


def test_years_later_the_reveals_are_renewed_or_have_ended(world: World) -> None:
    world.run(since=NOON)
    for years in (4, 4.5, 7):
        later = NOON + round(years * 365) * 24 * HOUR
        world.machine, world.now = Machine().run(later - 60.0, later + 2.5 * HOUR, 60.0), later + 2.5 * HOUR
        assert world.run(since=later).attested == 2
        assert world.good().finalized > 0
    world.now = NOON + 20 * 365 * 24 * HOUR
    world.machine = Machine().run(world.now - 3 * HOUR, world.now, 60.0)
    with pytest.raises(ConfigError, match=r"was left for years, and its reveals have ended: begin another one$"):
        world.run(since=world.now - 2 * HOUR)


def unwritable(world: World) -> Path:
    (world.folder / "folder").mkdir()
    return world.folder / "folder"


def piped(world: World) -> Path:
    os.mkfifo(world.folder / "pipe")
    return world.folder / "pipe"


def linked_to_the_key(world: World) -> Path:
    (world.folder / "link").symlink_to(world.secret)
    return world.folder / "link"


def hard_link_of_the_key(world: World) -> Path:
    (world.folder / "same").hardlink_to(world.secret)
    return world.folder / "same"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (lambda world: world.ledger, r"is .*attest\.db itself, which a proof would replace$"),
        (lambda world: world.secret, r"is .*ecotrack\.key itself, which a proof would replace$"),
        (linked_to_the_key, r"is .*ecotrack\.key itself, which a proof would replace$"),
        (hard_link_of_the_key, r"is .*ecotrack\.key itself, which a proof would replace$"),
        (unwritable, "cannot be written: expected a file, got a folder, a pipe or a device$"),
        (piped, "cannot be written: expected a file, got a folder, a pipe or a device$"),
        (lambda _world: Path("/dev/null"), "cannot be written: expected a file, got a folder, a pipe or a device$"),
        (lambda world: world.folder / "none/proof.json", "cannot be written: there is no such folder$"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_a_proof_takes_the_place_of_nothing_else(
    world: World, path: Callable[[World], Path], why: str, begun: bool
) -> None:
    world.secret.write_text("secret")
    if begun:
        world.run(since=NOON, until=NOON + HOUR)
    before = world.ledger.read_bytes() if begun else None
    named = path(world)
    with pytest.raises(ConfigError, match=rf"^--proof: {named}: {why}"):
        world.run(since=NOON, proof=named)
    assert world.secret.read_text() == "secret"
    assert (world.ledger.read_bytes() if world.ledger.exists() else None) == before


def test_a_link_to_a_proof_stays_a_link(world: World) -> None:
    (world.folder / "public").mkdir()
    world.proof.symlink_to(world.folder / "public/proof.json")
    world.run(since=NOON)
    assert world.proof.is_symlink()
    assert check_proof(read_proof(world.folder / "public/proof.json"), world.good().head)


def test_the_proof_of_another_ledger_is_not_replaced(world: World) -> None:
    world.run(since=NOON, until=NOON + HOUR)
    kept = world.proof.read_bytes()
    for wanted in ({"url": "http://other:9090"}, {"since": NOON + HOUR}):
        with pytest.raises(ConfigError, match=r"proof\.json: is a proof of another ledger; name another file"):
            world.run(ledger=world.folder / "other.db", **wanted)
        assert not (world.folder / "other.db").exists()
    assert world.proof.read_bytes() == kept
    other = world.folder / "other.json"
    assert world.run(ledger=world.folder / "other.db", url="http://other:9090", since=NOON, proof=other).attested == 6
    with pytest.raises(ConfigError, match="is a proof of another ledger"):
        world.run(proof=other)
