"""The server's side of one TLS connection, as a pure transformation of bytes."""

import contextlib
import ssl
from collections.abc import Collection

_RECORD_BYTES = 16 * 1024


class TlsStream:
    """Converter between the ciphertext and the plaintext of a connection.

    asyncio's own TLS transport hides how much it still holds for a slow reader and has a handshake clock of its own;
    here both stay with the connection.
    """

    def __init__(self, context: ssl.SSLContext, allowed_sans: Collection[str]) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._allowed_sans = allowed_sans
        self._established = False

    def receive(self, ciphertext: bytes) -> bytes:
        """Return the plaintext that became readable.

        Raises ssl.SSLError where the handshake or a record is wrong, or the client's certificate is not accepted.
        """
        self._incoming.write(ciphertext)
        plaintext = bytearray()
        try:
            if not self._established:
                self._ssl.do_handshake()
                self._check_subject()
                self._established = True
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

    def _check_subject(self) -> None:
        """Accept the client's certificate only where one of its alternative names is listed, if any is."""
        if not self._allowed_sans:
            return
        certificate = self._ssl.getpeercert() or {}
        names = {str(name[1]) for name in certificate.get("subjectAltName", ())}
        if names.isdisjoint(self._allowed_sans):
            raise ssl.SSLError("the client's certificate has none of client_allowed_sans")
