"""Objects of the package cryptography, where it is installed: accepted by what they can do, returned on request."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._library import octets

if TYPE_CHECKING:
    from cryptography import x509


def csr_octets(value: Any) -> bytes:
    """A CSR: PEM or DER, or cryptography's."""
    return _der(value) if hasattr(value, "public_bytes") else octets(value)


def public_key_octets(value: Any) -> bytes:
    """A SubjectPublicKeyInfo: DER, or a public key of cryptography's."""
    if not hasattr(value, "public_bytes"):
        return octets(value)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    made: bytes = value.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made


def certificate_octets(value: Any) -> bytes:
    """A certificate: DER, or cryptography's."""
    return _der(value) if hasattr(value, "public_bytes") else octets(value)


def _der(value: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding
    made: bytes = value.public_bytes(Encoding.DER)
    return made


def certificate(der: bytes) -> x509.Certificate:
    """DER as cryptography reads it."""
    from cryptography import x509
    return x509.load_der_x509_certificate(der)


def crl(der: bytes) -> x509.CertificateRevocationList:
    """DER as cryptography reads it."""
    from cryptography import x509
    return x509.load_der_x509_crl(der)
