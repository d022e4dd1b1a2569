"""Basic authentication against bcrypt hashes, off the event loop and bounded."""

import asyncio
import base64
import functools
import hashlib
import hmac
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType

from exporter.core.web.client_network import network_of
from exporter.core.web.refusal import Refusal
from exporter.core.web.site import Response, text

MAX_WAITING = 128
"""Different credentials that may wait for a check at once. A check at cost 10 takes about 57 ms and one thread makes
them, so among newcomers alone one waits 7 s at most."""

MAX_WAITING_PER_CLIENT = 2
"""The same of one client network."""

MAX_GUESSERS = 1024
"""Client networks whose wrong guesses are remembered, of some 100 bytes each; beyond them the oldest is forgotten."""

_PASSWORD_BYTES = 72
"""bcrypt reads no further, and the package refuses longer passwords."""


class Verdict(Enum):
    """Outcome of checking a request's credentials: they are right, or refused for a reason."""

    GRANTED = None
    MISSING = Refusal.MISSING
    WRONG = Refusal.WRONG
    BUSY = Refusal.UNCHECKED

    @property
    def refusal(self) -> Response | None:
        """The answer to a request that is refused; None for one that is granted."""
        return _REFUSALS.get(self)


_UNAUTHORIZED = text(
    401, "A user name and password are needed.", ("WWW-Authenticate", 'Basic realm="metrics", charset="UTF-8"')
)

_REFUSALS = {
    Verdict.MISSING: _UNAUTHORIZED,
    Verdict.WRONG: _UNAUTHORIZED,
    Verdict.BUSY: text(429, "Too many credentials are waiting to be checked.", ("Retry-After", "1")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    user: str
    password: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A check to be made. The fewer wrong guesses came from its network, the earlier it is made."""

    given: _Credentials
    digest: bytes
    stored: bytes
    known: bool
    network: bytes
    guesses: int
    verdict: asyncio.Future[Verdict]


class BasicAuth:
    """Checker of `Authorization: Basic` headers, for use inside one event loop.

    Verified credentials are remembered by a keyed hash, one for each user, so wrong guesses cannot push them out. The
    stored hash enters the keyed hash, so a changed password invalidates it. An unknown user costs the same time.

    Nobody is refused because others guess: those who guessed wrong wait behind those who did not, and make room.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}
        self._waiting: dict[bytes, _Waiting] = {}
        self._checked: _Waiting | None = None
        self._guesses: dict[bytes, int] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="basic-auth")

    def check(self, header: str | None, users: Mapping[str, bytes], client: str) -> Verdict | asyncio.Future[Verdict]:
        """Return the verdict on a header's value, or its future; `users` holds at least one bcrypt hash."""
        given = _parse(header)
        if given is None:
            return Verdict.MISSING
        stored = users.get(given.user)
        digest = self._digest(given, stored or b"")
        if stored and hmac.compare_digest(digest, self._verified.get(given.user, b"")):
            return Verdict.GRANTED
        if digest in self._waiting:
            return self._waiting[digest].verdict
        network = network_of(client)
        one = _Waiting(
            given=given,
            digest=digest,
            # An unknown user's password is compared with somebody's hash, for the time this takes, and wrong all the
            # same.
            stored=stored or next(iter(users.values())),
            known=stored is not None,
            network=network,
            guesses=self._guesses.get(network, 0),
            verdict=asyncio.get_running_loop().create_future(),
        )
        if not self._has_room_for(one):
            return Verdict.BUSY
        self._waiting[digest] = one
        self._check_next()
        return one.verdict

    def close(self) -> None:
        """Give up all checks and let the worker thread end."""
        for waiting in self._waiting.values():
            waiting.verdict.cancel()
        self._waiting.clear()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _has_room_for(self, one: _Waiting) -> bool:
        """Tell whether one more may wait, in the place of the worst guesser if need be."""
        if sum(other.network == one.network for other in self._waiting.values()) >= MAX_WAITING_PER_CLIENT:
            return False
        if len(self._waiting) < MAX_WAITING:
            return True
        others = (other for other in self._waiting.values() if other is not self._checked)
        worst = max(others, key=lambda other: other.guesses)
        if worst.guesses <= one.guesses:
            return False
        del self._waiting[worst.digest]
        worst.verdict.set_result(Verdict.BUSY)
        return True

    def _check_next(self) -> None:
        """Begin the next check, where none is under way; of those with as few guesses the first to come is first."""
        if self._checked is not None or not self._waiting:
            return
        one = self._checked = min(self._waiting.values(), key=lambda waiting: waiting.guesses)
        loop = asyncio.get_running_loop()
        matching = loop.run_in_executor(self._worker, _matches, one.given.password, one.stored)
        matching.add_done_callback(functools.partial(self._conclude, one))

    def _conclude(self, one: _Waiting, matching: asyncio.Future[bool]) -> None:
        self._checked = None
        self._waiting.pop(one.digest, None)
        if matching.cancelled() or one.verdict.cancelled():
            return
        if (failure := matching.exception()) is not None:
            one.verdict.set_exception(failure)
        elif matching.result() and one.known:
            self._verified[one.given.user] = one.digest
            self._guesses.pop(one.network, None)
            one.verdict.set_result(Verdict.GRANTED)
        else:
            self._remember_guess(one.network)
            one.verdict.set_result(Verdict.WRONG)
        self._check_next()

    def _remember_guess(self, network: bytes) -> None:
        guesses = self._guesses.pop(network, 0) + 1
        if len(self._guesses) >= MAX_GUESSERS:
            del self._guesses[next(iter(self._guesses))]
        self._guesses[network] = guesses
        for waiting in self._waiting.values():
            if waiting.network == network:
                waiting.guesses = guesses

    def _digest(self, given: _Credentials, stored: bytes) -> bytes:
        # Neither a stored hash nor a user name can hold a colon, so the joined fields are unambiguous.
        joined = b":".join((stored, given.user.encode(), given.password))
        return hashlib.blake2b(joined, key=self._key).digest()


def _parse(header: str | None) -> _Credentials | None:
    """Return the user and password of an `Authorization` header; None where it is absent or not well-formed Basic."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        name = user.decode()
    except ValueError:  # not ASCII, not base64, or a user name that is not UTF-8
        return None
    return _Credentials(user=name, password=password[:_PASSWORD_BYTES]) if colon else None


def load_bcrypt() -> ModuleType:
    """Load the library that checks passwords: at the start where there are users, since an upgrade may replace it.

    Most servers have no users, and it takes half a mebibyte.
    """
    import bcrypt  # noqa: PLC0415

    return bcrypt


def _matches(password: bytes, hashed: bytes) -> bool:
    return bool(load_bcrypt().checkpw(password, hashed))
