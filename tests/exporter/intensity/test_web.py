"""Requests to providers against servers that lie, linger or send elsewhere, and secrets of files that hold none."""

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.core.fetching import MOST_BYTES, MOST_SECRET_BYTES
from exporter.intensity.exchange import encode_question
from exporter.intensity.providers.provider import Question
from exporter.intensity.reading import SECRET_VARIABLE, IntensityUnavailableError
from exporter.intensity.web import UrlWeb, secret_of
from tests.exporter.intensity.test_providers import SECRET, child
from tests.processes import join

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@contextlib.contextmanager
def saying(*parts: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that says the parts to whoever asks, and keeps what it was asked; it does not end by itself."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as stack:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = stack.enter_context(server.accept()[0])
                    asked.append(client.recv(65536))
                    with contextlib.suppress(OSError):
                        for part in parts:
                            client.sendall(part)
                        client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        join(thread)


def redirecting(place: str) -> bytes:
    """Return an answer that sends elsewhere."""
    return f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


LIES = [
    (OK + b"Content-Length: 500\r\n\r\n{}", "ends before its answer does"),
    (OK + b"\r\n" + b"[" * (MOST_BYTES + 9), f"says more than {MOST_BYTES} bytes"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}", "IncompleteRead"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFF\r\n{}", "IncompleteRead"),
    (OK + b"A: b\r\n" * 200 + b"\r\n{}", "HTTPException"),
    (b"not HTTP", "BadStatusLine"),
    (b"", "RemoteDisconnected"),
    (b"HTTP/1.1 999 Well\r\n\r\n", "answers with status 999"),
    (redirecting("/"), "answers with status 302"),
    (redirecting("file:///etc/passwd"), "answers with status 302"),
    (redirecting("data:application/json,{}"), "answers with status 302"),
    (redirecting("ftp://127.0.0.1:9/x"), "answers with status 302"),
    (redirecting("http://[::1"), "ValueError"),
    (redirecting(f"http://{'a' * 70}.example/"), "UnicodeError"),
]


# Where an address to which it is sent is none, urllib leaves the first connection open; the child ends right after.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.servers
@pytest.mark.parametrize(("said", "told"), LIES, ids=range(len(LIES)))
def test_what_a_server_says_wrong_ends_in_a_few_words(said: bytes, told: str) -> None:
    with saying(said) as (url, _), pytest.raises(IntensityUnavailableError, match=told) as caught:
        UrlWeb("").get(url)
    assert str(caught.value).startswith("127.0.0.1")
    assert len(str(caught.value)) < 80
    gc.collect()


@pytest.mark.servers
def test_a_server_to_which_another_sends_does_not_get_the_token() -> None:
    with saying(OK + b"\r\n5") as (there, seen), saying(redirecting(there)) as (url, asked):
        assert UrlWeb(SECRET).get(url, headers={"auth-token": SECRET}) == b"5"
    assert [SECRET.encode() in one for one in (*asked, *seen)] == [True, False]


@pytest.mark.servers
def test_a_byte_order_mark_before_the_document_is_skipped() -> None:
    with saying(OK + b'\r\n\xef\xbb\xbf{"v": 5}') as (url, _):
        found = child(Question(provider="json", url=url, path="v", now=1e9))
    assert [one.value for one in found.points] == [5.0]


def test_a_token_that_no_header_carries_is_not_sent() -> None:
    with pytest.raises(IntensityUnavailableError, match="the token holds letters that cannot be sent"):
        UrlWeb("geheimnü").get("http://127.0.0.1:9", headers={"auth-token": "geheimnü"})


SECRETS: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.write_bytes(b"\xef\xbb\xbfabc\r\n"), ""),
    (lambda path: path.write_bytes(b"abc\ndef\n"), "does not hold one line of text"),
    (lambda path: path.write_bytes(b"ab\0c"), "does not hold one line of text"),
    (lambda path: path.write_bytes(b" \n"), "does not hold one line of text"),
    (lambda path: path.write_bytes(b"\n" * (2 * MOST_SECRET_BYTES) + b"abc"), "does not hold one line of text"),
    (lambda path: path.write_bytes(b"\xfc\xff"), "cannot be read: it is not text"),
    (lambda path: path.mkdir(), "cannot be read: Is a directory"),
    (os.mkfifo, "expected a file, got a pipe"),
    (lambda path: path.symlink_to("/dev/zero"), "expected a file, got a pipe"),
]


@pytest.mark.parametrize(("make", "told"), SECRETS, ids=range(len(SECRETS)))
def test_a_file_of_a_secret_holds_one_line_or_is_refused(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    make(tmp_path / "token")
    if not told:
        assert secret_of(str(tmp_path / "token")) == "abc"
        return
    with pytest.raises(IntensityUnavailableError, match=told) as caught:
        secret_of(str(tmp_path / "token"))
    assert "abc" not in str(caught.value)


def test_a_variable_of_two_lines_is_refused_without_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, f"{SECRET}\nX: y")
    with pytest.raises(IntensityUnavailableError, match=f"^{SECRET_VARIABLE} does not hold one line of text$"):
        secret_of("")


STARTED = """\
import signal, sys
from exporter.core import asking_child
asking_child.ALONE_LIMIT = 1
sys.argv = ["ask", {question!r}]
import runpy
runpy.run_module("exporter.intensity", run_name="__main__")
"""


@pytest.mark.servers
def test_a_child_that_nobody_waits_for_ends_by_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = STARTED.format(question=encode_question(Question(provider="json", url=url, path="v")))
        done = subprocess.run([sys.executable, "-c", started], check=False, timeout=240, capture_output=True)
    assert (done.returncode, done.stdout) == (-signal.SIGALRM, b"")
