"""CAs: what a root and a subordinate share, and each."""
from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterable, Iterator, cast

from . import _builders, _drivers, _interop
from ._cert import Cert
from ._error import Error
from ._handle import Getter, Handle
from ._header import PCA_ANY, CaState, Family, Flag, Format, KeyAlgorithm, Kind, Reason
from ._library import Data, Path, blob, c_text, call, failure, ffi, function, make, moment, moment_or_none, seconds, text
from ._results import CrlInfo, Findings, Page, Receipt, pages
from ._tags import tags

if TYPE_CHECKING:
    from cryptography import x509
    from typing_extensions import Unpack

    from ._builders import ImportFields, RequestFields
    from ._region import Region

MANY = 256


class Ca(Handle):
    """What a root and a subordinate share: a snapshot. ``as_root()`` and ``as_sub()`` of one that was found say the rest."""

    id = Getter("pca_ca_id", int, "Its number in the region, never used again.", "_ca")
    parent_id = Getter("pca_ca_parent_id", int, "The id of the CA above; 0 for a root.", "_ca")
    root_id = Getter("pca_ca_root_id", int, "The id of its root.", "_ca")
    kind = Getter("pca_ca_kind", Kind, "What it was bought for.", "_ca")
    family = Getter("pca_ca_family", Family, "The family of its keys.", "_ca")
    state = Getter("pca_ca_state", CaState, "Its state; expiry is asked of the clock.", "_ca")
    alias = Getter("pca_ca_alias", text, 'A label, unique among the region\'s CAs; "" for none.', "_ca")
    service_start = Getter("pca_ca_service_start", moment, "The service's first second.", "_ca")
    service_end = Getter("pca_ca_service_end", moment, "The second after the service's last.", "_ca")
    months = Getter("pca_ca_months", int, "Months of the present unbroken term, renewals included.", "_ca")
    key_algorithm = Getter("pca_ca_key_algorithm", lambda n: KeyAlgorithm(n) if n else None, "None before it is enabled.", "_ca")
    subject = Getter("pca_ca_subject", text, 'As RFC 4514 writes it; "" before it is enabled.', "_ca")
    serial = Getter("pca_ca_serial", text, "The serial number of its certificate, in lower-case hexadecimal.", "_ca")
    not_before = Getter("pca_ca_not_before", moment_or_none, "Its certificate's first second; None before it is enabled.", "_ca")
    not_after = Getter("pca_ca_not_after", moment_or_none, "Its certificate's last second; None before it is enabled.", "_ca")
    crl_url = Getter("pca_ca_crl_url", text, 'Where its CRL is served; "" for nowhere.', "_ca")
    crl_days = Getter("pca_ca_crl_days", int, "Its CRL's period.", "_ca")
    ocsp_url = Getter("pca_ca_ocsp_url", text, "Where its OCSP responder answers, for the certificates that it issues.", "_ca")
    issuer_url = Getter("pca_ca_issuer_url", text, "Where its certificate is served, for the certificates that it issues.", "_ca")
    path_length = Getter("pca_ca_path_length", lambda n: int(n) if n >= 0 else None, "How many CAs may follow below; None: any.", "_ca")
    generation = Getter("pca_ca_generation", int, "The number of its present key; one more with each rekey.", "_ca")
    revoked_at = Getter("pca_ca_revoked_at", moment_or_none, "When it was revoked, or None.", "_ca")
    reason = Getter("pca_ca_reason", Reason, "Why it was revoked; UNSPECIFIED while it is not.", "_ca")

    def __init__(self, pointer: Any, region: Region, owner: Any) -> None:
        self._ca = pointer
        self._region = region
        self._owner = owner

    def __repr__(self) -> str:
        return f"<pca.{type(self).__name__} {self.id} {self.alias or self.subject!r} {self.state.name}>"

    def as_root(self) -> Root:
        """The same CA as a root; ``pca.NotFoundError`` where it is none."""
        return self._region.root(self.id)

    def as_sub(self) -> Sub:
        """The same CA as a subordinate; ``pca.NotFoundError`` where it is none."""
        return self._region.sub(self.id)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return tags("ca", self._ca)

    def crl_url_at(self, generation: int) -> str:
        """Where the CRL of a key generation is served."""
        return text(function("pca_ca_crl_url_at")(self._ca, generation))

    # ---- Its certificate ----

    def certificate_pem(self, generation: int = 0) -> str:
        """Its certificate in PEM; of a key generation, 0: the present one. ``pca.StateError``: it is not enabled yet."""
        return self._certificate(generation, Format.PEM).decode()

    def certificate_der(self, generation: int = 0) -> bytes:
        """The same in DER."""
        return self._certificate(generation, Format.DER)

    def _certificate(self, generation: int, format: Format) -> bytes:
        if generation:
            return blob("pca_ca_certificate_at", self._ca, generation, format)
        return blob("pca_ca_certificate", self._ca, format)

    def to_cryptography(self) -> x509.Certificate:
        """Its certificate as an object of the package cryptography."""
        return _interop.certificate(self.certificate_der())

    def chain_pem(self, *, root: bool = False) -> str:
        """Its certificate and those above it; the root's too if asked for, or if it is the root."""
        return blob("pca_ca_chain", self._ca, Flag.WITH_ROOT if root else 0).decode()

    def reissue(self, **fields: Unpack[RequestFields]) -> None:
        """Another certificate for the same key and subject, with a validity of its own."""
        call("pca_ca_reissue", self._ca, _builders.request(fields))

    def rekey(self, **fields: Unpack[RequestFields]) -> None:
        """A new key with a certificate of its own: a further generation, which issues from now on, with its own crl_url."""
        call("pca_ca_rekey", self._ca, _builders.request(fields))

    # ---- What exists elsewhere ----

    def import_existing(self, **fields: Unpack[ImportFields]) -> None:
        """An existing CA, into this one that was bought and not enabled.

        certificate, key        PEM or DER, the key PKCS#8; or
        pfx                     both in one file
        password                what opens the key or the PFX
        key_elsewhere           True: the certificate alone
        next_crl_number         one more than that of its last CRL, at least
        """
        call("pca_ca_import", self._ca, _builders.imported(fields))

    def csr(self, format: Format = Format.PEM, **fields: Unpack[RequestFields]) -> bytes:
        """A CSR, for a certificate that is to be signed elsewhere."""
        return blob("pca_ca_csr", self._ca, _builders.request(fields), format)

    def accept_certificate(self, certificate: Data | x509.Certificate) -> None:
        """The certificate that was made from it."""
        data = _interop.certificate_octets(certificate)
        call("pca_ca_accept_certificate", self._ca, data, len(data))

    def cross_sign(self, other: Ca | Data | x509.Certificate, format: Format = Format.PEM, **fields: Unpack[RequestFields]) -> bytes:
        """A certificate by this CA for the subject and key of another, or of a CA's certificate (policy allow_foreign_cross)."""
        request = _builders.request(fields)
        if isinstance(other, Ca):
            return blob("pca_ca_cross_sign", self._ca, other._ca, request, format)
        data = _interop.certificate_octets(other)
        return blob("pca_ca_cross_sign_certificate", self._ca, data, len(data), request, format)

    def cross_certificates_pem(self) -> str:
        """All that it has cross-signed. ``pca.NotFoundError``: none."""
        return blob("pca_ca_cross_certificates", self._ca).decode()

    def import_issued(self, certificate: Data | x509.Certificate) -> Cert:
        """A record of a certificate that it issued before it came here."""
        data = _interop.certificate_octets(certificate)
        return Cert(make("cert", "pca_ca_import_issued", self._ca, data, len(data)), self._region)

    def import_revoked(self, serial: str, revoked_at: datetime | int, reason: Reason = Reason.UNSPECIFIED, *,
                       invalidity: datetime | int = 0, not_after: datetime | int = 0) -> None:
        """A revocation from before. not_after 0: unknown, and it stays on the CRLs for good."""
        call("pca_ca_import_revoked", self._ca, c_text(serial), seconds(revoked_at), reason, seconds(invalidity), seconds(not_after))

    def revoke_certificate(self, certificate: Data | x509.Certificate, reason: Reason = Reason.UNSPECIFIED, *,
                           invalidity: datetime | int = 0, token: str | None = None) -> None:
        """Revokes a certificate of its that is presented, though the store may have lost it or never held it."""
        data = _interop.certificate_octets(certificate)
        call("pca_ca_revoke_der", self._ca, data, len(data), reason, seconds(invalidity), c_text(token))

    def revoke_serial(self, serial: str, reason: Reason = Reason.UNSPECIFIED, *, invalidity: datetime | int = 0,
                      token: str | None = None) -> None:
        """The same by serial number."""
        call("pca_ca_revoke_serial", self._ca, c_text(serial), reason, seconds(invalidity), c_text(token))

    # ---- States and labels ----

    def disable(self) -> None:
        """ENABLED to DISABLED: it stops issuing, and goes on revoking and publishing."""
        call("pca_ca_disable", self._ca)

    def resume(self) -> None:
        """DISABLED to ENABLED."""
        call("pca_ca_resume", self._ca)

    def revoke(self, reason: Reason = Reason.UNSPECIFIED, *, invalidity: datetime | int = 0, token: str | None = None) -> None:
        """Revokes the CA for ever. A subordinate is on its parent's next CRL; a root has no CRL above it."""
        call("pca_ca_revoke", self._ca, reason, seconds(invalidity), c_text(token))

    def set_alias(self, alias: str) -> None:
        """Sets the label; "" removes it. ``pca.ExistsError``: another CA has it."""
        call("pca_ca_set_alias", self._ca, c_text(alias))

    def set_tag(self, key: str, value: str | None) -> None:
        """Sets a tag; None takes it away."""
        call("pca_ca_tag_set", self._ca, c_text(key), c_text(value))

    def set_crl(self, url: str | None = None, days: int = 0) -> None:
        """Where the CRL is served, and its period, from now on; None and 0 leave as it is, "" takes away."""
        call("pca_ca_set_crl", self._ca, c_text(url), days)

    def set_urls(self, ocsp_url: str | None = None, issuer_url: str | None = None) -> None:
        """Likewise for the OCSP responder and the issuer's certificate."""
        call("pca_ca_set_urls", self._ca, c_text(ocsp_url), c_text(issuer_url))

    # ---- CRLs. generation 0: the present key's ----

    def make_crl(self) -> None:
        """Makes and stores the next CRL of each key generation. A revocation never does this by itself."""
        call("pca_ca_crl_make", self._ca)

    def crl(self, format: Format = Format.DER, *, generation: int = 0) -> bytes:
        """The newest CRL. ``pca.NotFoundError``: none was made yet."""
        if generation:
            return blob("pca_ca_crl_get_at", self._ca, generation, format)
        return blob("pca_ca_crl_get", self._ca, format)

    def crl_to_cryptography(self) -> x509.CertificateRevocationList:
        """The newest CRL as an object of the package cryptography."""
        return _interop.crl(self.crl())

    def stream_crl(self, sink: _drivers.Sink, format: Format = Format.DER, *, generation: int = 0) -> None:
        """Feeds the newest CRL, however large, piece by piece into a file that is open for writing."""
        table, _keep = _drivers.sink(sink)
        with self._region._use():
            if generation:
                call("pca_ca_crl_stream_at", self._ca, generation, format, table)
            else:
                call("pca_ca_crl_stream", self._ca, format, table)

    def write_crl(self, path: Path, format: Format = Format.DER, *, generation: int = 0) -> None:
        """Writes the newest CRL into a file, which is replaced at once by rename."""
        name = c_text(os.fspath(path))
        if generation:
            call("pca_ca_crl_write_at", self._ca, generation, format, name)
        else:
            call("pca_ca_crl_write", self._ca, format, name)

    def crl_info(self, *, generation: int = 0) -> CrlInfo:
        """About the newest CRL."""
        number, entries = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        this_update, next_update = ffi.new("int64_t *"), ffi.new("int64_t *")
        if generation:
            call("pca_ca_crl_info_at", self._ca, generation, number, this_update, next_update, entries)
        else:
            call("pca_ca_crl_info", self._ca, number, this_update, next_update, entries)
        return CrlInfo(number[0], moment(this_update[0]), moment(next_update[0]), entries[0])

    def cert(self, serial: str) -> Cert:
        """A certificate that it issued, by serial number: hexadecimal, or decimal as "dec:123"."""
        return Cert(make("cert", "pca_ca_cert_by_serial", self._ca, c_text(serial)), self._region)


