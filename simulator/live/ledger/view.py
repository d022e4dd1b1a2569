"""The ledger for people: its part of the summary, and of the page."""

import msgspec

from exporter.core.html import data, grams, scrolling
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.ledger.worth import ILLUSTRATION, WorthView, worth_rows
from simulator.run.job import MICROGRAMS_PER_GRAM


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger after its last block; `refused` counts the messages that broke a rule, by the rule."""

    head_slot: int
    finalized_slot: int
    validators: int
    blocks: int
    records: int
    credits_held_grams: float
    credits_retired_grams: float
    credits_cancelled_grams: float
    balance_grams: float
    certificates_held_watt_hours: int
    certificates_retired_watt_hours: int
    refused: dict[str, int]


def view_of(figures: LedgerFigures | None) -> LedgerView | None:
    """Return what people are shown; None for a run without a ledger."""
    if figures is None:
        return None
    return LedgerView(
        head_slot=figures.head_slot,
        finalized_slot=figures.finalized_slot,
        validators=figures.validators,
        blocks=figures.blocks,
        records=figures.records,
        credits_held_grams=figures.credits.held / MICROGRAMS_PER_GRAM,
        credits_retired_grams=figures.credits.retired / MICROGRAMS_PER_GRAM,
        credits_cancelled_grams=figures.credits.cancelled / MICROGRAMS_PER_GRAM,
        balance_grams=figures.balance_micrograms / MICROGRAMS_PER_GRAM,
        certificates_held_watt_hours=figures.certificates.held,
        certificates_retired_watt_hours=figures.certificates.retired,
        refused={rule.value: count for rule, count in sorted(figures.rejected.items()) if count},
    )


def ledger_section(ledger: LedgerView | None, worth: WorthView | None = None) -> str:
    """Show head, finality, units, refusals and what credits are worth; nothing for a run without a ledger."""
    if ledger is None:
        return ""
    head = data(ledger.head_slot, "ledger-head", f"{ledger.head_slot:,}")
    final = data(ledger.finalized_slot, "ledger-final", f"{ledger.finalized_slot:,}")
    held = data(ledger.credits_held_grams, "ledger-held", grams(ledger.credits_held_grams))
    retired = data(ledger.credits_retired_grams, "ledger-retired", grams(ledger.credits_retired_grams))
    balance = data(ledger.balance_grams, "ledger-balance", f"{ledger.balance_grams:+,.1f} g")
    certified = data(
        ledger.certificates_held_watt_hours, "ledger-certificates", f"{ledger.certificates_held_watt_hours:,} Wh"
    )
    refused = ", ".join(f"{count:,} {rule.replace('_', ' ')}" for rule, count in ledger.refused.items()) or "none"
    rows = (
        ("Chain", f"head at slot {head}, final up to slot {final}; {ledger.validators} validators"),
        ("Credits", f"{held} held, {retired} retired; balance against the benchmark {balance}"),
        ("Certificates", f"{certified} of generation held"),
        ("Refused", refused),
        *worth_rows(worth),
    )
    body = "".join(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>' for name, text in rows)
    about = (
        '<p class="dim">A slot is 300 simulated seconds. Credits follow the balance once in a simulated day, and lower '
        f"no emissions.{ILLUSTRATION if worth is not None and worth.market else ''}</p>"
    )
    table = scrolling("Ledger", f'<table class="ledger">{body}</table>')
    return f"<section><h2>Ledger</h2>{table}{about}</section>"
