"""Requests that no honest client sends, by seed: any bytes in the method, the target and every header."""

import base64
import random

_METHODS = (b"GET", b"HEAD", b"POST", b"CONNECT", b"PRI", b"get")
_TARGETS = (b"/metrics", b"/", b"/api/v1/summary", b"/api/v1/history", b"/-/ready", b"*", b"http://", b"//", b"/%ff?%")
_NAMES = (
    *(b"Authorization", b"Host", b"Accept", b"Accept-Encoding", b"Connection", b"Expect", b"Upgrade", b"Cookie"),
    *(b"Content-Length", b"Transfer-Encoding", b"Range", b"If-None-Match", b"X-Forwarded-For"),
)
_VALUES = (
    *(b"localhost", b"Basic ", b"Basic =", b"Bearer", b"gzip;q=\xb2", b"text/plain;q=nan", b"*/*;q=1e999", b"chunked"),
    *(b"close", b"100-continue", b"h2c", b"-1", b"99999999999999999999", b";q=", b",,,;;;", b"text/html;q=-1;q=x"),
)


def hostile_request(seed: int, *honest: bytes) -> bytes:
    """Return one request, with the `honest` header lines beside its hostile ones; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - for tests
    lines = [b"%b %b HTTP/1.1" % (_one_of(chance, _METHODS), _one_of(chance, _TARGETS)), b"Host: localhost", *honest]
    if chance.random() < 0.5:
        lines.append(b"Authorization: " + _credentials(chance))
    lines += [_one_of(chance, _NAMES) + b": " + _one_of(chance, _VALUES) for _ in range(chance.randrange(4))]
    return b"\r\n".join([*lines, b"", b""])


def _one_of(chance: random.Random, usual: tuple[bytes, ...]) -> bytes:
    """Draw mostly something usual, which leads further into the server, and otherwise any bytes."""
    return chance.choice(usual) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 30))


def _credentials(chance: random.Random) -> bytes:
    raw = chance.randbytes(chance.randrange(40))
    plain = b"%b:%b" % (chance.choice((b"alice", b"", raw)), raw)
    return chance.choice((raw, b"Basic " + raw, b"Basic " + base64.b64encode(plain), b"basic " + plain))