class Root(Ca):
    """A root CA: bought first, signs subordinates only."""

    remaining = Getter("pca_root_remaining", int, "Certificates bought and not assigned.")
    purchased = Getter("pca_root_purchased", int, "Certificates bought so far.")
    billable = Getter("pca_root_billable", int, "Of those, to be paid.")
    waived = Getter("pca_root_waived", int, "Of those, free of charge.")

    def __init__(self, pointer: Any, region: Region) -> None:
        self._p = pointer
        super().__init__(function("pca_root_ca")(pointer), region, pointer)

    def enable(self, **fields: Unpack[RequestFields]) -> Root:
        """Makes the key and the self-signed certificate; a fresh snapshot comes back.

        common_name is required; key_algorithm of its family; years (default 10), months, days or dates; crl_url, crl_days;
        container=(driver, slot) for a key in a token.
        """
        call("pca_root_enable", self._p, _builders.request(fields))
        return self.reload()

    def renew(self, months: int, *, token: str | None = None) -> Root:
        """Adds months to its term and to that of the subordinate that came with it."""
        call("pca_root_renew", self._p, months, c_text(token))
        return self.reload()

    def default_sub(self) -> Sub:
        """The subordinate that came with it."""
        return Sub(make("sub", "pca_root_default_sub", self._p), self._region)

    def purchase_sub(self, months: int, *, token: str | None = None) -> Sub:
        """Buys a further subordinate for a term of its own."""
        return Sub(make("sub", "pca_root_purchase_sub", self._p, months, c_text(token)), self._region)

    def subs(self) -> Iterator[Ca]:
        """The subordinates below it, at every depth."""
        return pages(self.find_subs)

    def find_subs(self, after: str = "", limit: int = 100) -> Page[Ca]:
        """A page of them."""
        return ca_page(make("page", "pca_root_subs", self._p, c_text(after), limit), self._region)

    def purchase_certificates(self, count: int, *, token: str | None = None) -> Receipt:
        """Buys certificates."""
        return Receipt(make("receipt", "pca_root_purchase_certificates", self._p, count, c_text(token)))

    def assign(self, sub: Sub, remaining: int, *, expected: int | None = None, token: str | None = None) -> Sub:
        """Sets what a subordinate has left; the difference comes from this root or goes back to it. Its fresh snapshot comes back.

        expected: what was last seen there; ``pca.BusyError`` if it is another by now.
        """
        call("pca_root_assign", self._p, sub._p, remaining, PCA_ANY if expected is None else expected, c_text(token))
        return sub.reload()

    def reload(self) -> Root:
        """A fresh snapshot."""
        return Root(make("root", "pca_root_reload", self._p), self._region)


