"""The rules of the ledger by name. What breaks one is refused, and counted under the rule's name."""

from enum import StrEnum


class Rule(StrEnum):
    """A rule, as the label `reason` of `ecochain_ledger_rejected_total` names its breach."""

    NON_CANONICAL = "non_canonical"
    OVERSIZED_BLOCK = "oversized_block"
    WRONG_CHAIN = "wrong_chain"
    BAD_SIGNATURE = "bad_signature"
    MALLEABLE_SIGNATURE = "malleable_signature"
    SMALL_ORDER_KEY = "small_order_key"
    KEY_REUSE = "key_reuse"
    UNKNOWN_SIGNER = "unknown_signer"
    SEQUENCE_GAP = "sequence_gap"
    NEGATIVE = "negative"
    OVERFLOW = "overflow"
    BAD_INTERVAL = "bad_interval"
    OVERLAP = "overlap"
    INTERVAL_GAP = "interval_gap"
    FUTURE = "future"
    OVER_CAPACITY = "over_capacity"
    IMBALANCE = "imbalance"
    STORAGE_LAUNDERING = "storage_laundering"
    BAD_INTENSITY = "bad_intensity"
    BAD_TASKS = "bad_tasks"
    BAD_REGISTRATION = "bad_registration"
    NOT_DRAWN = "not_drawn"
    BAD_PROOF = "bad_proof"
    DOUBLED_LEAF = "doubled_leaf"
    SECOND_PREIMAGE = "second_preimage"
    UNKNOWN_MODEL = "unknown_model"
    FALSE_OUTPUT = "false_output"
    NOT_HELD = "not_held"
    DOUBLE_RETIREMENT = "double_retirement"
    UNBALANCED = "unbalanced"
    STAKE_MID_EPOCH = "stake_mid_epoch"
    INSUFFICIENT_STAKE = "insufficient_stake"
    WRONG_SLOT = "wrong_slot"
    WRONG_PARENT = "wrong_parent"
    WRONG_HISTORY = "wrong_history"
    WRONG_PROPOSER = "wrong_proposer"
    WRONG_RANDOMNESS = "wrong_randomness"
    WRONG_BODY_ROOT = "wrong_body_root"
    WRONG_STATE_ROOT = "wrong_state_root"
    SLASHED_VALIDATOR = "slashed_validator"
    BAD_ATTESTATION = "bad_attestation"
    FORGED_EVIDENCE = "forged_evidence"
    EQUIVOCATION = "equivocation"
    HEAD_ROLLBACK = "head_rollback"


class RuleError(Exception):
    """A breach of a rule, with what was found in words."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
