"""A question answered in the child process: the file read or the server asked, and the document understood."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from exporter.core.fetching import MOST_BYTES, RefusedError, fetch, secret_in
from exporter.core.no_answer import NoAnswerError, without
from exporter.core.regular_file import open_file
from simulator.market.document import DocumentError, Found, csv_price, json_price
from simulator.market.exchange import Question, Reason, Told

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def reply(argument: str) -> bytes:
    """Answer a question; no secret, and nothing of a document, is in the reason for a failure."""
    secret = ""
    try:
        question = msgspec.json.decode(argument, type=Question)
        secret = "" if question.token_file is None else _token(Path(question.token_file))
        found = _found(question, secret)
        told = Told(price=found.price, time=found.time)
    except DocumentError as error:
        told = Told(reason=error.reason, trouble=str(error))
    except NoAnswerError as error:
        rest = error.retry_after if isinstance(error, RefusedError) else None
        told = Told(reason=Reason.FAILED, trouble=str(error), retry_after=rest)
    except Exception as error:  # noqa: BLE001 - the child's edge: whatever happens is told in one answer
        told = Told(reason=Reason.MALFORMED, trouble=f"its answer is not understood ({type(error).__name__})")
    return msgspec.json.encode(msgspec.structs.replace(told, trouble=without(secret, told.trouble)))


def _found(question: Question, secret: str) -> Found:
    if question.file is not None:
        content, written = _read(Path(question.file))
        if question.file.endswith(".csv"):
            return csv_price(content, question.now)
        found = json_price(content, question.price_at or "", question.time_at, question.expected)
        return Found(price=found.price, time=written if found.time is None else found.time)
    content = fetch(question.url or "", question.query, _headers(question.token_header, secret))
    return json_price(content, question.price_at or "", question.time_at, question.expected)


def _headers(name: str, secret: str) -> Mapping[str, str]:
    if not secret:
        return {}
    return {name: f"Bearer {secret}" if name.lower() == "authorization" else secret}


def _read(path: Path) -> tuple[bytes, float]:
    """Return content and time of writing of a file. Raises NoAnswerError."""
    try:
        with open_file(path) as file:
            content = file.read(MOST_BYTES + 1)
            written = os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise NoAnswerError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise NoAnswerError(f"{path} has more than {MOST_BYTES} bytes")
    return content, written


def _token(path: Path) -> str:
    """Return the token in a file that its owner alone may read. Raises NoAnswerError."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise NoAnswerError(f"{path} cannot be read: {error.strerror}") from error
    if mode & OTHERS:
        raise NoAnswerError(f"{path} is open to others than its owner: chmod 600 it")
    return secret_in(path)
