"""The dates of a certificate, and what is said of them."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_DAY, UnixSeconds
from exporter.core.web.certificate import read_validity, validity_of
from exporter.core.web.validity import Validity
from tests.exporter.core.web.certificates import Authority

KEY = ed25519.Ed25519PrivateKey.generate()

FIRST, LAST = datetime(1950, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

DATES = st.integers(int(FIRST.timestamp()), int(LAST.timestamp())).map(lambda at: datetime.fromtimestamp(at, UTC))

DAY = SECONDS_PER_DAY


def certificate(start: datetime, expiry: datetime, issuer: str = "authority") -> x509.Certificate:
    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    built = x509.CertificateBuilder(name(issuer), name("server"), KEY.public_key(), x509.random_serial_number())
    return built.not_valid_before(start).not_valid_after(expiry).sign(KEY, None)


DER = certificate(FIRST, LAST).public_bytes(serialization.Encoding.DER)


@given(dates=st.tuples(DATES, DATES).map(sorted), issuer=st.text("ab", min_size=1, max_size=64))
def test_dates_are_those_that_another_library_reads(dates: list[datetime], issuer: str) -> None:
    made = certificate(dates[0], dates[1], issuer)
    start, expiry = (date.timestamp() for date in dates)
    read = validity_of(base64.b64encode(made.public_bytes(serialization.Encoding.DER)))
    assert read == Validity(start=UnixSeconds(start), expiry=UnixSeconds(expiry))


@given(at=st.integers(0, len(DER) - 1), byte=st.integers(0, 255), length=st.integers(0, len(DER)))
def test_a_damaged_certificate_has_dates_or_none(at: int, byte: int, length: int) -> None:
    damaged = (DER[:at] + bytes([byte]) + DER[at + 1 :])[:length]
    read = validity_of(base64.b64encode(damaged))
    assert read is None or isinstance(read, Validity)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_have_none(content: bytes) -> None:
    assert validity_of(content) is None
    assert validity_of(base64.b64encode(content)) is None


def test_a_certificate_of_the_first_version_has_no_field_for_it() -> None:
    times = b"".join(b"\x17\x0d" + date for date in (b"260101000000Z", b"500101000000Z"))
    fields = b"\x02\x01\x05" + b"\x30\x00" + b"\x30\x00" + b"\x30" + bytes([len(times)]) + times
    inner = b"\x30" + bytes([len(fields)]) + fields
    read = validity_of(base64.b64encode(b"\x30" + bytes([len(inner)]) + inner))
    start, expiry = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2026, 1950))
    assert read == Validity(start=UnixSeconds(start), expiry=UnixSeconds(expiry))


def test_the_first_certificate_of_a_file_counts(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", valid=(timedelta(hours=-3), timedelta(days=7)))
    alone = read_validity(pair.cert)
    assert alone is not None and alone.expiry - alone.start == pytest.approx(7 * DAY + 3 * 3600)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(
        pair.key.read_bytes() + b"subject=CN = x\r\n" + pair.cert.read_bytes() + authority.cert.read_bytes()
    )
    assert read_validity(chain) == alone != read_validity(authority.cert)
    chain.write_bytes(pair.key.read_bytes())
    assert read_validity(chain) is None


@pytest.mark.parametrize(
    ("days", "left_days", "told"),
    [
        (365, 14.1, ""),
        (365, 13.9, "expires on 1971-01-01 at 00:00 UTC"),
        (365, -0.1, "expired on 1971-01-01 at 00:00 UTC; clients that check it refuse to connect"),
        (365, 365.1, "is not valid before 1970-01-01 at 00:00 UTC; clients that check it refuse to connect"),
        (1, 0.26, ""),
        (1, 0.24, "expires on 1970-01-02 at 00:00 UTC"),
    ],
)
def test_the_end_is_told_two_weeks_before_or_in_the_last_quarter_of_a_short_life(
    days: float, left_days: float, told: str
) -> None:
    validity = Validity(start=UnixSeconds(0.0), expiry=UnixSeconds(days * DAY))
    assert validity.concern((days - left_days) * DAY) == told
