"""The shared object: found, checked and called."""
from __future__ import annotations

import ctypes.util
import os
import threading
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Union

import cffi

from . import _header
from ._error import Error

Data = Union[bytes, bytearray, memoryview, str]
Path = Union[str, "os.PathLike[str]"]

ffi = cffi.FFI()
ffi.cdef(_header.CDEF)

_lock = threading.Lock()
_loaded: Any = None

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def load(path: Path | None = None) -> str:
    """Loads libpca and says its version.

    From *path*; without it, from the environment's PCA_LIBRARY, or as ``libpca.so.0`` where the system's loader finds it. The first
    use of the library does this by itself. ImportError: there is none, or it is older than this package.
    """
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _open(os.fspath(path) if path is not None else None)
        elif path is not None:
            raise ImportError("libpca is loaded already")
    return text(_loaded.pca_version())


def _open(path: str | None) -> Any:
    wanted = path or os.environ.get("PCA_LIBRARY")
    names: list[str | None] = [wanted] if wanted else ["libpca.so.0", ctypes.util.find_library("pca")]
    found: Any
    problem: OSError | None = None
    for name in filter(None, names):
        try:
            found = ffi.dlopen(name)
            break
        except OSError as why:
            problem = problem or why
    else:
        raise ImportError(f"no libpca: {problem}. Install it, set PCA_LIBRARY to its path, or call pca.load(path).")
    version = text(found.pca_version())
    if _numbers(version) < _numbers(_header.VERSION)[:2] or _numbers(version)[0] != _numbers(_header.VERSION)[0]:
        raise ImportError(f"libpca is of version {version}, and this package is for {_header.VERSION}")
    return found


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def function(name: str) -> Any:
    """A function of the library."""
    if _loaded is None:
        load()
    return getattr(_loaded, name)


# ---- Values ----

def text(borrowed: Any) -> str:
    """A string of C's; NULL is ""."""
    if not borrowed:
        return ""
    return bytes(ffi.string(borrowed)).decode()  # type: ignore[arg-type]


def text_or_none(borrowed: Any) -> str | None:
    """A string of C's that may be NULL."""
    return text(borrowed) if borrowed else None


def c_text(value: str | None) -> Any:
    """Text for C. A NUL inside would cut it short without a word. It may be a secret, which no exception repeats."""
    if value is None:
        return ffi.NULL
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError("a text holds a NUL")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError("a text is no UTF-8") from None


def octets(value: Data) -> bytes:
    """Octets; text as UTF-8."""
    return value.encode() if isinstance(value, str) else bytes(value)


def moment(seconds: int) -> datetime:
    """A time of the library's."""
    return EPOCH + timedelta(seconds=seconds)


def moment_or_none(seconds: int) -> datetime | None:
    """The same, where 0 is none."""
    return moment(seconds) if seconds else None


def seconds(value: datetime | int | float) -> int:
    """A time for the library. A datetime must know its zone."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone may be meant in any: use datetime.now(timezone.utc)")
        return (value - EPOCH) // timedelta(seconds=1)
    return int(value)


# ---- Calls ----

def failure(code: int, err: Any) -> Error:
    """The exception that a pca_error says."""
    return _header.EXCEPTIONS.get(code, _header.InternalError)(
        text(function("pca_error_message")(err)), text(function("pca_error_object")(err)), text(function("pca_error_field")(err)),
        int(function("pca_error_device_code")(err)), int(function("pca_error_tries_left")(err)))


def call(name: str, *arguments: Any) -> None:
    """A verb, whose last argument, the pca_error, is made here. An exception of a callback is the cause of what is raised."""
    free = function("pca_error_free")
    err = function("pca_error_new")()
    raised = _enter_call()
    try:
        code = function(name)(*arguments, err)
        if raised and not isinstance(raised[-1], Exception):
            raise raised[-1]  # KeyboardInterrupt and its kind
        if code != 0:
            raise failure(code, err) from (raised[-1] if raised else None)
    finally:
        _callers.raised.pop()
        free(err)


def make(kind: str, name: str, *arguments: Any) -> Any:
    """A verb with one output, which is freed when Python is done with it."""
    out = ffi.new(f"pca_{kind} **")
    call(name, *arguments, out)
    return ffi.gc(out[0], function(f"pca_{kind}_free"))


def blob(name: str, *arguments: Any) -> bytes:
    """A verb that puts out a pca_blob."""
    made = make("blob", name, *arguments)
    return bytes(ffi.buffer(function("pca_blob_data")(made), function("pca_blob_size")(made)))


# ---- Exceptions on their way through C ----

class _Callers(threading.local):
    def __init__(self) -> None:
        self.raised: list[list[BaseException]] = []
        self.within: list[object] = []


_callers = _Callers()


def _enter_call() -> list[BaseException]:
    raised: list[BaseException] = []
    _callers.raised.append(raised)
    return raised


def in_callback_of(tables: list[Any]) -> bool:
    """Whether this thread is in a callback of one of these."""
    return any(one is other for one in _callers.within for other in tables)


def guarded(table: object, body: Callable[..., None]) -> Callable[..., int]:
    """A callback of a table's: an exception becomes a code and a text, and is kept for call(). The context or session stays first."""
    def run(*arguments: Any) -> int:
        _callers.within.append(table)
        try:
            body(*arguments[:-1])
            return 0
        except BaseException as problem:  # nothing may pass through C
            if _callers.raised:
                _callers.raised[-1].append(problem)
            code = int(getattr(problem, "code", 1)) if isinstance(problem, Error) else 1
            device = problem.device_code if isinstance(problem, Error) else 0
            said = (problem.message if isinstance(problem, Error) else str(problem)) or type(problem).__name__
            function("pca_error_set")(arguments[-1], code, device, said.replace("\0", " ").encode(errors="replace"))
            if isinstance(problem, Error) and problem.tries_left >= 0:
                function("pca_error_set_tries")(arguments[-1], problem.tries_left)
            return code
        finally:
            _callers.within.pop()
    return run
