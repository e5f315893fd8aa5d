"""A private certificate authority in your program: libpca for Python.

    import pca

    with pca.Region.create("ca", "demo", passphrase="...") as region:
        region.set_policy("short_lived", 1)
        root = region.purchase(120).enable(common_name="Example Root", years=10)
        sub = root.default_sub().enable(common_name="Example Issuing CA", alias="issuing")
        cert = sub.request(type=pca.CertType.SERVER, dns=["db.internal"], ip="192.0.2.7", days=90)
        cert.export(pca.Format.PEM, chain=True, plain_key=True).write("/etc/db/tls")

Objects    Region; Root and Sub, which are Ca; Cert. All but Region are snapshots: a verb changes the store and never the object,
           reload() reads anew.
Errors     Every refusal is a pca.Error with .code, .object, .field and .message; each code has a class: pca.QuotaError, pca.NotFoundError.
Times      datetime with a zone, or seconds since 1970; what comes back is in UTC, or None.
Threads    Any number may use a region and what comes of it; calls release the interpreter's lock.
Memory     Objects may be dropped, and regions closed, in any order.
"""
from . import _header
from ._builders import ConfigFields, ImportFields, QueryFields, RequestFields
from ._ca import Ca, Root, Sub
from ._cert import Cert
from ._drivers import Clock, ContainerDriver, Entropy, KeyWrapper, Progress, Session, Sink, Source
from ._error import Error
from ._header import *  # noqa: F401,F403  the constants and exceptions, whose names __all__ of the made module lists
from ._library import load
from ._region import Region, policies
from ._results import CrlInfo, Entry, Files, Finding, Findings, Page, Policy, Receipt, Stat


def version() -> str:
    """The library's version, "0.1.0"; loads it."""
    return load()


def code_name(code: int) -> str:
    """The text form of a code, "PCA_E_QUOTA"."""
    from ._library import function, text
    return text(function("pca_code_name")(code))


__all__ = [
    "Ca", "Cert", "Clock", "ConfigFields", "ContainerDriver", "CrlInfo", "Entropy", "Entry", "Error", "Files", "Finding",
    "Findings", "ImportFields", "KeyWrapper", "Page", "Policy", "Progress", "QueryFields", "Receipt", "Region",
    "RequestFields", "Root", "Session", "Sink", "Source", "Stat", "Sub", "code_name", "load", "policies", "version",
]
__all__ += _header.__all__
