"""The page's part on programs: the groups that use most, and the processes that are busiest now."""

from collections.abc import Sequence
from html import escape

from exporter.core.html import UNKNOWN, data, scrolling
from exporter.views.processes import GroupView, ProcessesView, ProcessView
from exporter.views.wording import rate_text

SHOWN = 10
"""Programs that are shown one by one, and processes."""


def programs_section(told: ProcessesView) -> str:
    """Build the section, or nothing where no collector tells programs apart."""
    if told.groups is None:
        return ""
    body = _groups(told.groups) + _counted(told) + _processes(told.processes or [])
    return f"<section><h2>Which programs use it</h2>{body}</section>\n"


def _groups(groups: Sequence[GroupView]) -> str:
    if not groups:
        return f'<p class="dim">{UNKNOWN} yet: programs are told apart from the second reading of them on</p>'
    of_network = any(one.network_watts is not None for one in groups)
    headings = ["Watts", "g CO\u2082e/h", "CPUs", *(["Network g/h", "In", "Out"] if of_network else [])]
    programs = [one for one in groups if one.program]
    rows = "".join(_group(one, place, of_network=of_network) for place, one in enumerate(_most(programs)))
    further = len(programs) - SHOWN
    more = f'<tr><td class="dim">and {further} more</td>{"<td></td>" * len(headings)}</tr>' if further > 0 else ""
    rest = "".join(_group(one, one.group, of_network=of_network) for one in groups if not one.program)
    head = "".join(f'<th class="num">{heading}</th>' for heading in headings)
    table = f'<table class="programs"><thead><tr><th>Program</th>{head}</tr></thead>{rows}{more}{rest}</table>'
    return scrolling("What each program uses", table)


def _most(programs: Sequence[GroupView]) -> list[GroupView]:
    """Return the programs with the largest shares of the machine's watts or of the network's, in their order.

    One that moves most of the bytes may have the least of the processor.
    """
    of_host = sum(one.host_watts or 0.0 for one in programs) or 1.0
    of_network = sum(one.network_watts or 0.0 for one in programs) or 1.0
    shares = [max((one.host_watts or 0.0) / of_host, (one.network_watts or 0.0) / of_network) for one in programs]
    places = sorted(range(len(programs)), key=lambda place: -shares[place])[:SHOWN]
    return [programs[place] for place in sorted(places)]


def _group(one: GroupView, key: int | str, *, of_network: bool) -> str:
    name = f"<td>{escape(one.group)}</td>" if one.program else f'<td class="dim">{escape(one.group)}</td>'
    grams = one.emissions_grams_per_hour
    cells = [
        _figure(one.host_watts, f"group-{key}-watts", "{:.2f}"),
        _figure(grams.host, f"group-{key}-grams", "{:.2f}"),
        _figure(one.cpus, f"group-{key}-cpus", "{:.2f}"),
    ]
    if of_network:
        cells += [
            _figure(grams.network, f"group-{key}-network-grams", "{:.2f}"),
            _rate(one.received_bytes_per_second, f"group-{key}-received"),
            _rate(one.sent_bytes_per_second, f"group-{key}-sent"),
        ]
    return f"<tr>{name}{''.join(cells)}</tr>"


def _counted(told: ProcessesView) -> str:
    """Say by which means bytes are counted, and why by no better ones."""
    if told.bytes_means is None:
        return f'<p class="dim">Bytes are not counted: {escape(told.bytes_why)}.</p>' if told.bytes_why else ""
    why = f": {escape(told.bytes_why)}" if told.bytes_why else ""
    return f'<p class="dim">Bytes are counted by {escape(told.bytes_means)}{why}.</p>'


def _processes(processes: Sequence[ProcessView]) -> str:
    """Show the busiest processes; those with more than half of a CPU, which CEP listed, in bold."""
    if not processes:
        return ""
    rows = "".join(_process(one, place) for place, one in enumerate(processes[:SHOWN]))
    busy = sum(one.busy for one in processes)
    many = {0: "None has", 1: "In bold: one has"}.get(busy, f"In bold: {busy} have")
    head = '<th>Process</th><th class="num">Id</th><th>Program</th><th class="num">CPUs</th><th class="num">Watts</th>'
    told = f'<p class="name">Busiest processes</p><p class="dim">{many} more than half of a CPU</p>'
    return told + scrolling(
        "Busiest processes", f'<table class="programs"><thead><tr>{head}</tr></thead>{rows}</table>'
    )


def _process(one: ProcessView, place: int) -> str:
    name = f"<b>{escape(one.name)}</b>" if one.busy else escape(one.name)
    cpus = _figure(one.cpus, f"process-{place}-cpus", "{:.2f}")
    watts = _figure(one.host_watts, f"process-{place}-watts", "{:.2f}")
    return f'<tr><td>{name}</td><td class="num">{one.pid}</td><td>{escape(one.group)}</td>{cpus}{watts}</tr>'


def _figure(value: float | None, name: str, form: str) -> str:
    return f'<td class="num">{"" if value is None else data(value, name, form.format(value))}</td>'


def _rate(value: float | None, name: str) -> str:
    return f'<td class="num">{"" if value is None else data(value, name, rate_text(value))}</td>'
