"""The tables of the simulator's page: flows, sites and nodes. A dash stands for what is not known."""

from collections.abc import Sequence
from html import escape

from exporter.core.html import bar, data, scrolling
from exporter.core.units import Joules
from simulator.live.flows import FlowView, total_joules, total_watts
from simulator.live.shown import bytes_text, energy_text, share_text, watts_text
from simulator.live.sites import SiteView
from simulator.live.summary import NodeView

SHARED = (
    '<p class="dim">Nodes that share the panels, the turbine or the battery of their site have a dash here: '
    "the row of the site has these figures.</p>"
)

MOVED = '<p class="dim">In and out: input of tasks that came from other sites, or went there, today.</p>'


def flow_table(flows: Sequence[FlowView]) -> str:
    """List the flows of the day and of now, with their sum."""
    listed = [flow for flow in flows if flow.today_joules > 0.0 or (flow.now_watts or 0.0) > 0.0]
    if not listed:
        return ""
    whole = total_joules(listed)
    rows = "".join(
        _flow_row(f"{flow.source} to {flow.sink}", flow.now_watts, flow.today_joules, flow.today_ratio)
        for flow in listed
    )
    total = _flow_row("all", total_watts(listed), whole, 1.0 if whole > 0.0 else None)
    return _table("flows", ("Flow",), ("Now", "Today", "Share"), (), rows + total)


def site_table(sites: Sequence[SiteView]) -> str:
    """List the sites; several with what moved between them in the simulated day."""
    figures = ("Grid", "Load", "Generated", "Bought")
    more = ("Awake", "In", "Out") if len(sites) > 1 else ("Awake",)
    table = _table("sites", ("Site",), figures, ("Battery",), "".join(map(_site, sites)), more)
    return table + (MOVED if len(sites) > 1 else "")


def node_table(nodes: Sequence[NodeView], *, with_sites: bool) -> str:
    """List the nodes, with their sites where there are several."""
    texts = ("Node", *(("Site",) if with_sites else ()), "Device", "Supply")
    rows = "".join(_node(node, with_site=with_sites) for node in nodes)
    table = _table(
        "nodes", texts, ("Load", "Generated", "Grid"), ("Battery",), rows, ("Frequency", "Busy", "Tasks", "Queue")
    )
    return table + (SHARED if any(node.shares_bus for node in nodes) else "")


def _table(
    name: str, texts: Sequence[str], figures: Sequence[str], bars: Sequence[str], rows: str, more: Sequence[str] = ()
) -> str:
    words, charges = ("".join(f"<th>{title}</th>" for title in titles) for titles in (texts, bars))
    numbers, rest = ("".join(f'<th class="num">{title}</th>' for title in titles) for titles in (figures, more))
    head = f"<thead><tr>{words}{numbers}{charges}{rest}</tr></thead>"
    return scrolling(name.capitalize(), f'<table class="{name}">{head}{rows}</table>')


def _flow_row(name: str, watts: float | None, joules: float, share: float | None) -> str:
    key = name.replace(" ", "-")
    cells = (
        "-" if watts is None else data(watts, f"flow-{key}-now", watts_text(watts)),
        data(joules, f"flow-{key}-today", energy_text(Joules(joules))),
        "-" if share is None else share_text(share),
    )
    return f"<tr><td>{name}</td>{_numbers(cells)}</tr>"


def _site(site: SiteView) -> str:
    def figure(name: str, shown: str) -> str:
        return _figure(site, name, shown)

    cells = (
        figure("grid_grams_per_kwh", "{:.0f} g/kWh"),
        *(figure(name, "{:,.1f} W") for name in ("load_watts", "generation_watts", "bought_watts")),
    )
    awake = figure("awake_nodes", "{:.0f}")
    moved = {"moved_in": site.moved_in_today_bytes, "moved_out": site.moved_out_today_bytes}
    rest = (
        f"{awake} of {site.nodes}",
        *(
            data(amount, f"{name}-{escape(site.name)}", bytes_text(amount))
            for name, amount in moved.items()
            if amount is not None
        ),
    )
    return f"<tr><td>{escape(site.name)}</td>{_numbers(cells)}<td>{_battery(site)}</td>{_numbers(rest)}</tr>"


def _node(node: NodeView, *, with_site: bool) -> str:
    cells = (
        _figure(node, "load_watts", "{:.1f} W"),
        _figure(node, "supply_watts", "{:.1f} W") if node.supply != "grid" else "-",
        _figure(node, "grid_watts", "{:.1f} W"),
    )
    rest = (
        _figure(node, "frequency_hertz", "{:.2f} GHz", 1e-9),
        _figure(node, "utilization_ratio", "{:.0%}"),
        _figure(node, "queued_tasks", "{:.0f}"),
        _figure(node, "backlog_seconds", "{:.1f} s"),
    )
    texts = (node.name, *((node.site,) if with_site else ()), node.device, node.supply)
    facts = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f"<tr>{facts}{_numbers(cells)}<td>{_battery(node)}</td>{_numbers(rest)}</tr>"


def _numbers(cells: Sequence[str]) -> str:
    return "".join(f'<td class="num">{cell}</td>' for cell in cells)


def _figure(row: NodeView | SiteView, name: str, shown: str, scale: float = 1.0) -> str:
    """Show a figure of a row; a dash where it is missing."""
    value: float | None = getattr(row, name)
    kind = "site-" if isinstance(row, SiteView) else ""
    return "-" if value is None else data(value, f"{kind}{name}-{escape(row.name)}", shown.format(value * scale))


def _battery(row: NodeView | SiteView) -> str:
    charge = row.battery_charge_ratio
    if charge is None:
        return "-"
    figure = _figure(row, "battery_charge_ratio", "{:.0%}")
    return f'<span class="charge">{bar(charge, f"{charge:.0%} charged", " amber")}{figure}</span>'
