"""The edge to the code of a user's own policy: an error there ends in one line that says what and where."""

import contextlib
import importlib
import inspect
import reprlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from exporter.core.config import ConfigError

_SIMULATOR = Path(__file__).parents[2]
_IMPORTS = Path(importlib.__file__).parent


class PolicyError(ValueError):
    """A mistake in a policy of a user's own, in one line that begins with its name."""


@contextlib.contextmanager
def users_code(name: str, called: object = None) -> Iterator[None]:
    """Turn any error of the code inside into PolicyError, an exit of the program included, but not Ctrl-C.

    The message names the place in the user's code; where that was not even entered, the place of what was `called`.
    """
    try:
        yield
    except (KeyboardInterrupt, PolicyError):
        raise
    except BaseException as error:
        place = place_of(error) or defined_at(called)
        raise PolicyError(": ".join(part for part in (name, place, _told(error)) if part)) from error


@contextlib.contextmanager
def asked(name: str, called: object) -> Iterator[None]:
    """Turn errors of a policy that is asked during a run, as `users_code` tells them, into ConfigError."""
    try:
        with users_code(name, called):
            yield
    except PolicyError as error:
        raise ConfigError([f"scheduler.policy: {error}"]) from error


def refusal(name: str, called: object, expected: str, answer: object) -> PolicyError:
    """Return the error of an answer that is not what was expected; to tell the answer may run the user's code."""
    told = f"expected {expected}, got {reprlib.repr(answer)}"
    return PolicyError(": ".join(part for part in (name, defined_at(called), told) if part))


def place_of(error: BaseException) -> str:
    """Return file and line in the user's code where an error was raised or passed; empty if it was not entered.

    Of several of its files it is the one that the simulator called.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno and not error.filename.startswith("<"):
        return f"{error.filename}:{error.lineno}"
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    theirs = [(file, line) for file, line in frames if _is_users(file)]
    return next((f"{file}:{line}" for file, line in reversed(theirs) if file == theirs[0][0]), "")


def _is_users(file: str) -> bool:
    """Return whether a file is the user's. Importing passes through files of Python's own, some of them frozen."""
    path = Path(file)
    return not (file.startswith("<") or path.is_relative_to(_SIMULATOR) or path.is_relative_to(_IMPORTS))


def defined_at(called: object) -> str:
    """Return file and line of a function, or of a class's constructor; empty where there is no such line."""
    code = _code(called)
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _code(called: object) -> CodeType | None:
    """Return the code that a call of this executes, without running anything."""
    if inspect.ismethod(called):
        called = called.__func__
    elif inspect.isclass(called):
        called = inspect.getattr_static(called, "__init__")
    elif not inspect.isfunction(called):
        called = inspect.getattr_static(type(called), "__call__", None)
    return called.__code__ if inspect.isfunction(called) else None


def _told(error: BaseException) -> str:
    """Return the error in a line; even its text comes from the user's code."""
    lines = traceback.format_exception_only(error)
    return lines[-1 if isinstance(error, SyntaxError) else 0].strip()
