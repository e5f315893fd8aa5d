"""What a host may implement, as the tables that the library takes (driver.h)."""
from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Protocol, Union

from . import _header
from ._library import Data, ffi, guarded, octets, seconds

Clock = Callable[[], Union[datetime, int, float]]
"""Tells the time: a datetime with its zone, or seconds since 1970."""
Entropy = Callable[[int], bytes]
"""Gives so many random octets."""
Progress = Callable[[int, int], object]
"""Is told how far a verb is, in octets, and of how many; 0: not known. What it raises ends the verb."""


class Sink(Protocol):
    """Takes octets: a file opened for writing in binary."""

    def write(self, data: bytes, /) -> object:
        """Takes all of the piece, or less and says how many."""


class Source(Protocol):
    """Gives octets: a file opened for reading in binary."""

    def read(self, size: int, /) -> bytes:
        """At most size octets; none at the end."""


class KeyWrapper(Protocol):
    """Wraps a region's key by one that never leaves the host's TPM, HSM or key service."""

    def wrap(self, key: bytes, /) -> Data:
        """Wraps 32 octets into at most 4096."""

    def unwrap(self, wrapped: bytes, /) -> Data:
        """The reverse. Raise pca.LockedError, or anything, where it was not wrapped here."""


def _table(kind: str, **functions: Callable[..., None]) -> tuple[Any, list[Any]]:
    """A table and what must live as long as it. The callbacks' types are those of the header."""
    table: Any = ffi.new(f"pca_{kind} *")
    table.version = getattr(_header, f"PCA_{kind.upper()}_VERSION")
    fields = dict(ffi.typeof(f"pca_{kind}").fields)
    keep: list[Any] = [table]
    for name, function in functions.items():
        callback = ffi.callback(fields[name].type, guarded(function))
        setattr(table, name, callback)
        keep.append(callback)
    return table, keep


def clock(tell: Clock) -> tuple[Any, list[Any]]:
    """A clock's table."""
    def now(out: Any) -> None:
        out[0] = seconds(tell())
    return _table("clock", now=now)


def entropy(give: Entropy) -> tuple[Any, list[Any]]:
    """A table of entropy."""
    def fill(buffer: Any, size: int) -> None:
        given = give(size)
        if len(given) != size:
            raise ValueError(f"{size} random octets are wanted, {len(given)} were given")
        ffi.memmove(buffer, given, size)
    return _table("entropy", fill=fill)


def sink(file: Sink) -> tuple[Any, list[Any]]:
    """A sink's table."""
    def write(data: Any, size: int) -> None:
        rest = bytes(ffi.buffer(data, size))
        while rest:
            taken = file.write(rest)
            if not isinstance(taken, int):
                return
            if taken <= 0:
                raise OSError("the sink takes no more")
            rest = rest[taken:]
    return _table("sink", write=write)


def source(file: Source) -> tuple[Any, list[Any]]:
    """A source's table."""
    def read(buffer: Any, size: int, got: Any) -> None:
        given = file.read(size)
        if len(given) > size:
            raise ValueError(f"at most {size} octets are wanted, {len(given)} were given")
        ffi.memmove(buffer, given, len(given))
        got[0] = len(given)
    return _table("source", read=read)


def progress(step: Progress | None) -> tuple[Any, list[Any]]:
    """A table of progress, or NULL."""
    if step is None:
        return ffi.NULL, []
    tell = step

    def told(done: int, total: int) -> None:
        tell(done, total)
    return _table("progress", step=told)


def key_wrapper(wrapper: KeyWrapper) -> tuple[Any, list[Any]]:
    """A key wrapper's table."""
    def wrap(key: Any, size: int, out: Any, capacity: int, out_size: Any) -> None:
        wrapped = octets(wrapper.wrap(bytes(ffi.buffer(key, size))))
        if len(wrapped) > capacity:
            raise ValueError(f"a wrapped key has at most {capacity} octets; this has {len(wrapped)}")
        ffi.memmove(out, wrapped, len(wrapped))
        out_size[0] = len(wrapped)

    def unwrap(wrapped: Any, wrapped_size: int, out: Any, size: int) -> None:
        key = octets(wrapper.unwrap(bytes(ffi.buffer(wrapped, wrapped_size))))
        if len(key) != size:
            raise ValueError(f"the key has {size} octets; what was unwrapped has {len(key)}")
        ffi.memmove(out, key, size)
    return _table("key_wrapper", wrap=wrap, unwrap=unwrap)
