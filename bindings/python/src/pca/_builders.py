"""The library's builders, made of keyword arguments. A setter's refusal is kept by its builder and told by the verb."""
from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, TypedDict, Union

from . import _drivers
from ._header import CertType, KeyAlgorithm, SanType
from ._interop import csr_octets, public_key_octets
from ._library import Data, c_text, ffi, function, octets, seconds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import CertificateSigningRequest

    from ._ca import Ca

Address = Union[str, ipaddress.IPv4Address, ipaddress.IPv6Address]
Time = Union[datetime, int]


class RequestFields(TypedDict, total=False):
    """What may be asked for, for a CA and for a certificate; ``help(pca.Sub.request)`` tells of each. None is as not given."""

    type: CertType
    common_name: str | None
    organization: str | None
    unit: str | None
    country: str | None
    state: str | None
    locality: str | None
    subject_oid: Iterable[tuple[str, str]]
    dns: str | Iterable[str]
    ip: Address | Iterable[Address]
    email: str | Iterable[str]
    uri: str | Iterable[str]
    eku: str | Iterable[str]
    policy: Iterable[tuple[str, str | None]]
    extension: Iterable[tuple[str, bool, bytes]]
    days: int | None
    months: int | None
    years: int | None
    dates: tuple[Time, Time]
    longest: bool | None
    key_algorithm: KeyAlgorithm
    csr: Data | CertificateSigningRequest
    public_key: Data | PublicKeyTypes
    csr_subject: bool | None
    csr_san: bool | None
    container: tuple[str, str]
    pin: str | None
    personal_name: str | None
    system_account: str | None
    permitted: Iterable[tuple[SanType, str]]
    excluded: Iterable[tuple[SanType, str]]
    dual: bool | None
    crl_address: bool | None
    alias: str | None
    custom_id: str | None
    token: str | None
    crl_url: str | None
    crl_days: int | None
    ocsp_url: str | None
    issuer_url: str | None
    path_length: int | None


class QueryFields(TypedDict, total=False):
    """Conditions that hold all together; ``help(pca.Region.certs)`` tells of each."""

    issuer: Ca | int
    status: int | None
    type: int | None
    state: int | None
    kind: int | None
    name: str | None
    name_prefix: str | None
    serial: str | None
    alias: str | None
    custom_id: str | None
    tag: tuple[str, str]
    expires: Time
    changed_since: int | None
    after: str | None
    limit: int | None


class ConfigFields(TypedDict, total=False):
    """How to open a region; ``help(pca.Region.open)`` tells of each."""

    passphrase: str | None
    key: Data | None
    key_wrapper: _drivers.KeyWrapper
    insecure_plain_keys: bool | None
    clock: _drivers.Clock
    entropy: _drivers.Entropy
    test_random: _drivers.Entropy
    container: Mapping[str, _drivers.ContainerDriver]
    actor: str | None
    map_limit: int | None
    read_only: bool | None


def _builder(kind: str) -> Any:
    made = function(f"pca_{kind}_new")()
    if not made:
        raise MemoryError
    return ffi.gc(made, function(f"pca_{kind}_free"))


def _each(value: Any) -> list[Any]:
    """One, or several."""
    return [value] if isinstance(value, (str, ipaddress.IPv4Address, ipaddress.IPv6Address)) else list(value)


# ---- Requests ----

_TEXTS = {"common_name", "organization", "unit", "country", "state", "locality", "alias", "custom_id", "token", "crl_url", "ocsp_url",
          "issuer_url", "personal_name", "system_account", "pin"}
_LISTS = {"dns", "ip", "email", "uri", "eku"}
_NUMBERS = {"type", "days", "months", "years", "key_algorithm", "crl_address", "dual", "crl_days", "path_length"}


def request(fields: Mapping[str, Any]) -> Any:
    """A pca_request. What is None is as not given."""
    made = _builder("request")
    for name, value in fields.items():
        if value is not None:
            _request_field(made, name, value)
    return made