class Sub(Ca):
    """A subordinate CA: issues certificates."""

    remaining = Getter("pca_sub_remaining", int, "Certificates that it may still issue.")
    reserved = Getter("pca_sub_reserved", int, "Certificates kept for requests that wait for review.")
    issued = Getter("pca_sub_issued", int, "Certificates issued so far.")

    def __init__(self, pointer: Any, region: Region) -> None:
        self._p = pointer
        super().__init__(function("pca_sub_ca")(pointer), region, pointer)

    def enable(self, *, parent: Ca | None = None, **fields: Unpack[RequestFields]) -> Sub:
        """Makes the key and the certificate, signed by the root or by another subordinate; a fresh snapshot comes back.

        As for a root; default 5 years. path_length: how many CAs may follow below. permitted, excluded:
        [(SanType, text)], the names that all below may bear and may not bear. With csr= the CA's key lives elsewhere.
        """
        request = _builders.request(fields)
        if parent is None:
            call("pca_sub_enable", self._p, request)
        else:
            call("pca_sub_enable_under", self._p, parent._ca, request)
        return self.reload()

    def renew(self, months: int, *, token: str | None = None) -> Sub:
        """Adds months to the term of one that was bought by itself."""
        call("pca_sub_renew", self._p, months, c_text(token))
        return self.reload()

    def parent(self) -> Sub | None:
        """The subordinate above it; None: the root is."""
        if self.parent_id == self.root_id:
            return None
        return Sub(make("sub", "pca_sub_parent", self._p), self._region)

    def root(self) -> Root:
        """Its root."""
        return Root(make("root", "pca_sub_root", self._p), self._region)

    def request(self, **fields: Unpack[RequestFields]) -> Cert:
        """Issues a certificate.

        type                    a pca.CertType; required
        common_name, organization, unit, country, state, locality
                                the subject; unset, all but the common name come from the CA, "" leaves one out
        dns, ip, email, uri     alternative names, one or a list of each; at most 10
        days, months, years, dates=(from, until), longest=True
                                the validity, in one of these forms; required
        key_algorithm           a pca.KeyAlgorithm for the key that is made and sealed here, or
        csr                     PEM, DER or cryptography's, with csr_subject=True, csr_san=True to take these from it, or
        public_key              DER or cryptography's, for which the caller vouches
        alias, custom_id        labels, the latter unique in the region
        container=(driver, slot), pin
                                the key is made in a token, from which it never comes out
        personal_name, system_account
                                for a compliance CA: whose it is, and that person's account
        dual                    an SM2 pair: True or False; default: for keys in a token
        crl_address             True: the CRL's address must be in it; False: must not
        token                   makes the call safe to repeat
        eku, policy=[(oid, uri)], subject_oid=[(oid, text)], extension=[(oid, critical, der)]
                                for CertType.CUSTOM
        """
        return Cert(make("cert", "pca_sub_request", self._p, _builders.request(fields)), self._region)

    def request_many(self, requests: Iterable[RequestFields]) -> list[Cert | Error]:
        """Issues many, each as by ``request(**fields)``; in their order a certificate, or the error that refused it.

        Up to 256 are one durable change; more are cut into as many changes as it takes. What refuses all of the first is raised;
        what refuses a later one is the error of all that are left, since the certificates before it are issued.
        """
        todo = [_builders.request(cast("dict[str, Any]", one)) for one in requests]
        done: list[Cert | Error] = []
        for begin in range(0, len(todo), MANY):
            some = todo[begin:begin + MANY]
            try:
                results = make("results", "pca_sub_request_many", self._p, ffi.new("pca_request *[]", some), len(some))
            except Error as refusal:
                if not done:
                    raise
                return done + [refusal] * (len(todo) - begin)
            done += [self._result(results, i) for i in range(function("pca_results_count")(results))]
        return done

    def _result(self, results: Any, index: int) -> Cert | Error:
        code = function("pca_results_code_at")(results, index)
        if code:
            return failure(code, function("pca_results_error_at")(results, index))
        return Cert(function("pca_results_cert_at")(results, index), self._region, results)

    def check_request(self, **fields: Unpack[RequestFields]) -> Findings:
        """The same checks as of ``request``, without spending anything: what the lints saw, or the refusal as an exception."""
        return Findings(make("findings", "pca_sub_check_request", self._p, _builders.request(fields)))

    def reload(self) -> Sub:
        """A fresh snapshot."""
        return Sub(make("sub", "pca_sub_reload", self._p), self._region)


def ca_page(pointer: Any, region: Region) -> Page[Ca]:
    """A page of CAs, which live in it."""
    return Page(pointer, lambda page, i: Ca(function("pca_page_ca_at")(page, i), region, page))


def cert_page(pointer: Any, region: Region) -> Page[Cert]:
    """A page of certificates, which live in it."""
    return Page(pointer, lambda page, i: Cert(function("pca_page_cert_at")(page, i), region, page))
