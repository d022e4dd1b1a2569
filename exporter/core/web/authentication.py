"""Basic authentication against bcrypt hashes, off the event loop and bounded."""

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum

from exporter.core.web.site import Response, text

#: Different credentials that may wait for a check at once, in all and from one client address. A check at cost 10
#: takes about 57 ms and one thread makes them, so a new client waits about half a second at most.
MAX_WAITING = 8
MAX_WAITING_PER_CLIENT = 2

#: bcrypt reads no further, and the package refuses longer passwords.
_PASSWORD_BYTES = 72


class Verdict(Enum):
    """Outcome of checking a request's credentials. BUSY: not checked, since too many others are waiting."""

    GRANTED = "granted"
    DENIED = "missing or wrong"
    BUSY = "not checked: too many wait"

    @property
    def refusal(self) -> Response | None:
        """The answer to a request that is refused; None for one that is granted."""
        return _REFUSALS.get(self)


_REFUSALS = {
    Verdict.DENIED: text(
        401, "A user name and password are needed.", ("WWW-Authenticate", 'Basic realm="metrics", charset="UTF-8"')
    ),
    Verdict.BUSY: text(429, "Too many credentials are waiting to be checked.", ("Retry-After", "1")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    user: str
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    client: str
    verdict: asyncio.Task[Verdict]


class BasicAuth:
    """Checker of `Authorization: Basic` headers, for use inside one event loop.

    Verified credentials are remembered by a keyed hash, one for each user, so wrong guesses cannot push them out. The
    stored hash enters the keyed hash, so a changed password invalidates it. An unknown user costs the same time.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}
        self._waiting: dict[bytes, _Waiting] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="basic-auth")

    def check(self, header: str | None, users: Mapping[str, bytes], client: str) -> Verdict | asyncio.Task[Verdict]:
        """Return the verdict on a header's value, or the task that finds it; `users` holds at least one bcrypt hash."""
        given = _parse(header)
        if given is None:
            return Verdict.DENIED
        stored = users.get(given.user)
        digest = self._digest(given, stored or b"")
        if stored and hmac.compare_digest(digest, self._verified.get(given.user, b"")):
            return Verdict.GRANTED
        if digest in self._waiting:
            return self._waiting[digest].verdict
        from_client = sum(waiting.client == client for waiting in self._waiting.values())
        if len(self._waiting) >= MAX_WAITING or from_client >= MAX_WAITING_PER_CLIENT:
            return Verdict.BUSY
        # An unknown user's password is compared with somebody's hash, for the time this takes, and denied all the same.
        hashed = stored or next(iter(users.values()))
        verdict = asyncio.get_running_loop().create_task(self._verify(given, hashed, digest, known=stored is not None))
        self._waiting[digest] = _Waiting(client=client, verdict=verdict)
        return verdict

    def close(self) -> None:
        """Give up all checks and let the worker thread end."""
        for waiting in self._waiting.values():
            waiting.verdict.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _verify(self, given: _Credentials, hashed: bytes, digest: bytes, *, known: bool) -> Verdict:
        loop = asyncio.get_running_loop()
        try:
            matches = await loop.run_in_executor(self._worker, _matches, given.password, hashed)
        finally:
            del self._waiting[digest]
        if not (matches and known):
            return Verdict.DENIED
        self._verified[given.user] = digest
        return Verdict.GRANTED

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


def _matches(password: bytes, hashed: bytes) -> bool:
    # Imported by the first who needs it: most exporters have no users, and the library takes half a mebibyte.
    import bcrypt  # noqa: PLC0415

    return bcrypt.checkpw(password, hashed)
