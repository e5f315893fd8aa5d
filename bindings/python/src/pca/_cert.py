"""Certificates."""
from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Union

from . import _interop
from ._handle import Getter, Handle
from ._header import CertType, Container, Flag, Format, KeyAlgorithm, Reason, SanType, Status
from ._library import blob, c_text, call, function, make, moment, moment_or_none, seconds, text
from ._results import Files
from ._tags import tags

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from ._region import Region

SanValue = Union[str, ipaddress.IPv4Address, ipaddress.IPv6Address]


class Cert(Handle):
    """An issued certificate: a snapshot, which ``reload()`` reads anew."""

    id = Getter("pca_cert_id", int, "Its number in the region, never used again.")
    issuer_id = Getter("pca_cert_issuer_id", int, "The id of the CA that issued it.")
    serial = Getter("pca_cert_serial", text, "Its serial number, in lower-case hexadecimal.")
    encryption_serial = Getter("pca_cert_encryption_serial", text, 'Of an SM2 pair, the serial number of the second one; else "".')
    type = Getter("pca_cert_type", CertType, "Its type.")
    status = Getter("pca_cert_status", Status, "Issued, revoked...; expiry is asked of the clock.")
    subject = Getter("pca_cert_subject", text, "Its subject as RFC 4514 writes it.")
    not_before = Getter("pca_cert_not_before", moment, "Its validity's first second.")
    not_after = Getter("pca_cert_not_after", moment, "Its validity's last second.")
    key_algorithm = Getter("pca_cert_key_algorithm", KeyAlgorithm, "The algorithm of its key.")
    container = Getter("pca_cert_container", Container, "Who holds its private key.")
    alias = Getter("pca_cert_alias", text, 'A label for people; "" for none.')
    custom_id = Getter("pca_cert_custom_id", text, 'The caller\'s own name for it, unique in the region; "" for none.')
    revoked_at = Getter("pca_cert_revoked_at", moment_or_none, "When it was revoked, or None.")
    reason = Getter("pca_cert_reason", Reason, "Why it was revoked; UNSPECIFIED while it is not.")

    container_driver = Getter("pca_cert_container_driver", text, "The driver of the token where its key is.")
    container_slot = Getter("pca_cert_container_slot", text, "The token's slot.")
    installed_at = Getter("pca_cert_installed_at", moment_or_none, "When it was written to the token, or None.")
    requester = Getter("pca_cert_requester", text, "Who asked for it.")
    requested_at = Getter("pca_cert_requested_at", moment_or_none, "When.")
    review_digest = Getter("pca_cert_review_digest", text, "What reviewers decide on: the SHA-256 of the request as it was frozen.")
    review_lapses_at = Getter("pca_cert_review_lapses_at", moment_or_none, "When it lapses if nobody decides; None: never.")
    decided_at = Getter("pca_cert_decided_at", moment_or_none, "When it was issued, rejected or cancelled; None while it is pending.")
    decided_by = Getter("pca_cert_decided_by", text, 'By whom; "" where it lapsed.')
    review_reason = Getter("pca_cert_review_reason", text, "Why it was rejected.")

    def __init__(self, pointer: Any, region: Region, owner: Any = None) -> None:
        self._p = pointer
        self._region = region
        self._owner = owner

    def __repr__(self) -> str:
        return f"<pca.Cert {self.id} {self.serial} {self.subject!r} {self.status.name}>"

    @property
    def sans(self) -> list[tuple[SanType, SanValue]]:
        """Its alternative names: kind and value; IP addresses are those of module ipaddress."""
        found: list[tuple[SanType, SanValue]] = []
        for i in range(function("pca_cert_san_count")(self._p)):
            kind = SanType(function("pca_cert_san_type")(self._p, i))
            value = text(function("pca_cert_san_at")(self._p, i))
            found.append((kind, ipaddress.ip_address(value) if kind is SanType.IP else value))
        return found

    @property
    def ignored(self) -> list[str]:
        """What the CSR asked for and did not get: "basicConstraints (2.5.29.19)"."""
        return [text(function("pca_cert_ignored_at")(self._p, i)) for i in range(function("pca_cert_ignored_count")(self._p))]

    @property
    def approvals(self) -> list[tuple[str, datetime]]:
        """The approvals so far: who, and when."""
        return [(text(function("pca_cert_approval_by")(self._p, i)), moment(function("pca_cert_approval_at")(self._p, i)))
                for i in range(function("pca_cert_approval_count")(self._p))]

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return tags("cert", self._p)

    def tag(self, key: str) -> str | None:
        """A tag's value, or None."""
        return self.tags.get(key)

    def der(self) -> bytes:
        """The certificate in DER."""
        return blob("pca_cert_der", self._p)

    def pem(self) -> str:
        """The certificate in PEM."""
        return blob("pca_cert_pem", self._p).decode()

    def encryption_der(self) -> bytes:
        """Of an SM2 pair, the certificate for encryption in DER."""
        return blob("pca_cert_encryption_der", self._p)

    def enveloped_key(self) -> bytes:
        """Of an SM2 pair, the encryption key enveloped under the signing key (SM2EnvelopedKey, GM/T 0009 7.4)."""
        return blob("pca_cert_enveloped_key", self._p)

    def to_cryptography(self) -> x509.Certificate:
        """The certificate as an object of the package cryptography."""
        return _interop.certificate(self.der())

    def export(self, format: Format = Format.PEM, *, chain: bool = False, root: bool = False, password: str | None = None,
               plain_key: bool = False, legacy: bool = False, password_file: bool = False) -> Files:
        """Certificate, chain and private key as files; always with the root as a trust anchor of its own.

        chain: the CAs above as well; root: the root in the chain too. The private key comes under a password, or as plain_key;
        with neither there is none. legacy: a PFX that old programs read. password_file: the password in a file beside.
        ``pca.NotExportableError``: the key was not made here. ``pca.StateError``: the certificate is revoked.
        """
        flags = _flags(plain_key, chain, root, legacy, password_file)
        return Files(make("files", "pca_cert_export", self._p, format, flags, c_text(password)))

    def export_key(self, format: Format = Format.PEM, *, password: str | None = None, plain: bool = False) -> bytes:
        """The private key alone, PKCS#8 in PEM or DER, under the password, or plain."""
        return blob("pca_cert_export_key", self._p, format, _flags(plain), c_text(password))

    def private_key(self) -> PrivateKeyTypes:
        """The private key as an object of the package cryptography."""
        from cryptography.hazmat.primitives.serialization import load_der_private_key
        return load_der_private_key(self.export_key(Format.DER, plain=True), None)

    def set_alias(self, alias: str) -> None:
        """Sets the label; "" removes it."""
        call("pca_cert_set_alias", self._p, c_text(alias))

    def set_tag(self, key: str, value: str | None) -> None:
        """Sets a tag; None takes it away. Tags stay when it is revoked, and go when it is deleted."""
        call("pca_cert_tag_set", self._p, c_text(key), c_text(value))

    def revoke(self, reason: Reason = Reason.UNSPECIFIED, *, invalidity: datetime | int = 0, token: str | None = None) -> None:
        """Revokes it for ever; true for every reader at once, and on the next CRL.

        invalidity: since when the key is suspected. ``pca.StateError``: it is revoked, but for the one change to KEY_COMPROMISE.
        """
        call("pca_cert_revoke", self._p, reason, seconds(invalidity), c_text(token))

    def approve(self, digest: str | None = None) -> Cert:
        """The region's actor approves it, as this snapshot shows it or by that digest; the last approval issues. It comes back fresh.

        ``pca.ReviewError``: it is decided, has another digest, or this actor may not.
        """
        call("pca_cert_approve", self._p, c_text(self.review_digest if digest is None else digest))
        return self.reload()

    def reject(self, reason: str) -> None:
        """PENDING to REJECTED, for a reason."""
        call("pca_cert_reject", self._p, c_text(reason))

    def cancel(self) -> None:
        """PENDING to CANCELLED, by the actor who asked for it."""
        call("pca_cert_cancel", self._p)

    def purge(self) -> None:
        """Takes a REJECTED or CANCELLED request away."""
        call("pca_cert_purge", self._p)

    def install(self, pin: str = "") -> None:
        """Writes it to the token where its key is."""
        call("pca_cert_install", self._p, c_text(pin))

    def delete(self) -> None:
        """Destroys a revoked certificate's key, names and bytes; its serial number stays on the CRL."""
        call("pca_cert_delete", self._p)

    def reload(self) -> Cert:
        """A fresh snapshot."""
        return Cert(make("cert", "pca_cert_reload", self._p), self._region)


def _flags(plain_key: bool, chain: bool = False, root: bool = False, legacy: bool = False, password_file: bool = False) -> int:
    return (plain_key * Flag.PLAIN_KEY | chain * Flag.WITH_CHAIN | root * Flag.WITH_ROOT | legacy * Flag.LEGACY
            | password_file * Flag.WITH_PASSWORD_FILE)
