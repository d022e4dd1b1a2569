"""Ed25519 keys and signatures, by libsodium (ADR 17), which refuses small-order keys and malleable signatures itself.

The library is loaded at its first use.
"""

from collections.abc import Callable
from functools import cache

from simulator.ledger.record.codec import signing_root
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Signable

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the group of Ed25519 (RFC 8032, section 5.1), below which the second half of a signature has to be."""


class SecretKey:
    """An Ed25519 key that signs: its 32-byte seed stays inside, `public` is for everybody."""

    __slots__ = ("_secret", "public")

    def __init__(self, seed: bytes) -> None:
        from nacl.bindings import crypto_sign_seed_keypair  # noqa: PLC0415 - loaded at first use

        self.public, self._secret = crypto_sign_seed_keypair(seed)

    def sign(self, chain_id: bytes, record: Signable) -> bytes:
        """Return the signature of a record on a chain."""
        from nacl.bindings import crypto_sign  # noqa: PLC0415 - loaded at first use

        return crypto_sign(signing_root(chain_id, record), self._secret)[:64]


def is_valid(key: bytes, chain_id: bytes, record: Signable, signature: bytes) -> bool:
    """Tell whether a signature of a record on a chain is one of this key, strictly."""
    return is_signature(key, signing_root(chain_id, record), signature)


def check(key: bytes, chain_id: bytes, record: Signable, signature: bytes) -> None:
    """Check a signature of a record on a chain.

    Raises RuleError: malleable signature, small-order key, or bad signature. The library decides; the reason is
    looked for only afterwards.
    """
    root = signing_root(chain_id, record)
    if not is_signature(key, root, signature):
        raise _why_not(key, signature)


def is_key(key: bytes) -> bool:
    """Tell whether bytes are a public key: canonical, on the curve, in the main subgroup and not its identity."""
    from nacl.bindings import crypto_core_ed25519_is_valid_point  # noqa: PLC0415 - loaded at first use

    return len(key) == 32 and crypto_core_ed25519_is_valid_point(key)


def _why_not(key: bytes, signature: bytes) -> RuleError:
    if int.from_bytes(signature[32:], "little") >= GROUP_ORDER:
        return RuleError(Rule.MALLEABLE_SIGNATURE, "the second half of the signature is not below the group's order")
    if not is_key(key):
        return RuleError(Rule.SMALL_ORDER_KEY, "the public key is not a point of the main subgroup")
    return RuleError(Rule.BAD_SIGNATURE, "the signature is not one of this record, key and chain")


def is_signature(key: bytes, content: bytes, signature: bytes) -> bool:
    """Tell whether a signature of some bytes is one of this key, strictly."""
    open_signed, bad_signature = _verifier()
    if len(signature) != 64 or len(key) != 32:
        return False
    try:
        open_signed(signature + content, key)
    except bad_signature:
        return False
    return True


@cache
def _verifier() -> tuple[Callable[[bytes, bytes], bytes], type[Exception]]:
    from nacl.bindings import crypto_sign_open  # noqa: PLC0415 - loaded at first use
    from nacl.exceptions import BadSignatureError  # noqa: PLC0415 - loaded at first use

    return crypto_sign_open, BadSignatureError
