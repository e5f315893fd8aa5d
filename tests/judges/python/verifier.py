"""Answers with the verifier of Python's cryptography."""
import ipaddress
import warnings
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification

from lines import listed, serve

# It counts octets where RFC 5280 counts characters.
warnings.filterwarnings('ignore', "Attribute's length must be")

EXAMPLE_ARC = '1.3.6.1.4.1.32473.'  # custom certificates have extensions below it


class Refused(Exception):
    pass


def certificate(path):
    return x509.load_pem_x509_certificate(Path(path).read_bytes())


def revocations(path):
    return x509.load_pem_x509_crl(Path(path).read_bytes())


def standing(c, issuer, crls, now):
    """The CRL of this issuer says nothing against the certificate."""
    for crl in crls:
        if crl.issuer == c.issuer:
            if not crl.is_signature_valid(issuer.public_key()):
                raise Refused('the CRL\'s signature is wrong')
            if not crl.last_update_utc <= now <= crl.next_update_utc:
                raise Refused('the CRL is not of this time')
            if crl.get_revoked_certificate_by_serial_number(c.serial_number):
                raise Refused(f'{c.subject.rfc4514_string()} is revoked')
            return
    raise Refused(f'no CRL of {c.issuer.rfc4514_string()}')


def host(match):
    try:
        return verification.IPAddress(ipaddress.ip_address(match))
    except ValueError:
        return verification.DNSName(match)


def verify_server(policy, leaf, subs, match):
    if match == '-':
        names = [n for e in leaf.extensions if isinstance(e.value, x509.SubjectAlternativeName) for n in e.value]
        held = [str(n.value) for n in names if isinstance(n, (x509.DNSName, x509.IPAddress))]
        match = held[0].replace('*', 'w') if held else 'none.example'
    return policy.build_server_verifier(host(match)).verify(leaf, subs)


def verify_client(policy, leaf, subs, match):
    """A client need not have alternative names; the default policy is a web server's."""
    ee = verification.ExtensionPolicy.webpki_defaults_ee().may_be_present(
        x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None)
    ca = verification.ExtensionPolicy.webpki_defaults_ca()
    verified = policy.extension_policies(ca_policy=ca, ee_policy=ee).build_client_verifier().verify(leaf, subs)
    if match != '-' and x509.RFC822Name(match) not in (verified.subjects or []):
        raise Refused(f'there is no mailbox {match}')
    return verified.chain


def verify(leaf, subs, root, purpose, match, at, crls):
    now = datetime.fromtimestamp(int(at), timezone.utc) if int(at) else datetime.now(timezone.utc)
    policy = verification.PolicyBuilder().store(verification.Store([certificate(root)])).time(now.replace(tzinfo=None))
    check = verify_server if purpose == 'server' else verify_client
    chain = check(policy, certificate(leaf), [certificate(s) for s in listed(subs)], match)
    lists = [revocations(c) for c in listed(crls)]
    for c, issuer in zip(chain, chain[1:]) if lists else ():
        standing(c, issuer, lists, now)


def issued(path, issuer):
    certificate(path).verify_directly_issued_by(certificate(issuer))


def crl(path, issuer):
    held, ca = revocations(path), certificate(issuer)
    if held.issuer != ca.subject:
        raise Refused('another issuer\'s name')
    if not held.is_signature_valid(ca.public_key()):
        raise Refused('the CRL\'s signature is wrong')


REASONS = {flag: number for number, flag in enumerate(
    [x509.ReasonFlags.unspecified, x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise,
     x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation,
     x509.ReasonFlags.certificate_hold, None, x509.ReasonFlags.remove_from_crl, x509.ReasonFlags.privilege_withdrawn])}


def describe(entry):
    reason, since = '0', '-'
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = str(REASONS[extension.value.reason])
        elif isinstance(extension.value, x509.InvalidityDate):
            since = str(int(extension.value.invalidity_date_utc.timestamp()))
        else:
            raise Refused(f'an entry has the extension {extension.oid.dotted_string}')
    return f'{entry.serial_number:x}:{reason}:{since}'


def entries(path):
    return ','.join(describe(e) for e in revocations(path))


def serial(path):
    return f'{certificate(path).serial_number:x}'


def key(path, of):
    private = serialization.load_pem_private_key(Path(path).read_bytes(), None)
    if private.public_key() != certificate(of).public_key():
        raise Refused('another key')


def read(path):
    """Every name, date, extension and key is parsed only when asked for."""
    if '.crl' in path:
        held = revocations(path)
        return [held.issuer, held.last_update_utc, held.next_update_utc, held.signature_hash_algorithm,
                [e.value.public_bytes() for e in held.extensions], entries(path)] and ''
    held = certificate(path)
    for extension in held.extensions:
        if isinstance(extension.value, x509.UnrecognizedExtension) and not extension.oid.dotted_string.startswith(EXAMPLE_ARC):
            raise Refused(f'the extension {extension.oid.dotted_string} is unknown')
    return [held.subject, held.issuer, held.not_valid_before_utc, held.not_valid_after_utc, held.public_key(),
            held.signature_hash_algorithm] and ''


serve({'verify': verify, 'issued': issued, 'crl': crl, 'entries': entries, 'serial': serial, 'key': key, 'read': read},
      (Refused, ValueError, TypeError, InvalidSignature, verification.VerificationError))
