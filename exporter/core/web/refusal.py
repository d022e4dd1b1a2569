"""The reasons for which a server lets a client in no further, as its metrics tell them."""

from enum import StrEnum


class Refusal(StrEnum):
    """Reason for which a login was refused: a value of a label, of which there are no others.

    MISSING: a request without credentials, or with what cannot be read as such. WRONG: an unknown user or another
    password. UNCHECKED: too many others waited for a check. CERTIFICATE: a TLS handshake without a certificate where
    one is required, or with one that is not accepted.
    """

    MISSING = "missing"
    WRONG = "wrong"
    UNCHECKED = "unchecked"
    CERTIFICATE = "certificate"
