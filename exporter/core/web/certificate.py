"""The dates of a certificate in a PEM file that OpenSSL has taken.

Python's ssl tells them only of a peer's certificate that it has verified, or of an authority's, and a library for X.509
weighs more than this server. They stand near the front of a certificate, behind four values of known kinds.
"""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

from exporter.core.regular_file import read_file
from exporter.core.units import UnixSeconds
from exporter.core.web.validity import Validity

_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END ")
"""A certificate in PEM (RFC 7468), with the names that OpenSSL takes too. A server's own is the first in its file."""

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
"""Tags of DER (X.690): a list, the optional version of a certificate, and the two kinds of time."""

_LONG_FORM = 0x80
"""Bit of a DER length that says: what is left of this byte is the number of bytes that hold the length."""

_FIELDS_BEFORE = 3
"""Serial number, algorithm and issuer, which stand between the version and the dates (RFC 5280, section 4.1)."""

_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")

_FIRST_YEAR_OF_2000S = b"50"
"""Two digits of a year below this one are of the years from 2000 on, others of the century before (RFC 5280)."""


def read_validity(path: Path) -> Validity | None:
    """Return when the first certificate of a file is valid; None where it does not say so. Raises OSError."""
    found = _PEM.search(read_file(path))
    return None if found is None else validity_of(found[1])


def validity_of(encoded: bytes) -> Validity | None:
    """Return when a certificate in base64 of DER is valid; None where that cannot be read."""
    try:
        der = base64.b64decode(encoded)
        certificate, _ = _element(der, 0, _SEQUENCE)
        at, _ = _element(der, certificate, _SEQUENCE)
        skipped = _FIELDS_BEFORE + (der[at] == _VERSION)
        for _ in range(skipped):
            _, at = _element(der, at)
        start_at, _ = _element(der, at, _SEQUENCE)
        _, expiry_at = _element(der, start_at)
        return Validity(start=_time(der, start_at), expiry=_time(der, expiry_at))
    except (IndexError, ValueError):
        return None


def _element(der: bytes, at: int, tag: int | None = None) -> tuple[int, int]:
    """Return where the content of the DER element at a place begins and ends. Raises ValueError for another tag."""
    if tag is not None and der[at] != tag:
        raise ValueError
    begin, length = at + 2, der[at + 1]
    if length & _LONG_FORM:
        begin += length - _LONG_FORM
        length = int.from_bytes(der[at + 2 : begin], "big")
    return begin, begin + length


def _time(der: bytes, at: int) -> UnixSeconds:
    """Return the time in a DER element. Raises ValueError for what is none."""
    begin, end = _element(der, at)
    digits = der[begin:end]
    if der[at] == _UTC_TIME:
        digits = (b"20" if digits[:2] < _FIRST_YEAR_OF_2000S else b"19") + digits
    elif der[at] != _GENERALIZED_TIME:
        raise ValueError
    found = _TIME.fullmatch(digits)
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second = (int(part) for part in found.groups())
    return UnixSeconds(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
