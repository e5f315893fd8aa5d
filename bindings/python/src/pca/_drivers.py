"""What a host may implement, as the tables that the library takes (driver.h)."""
from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Protocol, Union

from . import _header
from ._header import CertificateUse, KeyAlgorithm, SignForm
from ._library import Data, ffi, guarded, octets, seconds, text

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


class Session(Protocol):
    """A session with a token, after its PIN was shown. It belongs to one thread at a time; keys are named by the library."""

    def generate(self, key: str, algorithm: KeyAlgorithm, /) -> object:
        """Makes a key pair that never leaves the token, under that name."""

    def public_key(self, key: str, /) -> bytes:
        """EC and SM2: the point, 04 and the coordinates. RSA: RSAPublicKey in DER."""

    def sign(self, key: str, algorithm: KeyAlgorithm, data: bytes, /) -> bytes:
        """EC and SM2: r and s, each in the length of the curve. RSA: PKCS#1 v1.5."""

    def import_certificate(self, key: str, use: CertificateUse, der: bytes, /) -> object:
        """Puts a certificate beside the key."""

    def import_enveloped(self, key: str, envelope: bytes, /) -> object:
        """Puts an enveloped SM2 encryption key beside it, or raises pca.UnsupportedError."""

    def close(self) -> object:
        """Ends the session."""


class ContainerDriver(Protocol):
    """A driver of key containers, hardware tokens or HSMs; it raises pca.DeviceError, pca.PinError. driver.h says more."""

    max_sessions: int
    timeout_ms: int
    sign_form: SignForm

    def probe(self, slot: str, /) -> bool:
        """Whether a token is in that slot."""

    def open(self, slot: str, pin: str, /) -> Session:
        """Opens a session and shows the PIN."""


def _table(kind: str, **functions: Callable[..., None]) -> tuple[Any, list[Any]]:
    """A table and what must live as long as it. The callbacks' types are those of the header."""
    table: Any = ffi.new(f"pca_{kind} *")
    table.version = getattr(_header, f"PCA_{kind.upper()}_VERSION")
    fields = dict(ffi.typeof(f"pca_{kind}").fields)
    keep: list[Any] = [table]
    for name, function in functions.items():
        callback = ffi.callback(fields[name].type, guarded(table, function), error=1)
        setattr(table, name, callback)
        keep.append(callback)
    return table, keep


def clock(tell: Clock) -> tuple[Any, list[Any]]:
    """A clock's table."""
    def now(_: Any, out: Any) -> None:
        out[0] = seconds(tell())
    return _table("clock", now=now)


def entropy(give: Entropy) -> tuple[Any, list[Any]]:
    """A table of entropy."""
    def fill(_: Any, buffer: Any, size: int) -> None:
        given = give(size)
        if len(given) != size:
            raise ValueError(f"{size} random octets are wanted, {len(given)} were given")
        ffi.memmove(buffer, given, size)
    return _table("entropy", fill=fill)


def sink(file: Sink) -> tuple[Any, list[Any]]:
    """A sink's table."""
    def write(_: Any, data: Any, size: int) -> None:
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
    def read(_: Any, buffer: Any, size: int, got: Any) -> None:
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

    def told(_: Any, done: int, total: int) -> None:
        tell(done, total)
    return _table("progress", step=told)


def key_wrapper(wrapper: KeyWrapper) -> tuple[Any, list[Any]]:
    """A key wrapper's table."""
    def wrap(_: Any, key: Any, size: int, out: Any, capacity: int, out_size: Any) -> None:
        wrapped = octets(wrapper.wrap(bytes(ffi.buffer(key, size))))
        if len(wrapped) > capacity:
            raise ValueError(f"a wrapped key has at most {capacity} octets; this has {len(wrapped)}")
        ffi.memmove(out, wrapped, len(wrapped))
        out_size[0] = len(wrapped)

    def unwrap(_: Any, wrapped: Any, wrapped_size: int, out: Any, size: int) -> None:
        key = octets(wrapper.unwrap(bytes(ffi.buffer(wrapped, wrapped_size))))
        if len(key) != size:
            raise ValueError(f"the key has {size} octets; what was unwrapped has {len(key)}")
        ffi.memmove(out, key, size)
    return _table("key_wrapper", wrap=wrap, unwrap=unwrap)


def container(driver: ContainerDriver) -> tuple[Any, list[Any]]:
    """A table of a container's driver."""
    sessions: dict[Any, Any] = {}

    def probe(_: Any, slot: Any, present: Any) -> None:
        present[0] = bool(driver.probe(text(slot)))

    def open_session(_: Any, slot: Any, pin: Any, out: Any) -> None:
        handle = ffi.new_handle(driver.open(text(slot), text(pin)))
        sessions[handle] = handle
        out[0] = handle

    def generate(session: Any, key: Any, algorithm: int) -> None:
        _session(session).generate(text(key), KeyAlgorithm(algorithm))

    def public_key(session: Any, key: Any, out: Any, size: Any) -> None:
        _give(_session(session).public_key(text(key)), out, size)

    def sign(session: Any, key: Any, algorithm: int, data: Any, data_size: int, out: Any, size: Any) -> None:
        signed = _session(session).sign(text(key), KeyAlgorithm(algorithm), bytes(ffi.buffer(data, data_size)))
        _give(signed, out, size)

    def import_certificate(session: Any, key: Any, use: int, der: Any, size: int) -> None:
        _session(session).import_certificate(text(key), CertificateUse(use), bytes(ffi.buffer(der, size)))

    def import_enveloped(session: Any, key: Any, envelope: Any, size: int) -> None:
        _session(session).import_enveloped(text(key), bytes(ffi.buffer(envelope, size)))

    def close(session: Any) -> None:
        handle = sessions.pop(session)
        _session(handle).close()
    table, keep = _table("container_driver", probe=probe, open=open_session, generate=generate, public_key=public_key, sign=sign,
                         import_certificate=import_certificate, import_enveloped=import_enveloped)
    table.max_sessions, table.timeout_ms, table.sign_form = driver.max_sessions, driver.timeout_ms, driver.sign_form
    ended = ffi.callback("void(void *)", close)
    table.close = ended
    return table, [*keep, ended, sessions]


def _session(pointer: Any) -> Session:
    found: Session = ffi.from_handle(pointer)
    return found


def _give(data: bytes, out: Any, size: Any) -> None:
    if len(data) > size[0]:
        raise ValueError(f"there is room for {size[0]} octets, and {len(data)} are given")
    ffi.memmove(out, data, len(data))
    size[0] = len(data)
