"""Programs on the page, in JSON and in the table: only where they are told apart, escaped, and the same everywhere."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from exporter.core.units import BytesPerSecond, GramsPerSecond, Seconds, Watts
from exporter.power.component import Scope
from exporter.snapshot import GroupUse, Throughput
from exporter.sources.reading import BUSY, ProcessUse
from exporter.views.processes import ProcessesView
from exporter.views.programs import SHOWN
from exporter.views.summary import Summary
from exporter.views.table import render_table
from tests.exporter.fake_site import Site, make_site
from tests.exporter.test_page import HARMLESS, HOSTILE, Document, page

HOST, BOTH = frozenset({Scope.HOST}), frozenset(Scope)


def use(watts: float, cpus: float | None = None, network: float | None = None) -> GroupUse:
    """Return a group's use of so many watts, at 360 g/kWh; with `network` watts it moves a megabyte a second."""
    powers = {Scope.HOST: Watts(watts)} | ({} if network is None else {Scope.NETWORK: Watts(network)})
    return GroupUse(
        powers=powers,
        emission_rates={scope: GramsPerSecond(power * 1e-4) for scope, power in powers.items()},
        cpus=cpus,
        throughput=None
        if network is None
        else Throughput(received=BytesPerSecond(750_000.0), sent=BytesPerSecond(250_000.0)),
    )


GROUPS = {
    "idle": use(8.0),
    "nginx": use(2.0, 0.25, 1.5),
    "make": use(12.0, 1.5),
    "unattributed": use(1.0, network=0.5),
    "other": use(0.5, 0.1),
}

PROCESSES = (
    ProcessUse(pid=71, name="cc1", group="make", cpus=0.6),
    ProcessUse(pid=70, name="cc1plus", group="make", cpus=0.9),
    ProcessUse(pid=12, name="nginx", group="nginx", cpus=0.25),
)


def site_with(
    groups: Mapping[str, GroupUse] = GROUPS,
    processes: tuple[ProcessUse, ...] = PROCESSES,
    attributed: frozenset[Scope] = BOTH,
    **readings: Any,
) -> Site:
    """Return a site that has sampled once, and tells of these groups and processes."""
    site = make_site()
    site.sample_after(5.0)
    now, _, _ = site.publication.latest()
    told = replace(now.readings, groups=groups, processes=processes, **readings)
    site.publication.publish(replace(now, readings=told, attributed=attributed))
    return site


def answer(site: Site) -> dict[str, Any]:
    """Return the answer of `/api/v1/processes`."""
    found: dict[str, Any] = json.loads(site.get("/api/v1/processes").body)
    return found


def test_nothing_is_told_where_no_collector_tells_it() -> None:
    site = make_site()
    site.sample_after(5.0)
    assert (answer(site)["groups"], answer(site)["processes"]) == (None, None)
    assert "Which programs" not in page(site)


def test_bytes_alone_tell_groups_and_no_processes() -> None:
    site = site_with(processes=(), attributed=frozenset({Scope.NETWORK}))
    assert answer(site)["groups"] != []
    assert answer(site)["processes"] is None


def test_before_the_second_reading_nothing_is_known_and_none_is_zero() -> None:
    site = site_with(groups={}, processes=())
    assert (answer(site)["groups"], answer(site)["processes"]) == ([], [])
    assert "unknown yet" in Document(page(site)).text


def test_what_was_true_is_gone_with_a_stale_sample() -> None:
    site = site_with()
    site.clock.advance(60.0)
    assert (answer(site)["groups"], answer(site)["processes"]) == ([], [])
    assert "make" not in Document(page(site)).text


def test_groups_come_with_the_most_watts_first_and_what_no_program_has_is_marked() -> None:
    groups = answer(site_with())["groups"]
    assert [(one["group"], one["program"]) for one in groups] == [
        ("make", True),
        ("idle", False),
        ("nginx", True),
        ("unattributed", False),
        ("other", False),
    ]
    assert groups[2] == {
        "group": "nginx",
        "program": True,
        "host_watts": 2.0,
        "network_watts": 1.5,
        "emissions_grams_per_hour": {
            "host": pytest.approx(0.72),
            "network": pytest.approx(0.54),
            "host_and_network": pytest.approx(1.26),
        },
        "cpus": 0.25,
        "received_bytes_per_second": 750_000.0,
        "sent_bytes_per_second": 250_000.0,
    }
    assert groups[0]["network_watts"] is groups[0]["emissions_grams_per_hour"]["host_and_network"] is None


def test_processes_share_their_groups_watts_by_cpu_time_and_never_more() -> None:
    processes = answer(site_with())["processes"]
    assert [(one["pid"], one["host_watts"]) for one in processes] == [
        (70, pytest.approx(12.0 * 0.9 / 1.5)),
        (71, pytest.approx(12.0 * 0.6 / 1.5)),
        (12, pytest.approx(2.0)),
    ]
    ahead = ProcessUse(pid=1, name="cc1", group="make", cpus=4.0)
    alone = ProcessUse(pid=2, name="gone", group="gone", cpus=0.1)
    found = answer(site_with(processes=(ahead, alone)))["processes"]
    assert [one["host_watts"] for one in found] == [12.0, pytest.approx(GROUPS["other"].powers[Scope.HOST])]
    [unknown] = answer(site_with(groups={"make": use(12.0, 1.5)}, processes=(alone,)))["processes"]
    assert unknown["host_watts"] is None


