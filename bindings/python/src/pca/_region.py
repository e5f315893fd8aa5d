"""Regions: places that hold CAs."""
from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterator, Mapping

from . import _builders, _drivers, _interop
from ._ca import Ca, Root, Sub, ca_page, cert_page
from ._cert import Cert
from ._header import ClosedError, Family, Kind
from ._library import Data, Path, blob, c_text, call, ffi, function, in_callback_of, make, seconds, text
from ._results import Entry, Page, Policy, Stat, entry, pages, stat

if TYPE_CHECKING:
    from cryptography import x509
    from typing_extensions import Unpack

    from ._builders import ConfigFields, QueryFields


class Region:
    """A place that holds CAs. Made by ``create``, ``open`` or ``restore``; a context manager, which closes it.

    Any number of threads may use it and what comes of it. After ``close()`` snapshots still tell what they know, and verbs
    raise ``pca.ClosedError``. In a child of fork they raise ``pca.ForkedError``: open it anew there.
    """

    def __init__(self, pointer: Any, keep: list[Any]) -> None:
        """For this module. Use create, open or restore."""
        self._keep = keep
        self._p: Any = ffi.gc(pointer, partial(_close, function("pca_region_close"), keep))
        self._id = text(function("pca_region_id")(pointer))
        self._idle = threading.Condition()
        self._users: list[int] = []
        self._closed = False

    # ---- Opening and closing ----

    @classmethod
    def create(cls, path: Path, id: str, **fields: Unpack[ConfigFields]) -> Region:
        """Makes the directory and an empty region in it; id: 1 to 64 of a-z 0-9 and -.

        The storage key, which seals every private key: one of
        passphrase              text
        key                     32 octets
        key_wrapper             an object with wrap(bytes) and unwrap(bytes)
        insecure_plain_keys     True: the key lies beside, for tests
        Besides:
        actor                   who acts, kept in the log
        clock                   a function that tells the time: a datetime with its zone, or seconds since 1970
        entropy, test_random    a function that gives so many random octets
        container               {name: driver}: drivers of key containers, each a pca.ContainerDriver
        map_limit               octets that the store may grow to
        read_only               True: nothing can be changed
        """
        return cls._make(fields, lambda config, out: call("pca_region_create", _path(path), c_text(id), config, out))

    @classmethod
    def open(cls, path: Path, **fields: Unpack[ConfigFields]) -> Region:
        """Opens a region; keywords as for ``create``. ``pca.NotFoundError``: there is none. ``pca.LockedError``: a wrong key."""
        return cls._make(fields, lambda config, out: call("pca_region_open", _path(path), config, out))

    @classmethod
    def restore(cls, path: Path, backup: Path | _drivers.Source, *, progress: _drivers.Progress | None = None,
                **fields: Unpack[ConfigFields]) -> Region:
        """Makes a region at path of a backup, a file's path or a file open for reading, and opens it; keywords as for ``create``."""
        watch, _kept = _drivers.progress(progress)
        if isinstance(backup, (str, os.PathLike)):
            name = _path(backup)
            return cls._make(
                fields, lambda config, out: call("pca_region_restore_read", _path(path), name, config, watch, out))
        source, _keep = _drivers.source(backup)
        return cls._make(fields, lambda config, out: call("pca_region_restore", _path(path), source, config, watch, out))

    @classmethod
    def _make(cls, fields: Any, verb: Any) -> Region:
        config, keep = _builders.config(fields)
        out = ffi.new("pca_region **")
        verb(config, out)
        return cls(out[0], keep)

    def close(self) -> None:
        """Waits for the calls in progress, then closes. Not from a callback of the same region or of a view of it: RuntimeError."""
        with self._idle:
            if threading.get_ident() in self._users or in_callback_of(self._keep):
                raise RuntimeError("a region cannot be closed from its own callback")
            if self._closed:
                return
            self._closed = True
            self._idle.wait_for(lambda: not self._users)
        ffi.release(self._p)

    def __enter__(self) -> Region:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<pca.Region {self._id}{' closed' if self._closed else ''}>"

    @contextmanager
    def _use(self) -> Iterator[Any]:
        """The C handle, which close() leaves alone meanwhile."""
        me = threading.get_ident()
        with self._idle:
            if self._closed:
                raise ClosedError("the region has been closed", f"region {self._id}")
            self._users.append(me)
        try:
            yield self._p
        finally:
            with self._idle:
                self._users.remove(me)
                self._idle.notify_all()

    def _call(self, name: str, *arguments: Any) -> None:
        with self._use() as p:
            call(name, p, *arguments)

    def _make_of(self, kind: str, name: str, *arguments: Any) -> Any:
        with self._use() as p:
            return make(kind, name, p, *arguments)

    # ---- The region itself ----

    @property
    def id(self) -> str:
        """Its name, fixed for ever."""
        return self._id

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def acting_as(self, actor: str) -> Region:
        """Another handle of the same region, in which someone else acts. It is closed like any other, in any order."""
        out = ffi.new("pca_region **")
        self._call("pca_region_as", c_text(actor), out)
        return Region(out[0], self._keep)

    def login(self, driver: str, slot: str, pin: str = "") -> None:
        """Opens a session with the token in a driver's slot, in which the keys of CAs sign that are there, until ``logout``."""
        self._call("pca_region_login", c_text(driver), c_text(slot), c_text(pin))

    def logout(self, driver: str, slot: str) -> None:
        """Ends it."""
        self._call("pca_region_logout", c_text(driver), c_text(slot))

    def run_due(self, most: int = 1000) -> int:
        """Does what time has made due, at most so many jobs, and says how many there were."""
        done = ffi.new("uint64_t *")
        self._call("pca_region_run_due", most, done)
        return int(done[0])

    def check(self) -> None:
        """Verifies every record, index and sum. ``pca.CorruptError`` says what is wrong."""
        self._call("pca_region_check")

    def accept_clock(self) -> None:
        """Accepts a clock that has jumped forward beyond policy max_clock_step_days."""
        self._call("pca_region_accept_clock")

    def stat(self) -> Stat:
        """How its store is doing."""
        return stat(self._make_of("stat", "pca_region_stat"))

    def change_storage_key(self, **fields: Unpack[ConfigFields]) -> None:
        """Another storage key, of whatever kind: passphrase, key, key_wrapper or insecure_plain_keys."""
        config, _keep = _builders.config(fields)
        self._call("pca_region_change_storage_key", config)

    def backup(self, to: Path | _drivers.Sink, *, progress: _drivers.Progress | None = None) -> None:
        """The whole region as it is at one moment, into a file of that path, or a file open for writing."""
        watch, _kept = _drivers.progress(progress)
        if isinstance(to, (str, os.PathLike)):
            self._call("pca_region_backup_write", _path(to), watch)
        else:
            table, _keep = _drivers.sink(to)
            self._call("pca_region_backup", table, watch)

    def compact(self, path: Path, *, progress: _drivers.Progress | None = None) -> None:
        """Writes the region's rows into a fresh store at path: what was deleted is in it no more."""
        watch, _kept = _drivers.progress(progress)
        self._call("pca_region_compact", _path(path), watch)

    def new_password(self) -> str:
        """A password for an export: 26 small letters and digits, 130 random bits."""
        with self._use() as p:
            return blob("pca_region_password_new", p).decode()

    # ---- Policies ----

    def policy(self, name: str) -> int:
        """A policy's value; ``pca.policies()`` lists them."""
        out = ffi.new("int64_t *")
        self._call("pca_region_policy_get", c_text(name), out)
        return int(out[0])

    def set_policy(self, name: str, value: int) -> None:
        """Sets a policy."""
        self._call("pca_region_policy_set", c_text(name), value)

    # ---- CAs and certificates ----

    def purchase(self, months: int, *, family: Family = Family.ECC, kind: Kind = Kind.PRIVATE, token: str | None = None) -> Root:
        """Buys a root CA and its subordinate, for months."""
        return Root(self._make_of("root", "pca_root_purchase", kind, family, months, c_text(token)), self)

    def root(self, which: int | str) -> Root:
        """A root CA by its id or alias."""
        if isinstance(which, str):
            return Root(self._make_of("root", "pca_region_root_by_alias", c_text(which)), self)
        return Root(self._make_of("root", "pca_region_root_get", which), self)

    def sub(self, which: int | str) -> Sub:
        """A subordinate CA by its id or alias."""
        if isinstance(which, str):
            return Sub(self._make_of("sub", "pca_region_sub_by_alias", c_text(which)), self)
        return Sub(self._make_of("sub", "pca_region_sub_get", which), self)

    def cert(self, id: int) -> Cert:
        """A certificate by its id."""
        return Cert(self._make_of("cert", "pca_region_cert_get", id), self)

    def cert_of(self, certificate: Data | x509.Certificate) -> Cert:
        """A certificate by its own octets (DER), or as an object of the package cryptography."""
        der = _interop.certificate_octets(certificate)
        return Cert(self._make_of("cert", "pca_region_cert_by_der", der, len(der)), self)

    # ---- Searching ----

    def roots(self) -> Iterator[Ca]:
        """The root CAs in order of purchase."""
        return pages(self.find_roots)

    def find_roots(self, after: str = "", limit: int = 100) -> Page[Ca]:
        """A page of them; after: ``next`` of the page before."""
        return ca_page(self._make_of("page", "pca_region_roots", c_text(after), limit), self)

    def certs(self, **fields: Unpack[QueryFields]) -> Iterator[Cert]:
        """Certificates for which all conditions hold, page by page; while others write, each comes exactly once.

        issuer                  a CA or its id
        status, type            a pca.Status, a pca.CertType
        name, name_prefix       the common name or an alternative name; what it begins with
        serial, alias, custom_id
        tag                     (key, value)
        expires                 ends before that time
        changed_since           changed after that ``sequence`` of a page
        limit                   rows of a page, at most 1000
        """
        return pages(lambda at: self._certs({**fields, "after": at}), fields.get("after") or "")

    def find_certs(self, **fields: Unpack[QueryFields]) -> Page[Cert]:
        """One page of them; after: ``next`` of the page before. limit=0: only counted."""
        return self._certs(fields)

    def _certs(self, fields: Mapping[str, Any]) -> Page[Cert]:
        return cert_page(self._make_of("page", "pca_region_find_certs", _builders.query(fields)), self)

    def cas(self, **fields: Unpack[QueryFields]) -> Iterator[Ca]:
        """CAs for which all conditions hold: as ``certs``, with state and kind; issuer is the CA directly above."""
        return pages(lambda at: self._cas({**fields, "after": at}), fields.get("after") or "")

    def find_cas(self, **fields: Unpack[QueryFields]) -> Page[Ca]:
        """One page of them."""
        return self._cas(fields)

    def _cas(self, fields: Mapping[str, Any]) -> Page[Ca]:
        return ca_page(self._make_of("page", "pca_region_find_cas", _builders.query(fields)), self)

    def expiring(self, before: _builders.Time) -> Iterator[Cert]:
        """What is to be renewed: issued certificates that end before a date, by the day on which they end."""
        return pages(lambda at: self.find_expiring(before, at))

    def find_expiring(self, before: _builders.Time, after: str = "", limit: int = 100) -> Page[Cert]:
        """One page of them."""
        return cert_page(self._make_of("page", "pca_region_expiring", seconds(before), c_text(after), limit), self)

    def reviews(self) -> Iterator[Cert]:
        """Requests on compliance CAs that are PENDING, oldest first."""
        return pages(self.find_reviews)

    def find_reviews(self, after: str = "", limit: int = 100) -> Page[Cert]:
        """One page of them."""
        return cert_page(self._make_of("page", "pca_region_reviews", c_text(after), limit), self)

    def ledger(self, **fields: Unpack[QueryFields]) -> Iterator[Entry]:
        """Every movement of certificates as a resource, oldest first; issuer: a CA that got units or gave them."""
        return pages(lambda at: self._ledger({**fields, "after": at}), fields.get("after") or "")

    def find_ledger(self, **fields: Unpack[QueryFields]) -> Page[Entry]:
        """One page of them."""
        return self._ledger(fields)

    def _ledger(self, fields: Mapping[str, Any]) -> Page[Entry]:
        return Page(self._make_of("page", "pca_region_ledger", _builders.query(fields)),
                    lambda page, i: entry(function("pca_page_entry_at")(page, i)))


def policies() -> list[Policy]:
    """The table of policies, with defaults and ranges."""
    found = []
    for i in range(function("pca_policy_count")()):
        name, unit = ffi.new("char const **"), ffi.new("char const **")
        numbers = [ffi.new("int64_t *") for _ in range(3)]
        function("pca_policy_at")(i, name, *numbers, unit)
        about = text(function("pca_policy_text")(name[0]))
        default, minimum, maximum = (int(one[0]) for one in numbers)
        found.append(Policy(text(name[0]), default, minimum, maximum, text(unit[0]), about))
    return found


def _close(close: Any, keep: list[Any], pointer: Any) -> None:
    """keep is there so that the callbacks live until now."""
    close(pointer)


def _path(path: Path) -> Any:
    return c_text(os.fspath(path))