def _request_field(made: Any, name: str, value: Any) -> None:
    if name in _TEXTS:
        function(f"pca_request_set_{name}")(made, c_text(value))
    elif name in _LISTS:
        for one in _each(value):
            function(f"pca_request_add_{name}")(made, c_text(str(one) if name == "ip" else one))
    elif name in _NUMBERS:
        _number(f"pca_request_set_{name}", made, value)
    elif name in ("csr", "public_key"):
        data = csr_octets(value) if name == "csr" else public_key_octets(value)
        function(f"pca_request_set_{name}")(made, data, len(data))
    elif name in ("csr_subject", "csr_san"):
        if value:
            function(f"pca_request_use_{name}")(made)
    elif name == "longest":
        if value:
            function("pca_request_set_longest")(made)
    elif name == "dates":
        function("pca_request_set_dates")(made, *map(seconds, value))
    elif name in ("subject_oid", "policy"):
        for oid, text in value:
            function(f"pca_request_add_{name}")(made, c_text(oid), c_text(text))
    elif name == "container":
        function("pca_request_set_container")(made, *map(c_text, value))
    elif name in ("permitted", "excluded"):
        for kind, text in value:
            function(f"pca_request_add_{name}")(made, int(kind), c_text(text))
    elif name == "extension":
        for oid, critical, der in value:
            function("pca_request_add_extension")(made, c_text(oid), bool(critical), octets(der), len(der))
    else:
        raise TypeError(f"a request has no {name}")


def _number(name: str, made: Any, value: int) -> None:
    """A number that C's type cannot hold is out of range here too."""
    try:
        function(name)(made, int(value))
    except OverflowError:
        raise ValueError(f"{name.rpartition('set_')[2]}={value} is out of range") from None


# ---- Queries ----

def query(fields: Mapping[str, Any]) -> Any:
    """A pca_query."""
    made = _builder("query")
    for name, value in fields.items():
        if value is None:
            continue
        if name in ("name", "name_prefix", "serial", "alias", "custom_id", "after"):
            function(f"pca_query_set_{name}")(made, c_text(value))
        elif name in ("status", "type", "state", "kind", "changed_since", "limit"):
            _number(f"pca_query_set_{name}", made, value)
        elif name == "issuer":
            function("pca_query_set_issuer")(made, value if isinstance(value, int) else value.id)
        elif name == "tag":
            function("pca_query_set_tag")(made, *map(c_text, value))
        elif name == "expires":
            function("pca_query_set_expires")(made, seconds(value))
        else:
            raise TypeError(f"a query has no {name}")
    return made


# ---- Existing CAs ----

class ImportFields(TypedDict, total=False):
    """An existing CA to bring in; ``help(pca.Ca.import_existing)`` tells of each."""

    certificate: Data
    key: Data
    pfx: Data
    password: str
    key_elsewhere: bool
    next_crl_number: int


def imported(fields: Mapping[str, Any]) -> Any:
    """A pca_import."""
    made = _builder("import")
    for name, value in fields.items():
        if value is None:
            continue
        if name in ("certificate", "key", "pfx"):
            data = octets(value)
            function(f"pca_import_set_{name}")(made, data, len(data))
        elif name == "password":
            function("pca_import_set_password")(made, c_text(value))
        elif name == "next_crl_number":
            _number("pca_import_set_next_crl_number", made, value)
        elif name == "key_elsewhere":
            if value:
                function("pca_import_set_key_elsewhere")(made)
        else:
            raise TypeError(f"an import has no {name}")
    return made


# ---- Configurations ----

_TABLES: dict[str, Callable[[Any], tuple[Any, list[Any]]]] = {
    "clock": _drivers.clock, "entropy": _drivers.entropy, "test_random": _drivers.entropy,
    "key_wrapper": _drivers.key_wrapper,
}


def config(fields: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """A pca_config, and what must live as long as a region that is opened by it."""
    made = _builder("config")
    keep: list[Any] = []
    for name, value in fields.items():
        if value is None:
            continue
        if name in _TABLES:
            table, parts = _TABLES[name](value)
            keep += parts
            function(f"pca_config_set_{name}")(made, table)
        elif name == "container":
            for label, driver in value.items():
                table, parts = _drivers.container(driver)
                keep += parts
                function("pca_config_add_container")(made, c_text(label), table)
        elif name in ("passphrase", "actor"):
            function(f"pca_config_set_{name}")(made, c_text(value))
        elif name == "key":
            data = octets(value)
            function("pca_config_set_key")(made, data, len(data))
        elif name == "map_limit":
            _number("pca_config_set_map_limit", made, value)
        elif name in ("insecure_plain_keys", "read_only"):
            if value:
                function(f"pca_config_set_{name}")(made)
        else:
            raise TypeError(f"a region is not opened with {name}")
    return made, keep
