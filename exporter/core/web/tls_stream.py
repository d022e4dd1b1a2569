"""The server's side of one TLS connection, as a pure transformation of bytes."""

import contextlib
import ssl
from collections.abc import Callable, Collection

_RECORD_BYTES = 16 * 1024

_NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"
"""OpenSSL's name of the error where a client has no certificate and one is required."""


class TlsStream:
    """Converter between the ciphertext and the plaintext of a connection.

    asyncio's own TLS transport hides how much it still holds for a slow reader and has a handshake clock of its own;
    here both stay with the connection. `on_refusal` is called where the client's certificate is not accepted.
    """

    def __init__(self, context: ssl.SSLContext, allowed_sans: Collection[str], on_refusal: Callable[[], None]) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._allowed_sans = allowed_sans
        self._on_refusal = on_refusal
        self._established = False

    def receive(self, ciphertext: bytes) -> bytes:
        """Return the plaintext that became readable.

        Raises ssl.SSLError where the handshake or a record is wrong, or the client's certificate is not accepted.
        """
        self._incoming.write(ciphertext)
        plaintext = bytearray()
        try:
            if not self._established:
                self._shake_hands()
            while chunk := self._ssl.read(_RECORD_BYTES):
                plaintext += chunk
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            # More is needed, or the peer has said goodbye and will close.
            pass
        return bytes(plaintext)

    def send(self, plaintext: bytes) -> bytes:
        """Return the ciphertext of `plaintext`, after anything that waited to go out."""
        view = memoryview(plaintext)
        while view:
            view = view[self._ssl.write(view) :]
        return self.pending()

    def pending(self) -> bytes:
        """Return what the protocol itself has to send: handshake messages and alerts."""
        return self._outgoing.read()

    def close(self) -> bytes:
        """Return the closing alert to send before the connection is closed; the peer's own is not waited for."""
        # Raised also where the peer has not answered yet; our part is written by then.
        with contextlib.suppress(ssl.SSLError):
            self._ssl.unwrap()
        return self.pending()

    def _shake_hands(self) -> None:
        try:
            self._ssl.do_handshake()
            self._check_subject()
        except ssl.SSLError as error:
            if isinstance(error, ssl.SSLCertVerificationError) or error.reason == _NO_CERTIFICATE:
                self._on_refusal()
            raise
        self._established = True

    def _check_subject(self) -> None:
        """Accept the client's certificate only where one of its alternative names is listed, if any is."""
        if not self._allowed_sans:
            return
        certificate = self._ssl.getpeercert() or {}
        names = {str(name[1]) for name in certificate.get("subjectAltName", ())}
        if names.isdisjoint(self._allowed_sans):
            raise ssl.SSLCertVerificationError("the client's certificate has none of client_allowed_sans")