def test_a_process_is_busy_above_half_of_a_cpu_and_then_in_bold() -> None:
    at, above = (
        ProcessUse(pid=number, name=f"p{number}", group="make", cpus=BUSY + more)
        for number, more in ((1, 0.0), (2, 0.01))
    )
    site = site_with(processes=(at, above))
    assert [(one["name"], one["busy"]) for one in answer(site)["processes"]] == [("p2", True), ("p1", False)]
    assert "<b>p2</b>" in page(site)
    assert "<b>p1</b>" not in page(site)
    assert "In bold: one has more than half of a CPU" in page(site)
    assert "None has more than half of a CPU</p>" in page(site_with(processes=(at,)))


def test_figures_on_the_page_are_those_of_the_json() -> None:
    site = site_with()
    told = answer(site)
    figures = {name: figure.value for name, figure in Document(page(site)).figures.items()}
    programs = [one for one in told["groups"] if one["program"]]
    for key, one in (*enumerate(programs), *((one["group"], one) for one in told["groups"] if not one["program"])):
        shown = {
            "watts": one["host_watts"],
            "grams": one["emissions_grams_per_hour"]["host"],
            "network-grams": one["emissions_grams_per_hour"]["network"],
            "cpus": one["cpus"],
            "received": one["received_bytes_per_second"],
            "sent": one["sent_bytes_per_second"],
        }
        assert {name: figures.get(f"group-{key}-{name}") for name in shown} == shown
    for place, one in enumerate(told["processes"]):
        assert (figures[f"process-{place}-cpus"], figures[f"process-{place}-watts"]) == (one["cpus"], one["host_watts"])


def test_columns_of_the_network_are_there_only_where_its_bytes_are_told() -> None:
    assert "Network g/h" in page(site_with())
    assert "Network g/h" not in page(site_with(groups={"make": use(12.0, 1.5)}, attributed=HOST))


def test_a_page_of_many_programs_stays_short_and_counts_the_others() -> None:
    many = {f"program-{number:02}": use(100.0 - number, 0.5) for number in range(25)}
    text = Document(page(site_with(groups=many))).text
    assert [name for name in many if name in text] == list(many)[:SHOWN]
    assert f"and {25 - SHOWN} more" in text


def test_a_page_of_many_programs_shows_what_moves_most_bytes_though_it_hardly_computes() -> None:
    many = {f"program-{number:02}": use(100.0 - number, 0.5) for number in range(25)}
    rsync = {
        "rsync": use(0.01, 0.01, 5.0),
        "nothing-read": replace(use(0.0, None, 4.0), powers={Scope.NETWORK: Watts(4.0)}),
    }
    text = Document(page(site_with(groups=many | rsync))).text
    assert [name for name in (*many, *rsync) if name in text] == [*list(many)[: SHOWN - 2], *rsync]
    assert f"and {27 - SHOWN} more" in text


def test_hostile_names_are_text_and_nothing_more() -> None:
    groups = {HOSTILE: use(12.0, 1.5, 1.0)}
    processes = (ProcessUse(pid=1, name=HOSTILE, group=HOSTILE, cpus=1.5),)
    site = site_with(groups=groups, processes=processes, bytes_means=HOSTILE, bytes_why=HOSTILE)
    plain = site_with(
        groups={"a": use(12.0, 1.5, 1.0)},
        processes=(replace(processes[0], name="a", group="a"),),
        bytes_means="a",
        bytes_why="a",
    )
    document = Document(page(site))
    assert document.text.count(HOSTILE) == 5
    assert [tag for tag, _ in document.tags] == [tag for tag, _ in Document(page(plain)).tags]
    assert [tag for tag, _ in document.tags if not HARMLESS.fullmatch(tag)] == []
    assert answer(site)["groups"][0]["group"] == answer(site)["processes"][0]["name"] == HOSTILE


def test_the_page_says_by_which_means_bytes_are_counted_and_why_by_no_better_ones() -> None:
    text = Document(page(site_with(bytes_means="sock_diag", bytes_why="CAP_BPF is missing"))).text
    assert "Bytes are counted by sock_diag: CAP_BPF is missing." in text
    none = Document(page(site_with(bytes_why="the kernel tells nothing"))).text
    assert "Bytes are not counted: the kernel tells nothing." in none
    assert answer(site_with(bytes_means="fexit", process_interval=Seconds(15.0)))["interval_seconds"] == 15.0


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (site_with(), "programs make 12.0 W, nginx 2.0 W above half of a CPU: cc1plus (70), cc1 (71)"),
        (site_with(processes=PROCESSES[2:]), "programs make 12.0 W, nginx 2.0 W no process has half of a CPU"),
        (site_with(groups={}, processes=()), "programs unknown known from the second reading of processes on"),
        (
            site_with(groups={"a": GroupUse()}, processes=(), attributed=frozenset({Scope.NETWORK})),
            "programs unknown processes are not read",
        ),
        (make_site(), "programs unknown the flag --collector.processes of the exporter tells them"),
    ],
)
def test_the_table_names_the_programs_that_draw_most(site: Site, said: str) -> None:
    summary = msgspec.json.decode(site.get("/api/v1/summary").body, type=Summary)
    told = msgspec.json.decode(site.get("/api/v1/processes").body, type=ProcessesView)
    lines = render_table(summary, "here", no_today="none", told=told).splitlines()
    assert " ".join(line for line in map(" ".join, map(str.split, lines)) if line.startswith("programs")) == said


def test_the_answer_has_the_shape_that_the_table_reads() -> None:
    assert set(answer(site_with())) == set(ProcessesView.__struct_fields__)
    assert re.fullmatch(r"application/json.*", site_with().get("/api/v1/processes").content_type)
