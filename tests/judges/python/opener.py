"""opener.py key PATH PEM|DER PASSWORD | pkcs7 PATH | pfx PATH PASSWORD

Opens a download with Python's cryptography; hexadecimal of the key's SubjectPublicKeyInfo and of the certificates, with the
name of a PFX between them.
"""
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12


def public(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo).hex()


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER).hex()


def open_key(path, form, password):
    load = serialization.load_pem_private_key if form == 'PEM' else serialization.load_der_private_key
    return [public(load(Path(path).read_bytes(), password.encode() or None))]


def open_pkcs7(path):
    return [der(c) for c in pkcs7.load_pem_pkcs7_certificates(Path(path).read_bytes())]


def open_pfx(path, password):
    held = pkcs12.load_pkcs12(Path(path).read_bytes(), password.encode())
    certificates = [held.cert.certificate, *(c.certificate for c in held.additional_certs)]
    return [public(held.key), held.cert.friendly_name.decode(), *map(der, certificates)]


kind, *arguments = sys.argv[1:]
try:
    print(*{'key': open_key, 'pkcs7': open_pkcs7, 'pfx': open_pfx}[kind](*arguments), sep='\t')
except (ValueError, TypeError) as e:
    sys.exit(f'{type(e).__name__}: {e}')
