"""Every attack that the ledger is to withstand has its test: messages, which break a rule, and behaviour, which breaks
none."""

import ast
from functools import cache

import pytest

from scripts.imports import ROOT
from simulator.ledger.record.rules import Rule

TESTS = ROOT / "tests/simulator"

MESSAGES = {
    "equivocation": (Rule.EQUIVOCATION, "consensus/rules/test_equivocation", "second_block_of_a_slot"),
    "replay across chains": (Rule.WRONG_CHAIN, "booking/rules/test_wrong_chain", "replay_from_another_chain"),
    "sequence gap": (Rule.SEQUENCE_GAP, "booking/rules/test_sequence_gap", "sequence_left_out"),
    "overlap": (Rule.OVERLAP, "booking/rules/test_overlap", "overlap"),
    "over-capacity": (Rule.OVER_CAPACITY, "booking/rules/test_over_capacity", "over_capacity"),
    "imbalance": (Rule.IMBALANCE, "booking/rules/test_imbalance", "imbalance"),
    "negative": (Rule.NEGATIVE, "booking/rules/test_negative", "negative"),
    "overflow": (Rule.OVERFLOW, "booking/rules/test_overflow", "overflow"),
    "double retire": (Rule.DOUBLE_RETIREMENT, "booking/rules/test_double_retirement", "double_retirement"),
    "storage laundering": (
        Rule.STORAGE_LAUNDERING,
        "booking/rules/test_storage_laundering",
        "discharge_without_losses",
    ),
    "tampered leaf": (Rule.BAD_PROOF, "booking/rules/test_bad_proof", "tampered_leaf_or_path"),
    "leaf/node second preimage": (Rule.SECOND_PREIMAGE, "booking/rules/test_second_preimage", "node_as_a_record"),
    "duplicated odd leaf": (Rule.DOUBLED_LEAF, "booking/rules/test_doubled_leaf", "duplicated_odd_leaf"),
    "non-canonical encoding": (Rule.NON_CANONICAL, "record/test_non_canonical", "spelling"),
    "malleable signature": (Rule.MALLEABLE_SIGNATURE, "booking/rules/test_malleable_signature", "malleable_signature"),
    "small-order key": (Rule.SMALL_ORDER_KEY, "booking/rules/test_small_order_key", "small_order_device"),
    "forged evidence": (Rule.FORGED_EVIDENCE, "consensus/rules/test_forged_evidence", "evidence"),
    "key reuse": (Rule.KEY_REUSE, "booking/rules/test_key_reuse", "key_of_another_role"),
    "stake moved mid-epoch": (Rule.STAKE_MID_EPOCH, "consensus/rules/test_stake_mid_epoch", "change_before_its_time"),
    "head rollback": (Rule.HEAD_ROLLBACK, "consensus/rules/test_head_rollback", "branch_below_the_final_block"),
    "rewritten history": (Rule.WRONG_HISTORY, "consensus/rules/test_wrong_history", "history"),
    "oversized block": (Rule.OVERSIZED_BLOCK, "consensus/rules/test_oversized_block", "block_of_one_byte_more"),
    "false output digest": (Rule.FALSE_OUTPUT, "booking/rules/test_false_output", "false_output_is_counted"),
    "units from nowhere": (Rule.UNBALANCED, "booking/rules/test_unbalanced", "totals"),
}
"""The rule that refuses each message, the file of its tests, and one of them."""

BEHAVIOUR = {
    "grinding": ("ledger/consensus/test_grinding", "the_gain_is_bounded"),
    "censorship": ("ledger/consensus/test_censorship", "the_delay_is_bounded_by_the_stake_that_censors"),
    "partition": ("ledger/consensus/test_network", "halves_that_are_cut_off_halt_and_heal"),
    "long range": ("ledger/consensus/test_long_range", "invalid_history_beside_a_checkpoint"),
    "time drift": ("ledger/consensus/test_network", "a_fast_clock_is_not_believed"),
    "empty blocks": ("ledger/consensus/test_censorship", "all_votes_count_and_finality_goes_on"),
    "green power wasted for credits": (
        "ledger/booking/test_credit_laws",
        "green_power_wasted_for_credits_earns_nothing",
    ),
    "truncated store": ("ledger/test_cli", "a_ledger_that_was_cut_back_is_found_by_a_head"),
    "a store of another length": ("ledger/file/test_seal", "a_file_of_another_length_is_found"),
}


@cache
def kept_in(name: str) -> dict[str, set[str]]:
    """Return the tests of a file by name, and the rules that each names as `Rule.SOMETHING`."""
    tree = ast.parse((TESTS / f"{name}.py").read_text(encoding="utf-8"))
    return {
        one.name: {node.attr for node in ast.walk(one) if isinstance(node, ast.Attribute)} & set(Rule.__members__)
        for one in tree.body
        if isinstance(one, ast.FunctionDef)
    }


@pytest.mark.parametrize("attack", MESSAGES)
def test_each_attack_by_a_message_is_refused_in_a_test_of_its_own(attack: str) -> None:
    rule, file, name = MESSAGES[attack]
    assert rule.name in kept_in(f"ledger/{file}")[f"test_invalid_{name}"]


@pytest.mark.parametrize("attack", BEHAVIOUR)
def test_each_attack_by_behaviour_has_a_test_of_its_effect(attack: str) -> None:
    file, name = BEHAVIOUR[attack]
    assert f"test_{name}" in kept_in(file)
