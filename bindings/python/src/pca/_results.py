"""Small outcomes of verbs: files, receipts, findings, pages, the ledger, statistics."""
from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Generic, Iterator, Mapping, Sequence, TypeVar, overload

from ._handle import Getter, Handle
from ._header import Format
from ._library import Path, blob, c_text, call, ffi, function, moment, text

T = TypeVar("T")


class Files(Mapping[str, bytes]):
    """A named set of files: a mapping from name to octets. What the library holds of them is wiped when this is collected."""

    def __init__(self, pointer: Any) -> None:
        self._p = pointer
        count = function("pca_files_count")(pointer)
        self._at = {text(function("pca_files_name")(pointer, i)): i for i in range(count)}

    def __getitem__(self, name: str) -> bytes:
        at = self._at[name]
        return bytes(ffi.buffer(function("pca_files_data")(self._p, at), function("pca_files_size")(self._p, at)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    def __repr__(self) -> str:
        return f"<pca.Files {', '.join(self._at)}>"

    def write(self, directory: Path) -> None:
        """Writes every file into an existing directory, each by rename; those with a private key or password are 0600."""
        call("pca_files_write", self._p, c_text(os.fspath(directory)))


class Receipt(Handle):
    """The outcome of a purchase."""

    count = Getter("pca_receipt_count", int, "Certificates bought.")
    billable = Getter("pca_receipt_billable", int, "Of these, to be paid.")
    waived = Getter("pca_receipt_waived", int, "Of these, beyond policy fee_waiver_threshold.")

    def __init__(self, pointer: Any) -> None:
        self._p = pointer

    def __repr__(self) -> str:
        return f"<pca.Receipt {self.count}: {self.billable} billable, {self.waived} waived>"


@dataclass(frozen=True)
class Finding:
    """What a lint saw. severity 1: a note; 2: an error, which refuses the certificate."""

    name: str
    field: str
    message: str
    severity: int


class Findings(Sequence[Finding]):
    """The outcome of a dry run: what the lints saw, and the certificate as it would be."""

    def __init__(self, pointer: Any) -> None:
        self._p = pointer
        self._items = [self._item(i) for i in range(function("pca_findings_count")(pointer))]

    def _item(self, index: int) -> Finding:
        name, field, message = (text(function(f"pca_findings_{part}")(self._p, index)) for part in ("name", "field", "message"))
        return Finding(name, field, message, function("pca_findings_severity")(self._p, index))

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...

    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def certificate(self, format: Format = Format.DER) -> bytes:
        """What would be signed, without a signature. ``pca.NotFoundError``: the token was used, and there was nothing to check."""
        return blob("pca_findings_certificate", self._p, format)


@dataclass(frozen=True)
class CrlInfo:
    """About the newest CRL."""

    number: int
    this_update: datetime
    next_update: datetime
    entries: int


@dataclass(frozen=True)
class Policy:
    """A limit that a region may set."""

    name: str
    default: int
    minimum: int
    maximum: int
    unit: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A row of the ledger: a movement of certificates as a resource."""

    sequence: int
    time: datetime
    actor: str
    action: str
    """"certificates_purchased", "certificates_given", "assigned", "issued"."""
    ca_id: int
    """The CA whose units grew, or shrank where units are negative."""
    from_id: int
    """The CA that they came from or went back to; 0: none."""
    object_id: int
    units: int
    token: str


def entry(pointer: Any) -> Entry:
    """All of a pca_entry."""
    def number(name: str) -> int:
        return int(function(f"pca_entry_{name}")(pointer))

    def word(name: str) -> str:
        return text(function(f"pca_entry_{name}")(pointer))
    return Entry(number("sequence"), moment(number("time")), word("actor"), word("action"), number("ca_id"), number("from_id"),
                 number("object_id"), number("units"), word("token"))


@dataclass(frozen=True)
class Stat:
    """How a region's store was doing when it was asked."""

    octets: int
    """In use."""
    limit: int
    free_octets: int
    """Of those in use, in free pages, which are used before the file grows."""
    held_octets: int
    """Free pages that the oldest reader holds back."""
    readers: int
    reader_lag: int
    """How many commits the oldest reader is behind."""
    waiting: int
    """Changes of this process that wait for a commit."""
    cas: int
    certs: int
    sequence: int
    time: datetime
    """What the region goes by: the clock's, or the newest recorded one where the clock is behind it or too far ahead."""


def stat(pointer: Any) -> Stat:
    """All of a pca_stat."""
    fields: dict[str, Any] = {name: int(function(f"pca_stat_{name}")(pointer)) for name in Stat.__dataclass_fields__}
    fields["time"] = moment(fields["time"])
    return Stat(**fields)


class Page(Sequence[T], Generic[T]):
    """A page of what was looked for."""

    def __init__(self, pointer: Any, item: Callable[[Any, int], T]) -> None:
        self._p = pointer
        self._items = [item(pointer, i) for i in range(function("pca_page_count")(pointer))]

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<pca.Page {self._items!r}>"

    @property
    def next(self) -> str:
        """Where the next page begins, for *after*; "": this was the last. A page may be short, even empty, with this set."""
        return text(function("pca_page_next")(self._p))

    @property
    def total(self) -> int:
        """How many match; see ``exact``."""
        return int(function("pca_page_total")(self._p, ffi.NULL))

    @property
    def exact(self) -> bool:
        """Whether total is so many in all, and not only on this page and those before it."""
        out = ffi.new("int *")
        function("pca_page_total")(self._p, out)
        return bool(out[0])

    @property
    def sequence(self) -> int:
        """The region's last change that the page knows of; for *changed_since*, next time."""
        return int(function("pca_page_sequence")(self._p))


def pages(first: Callable[[str], Page[T]], after: str = "") -> Iterator[T]:
    """What is on a page and on all that follow."""
    while True:
        page = first(after)
        yield from page
        after = page.next
        if not after:
            return
