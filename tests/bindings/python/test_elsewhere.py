"""Reviews, key containers, CAs and certificates that come from elsewhere."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import (BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat,
                                                          pkcs12)
from cryptography.x509.oid import ExtendedKeyUsageOID

import pca
from pca._handle import Getter, Handle

from support import RegionCase


class Token:
    """A driver with one slot, whose keys are cryptography's."""

    max_sessions = 2
    timeout_ms = 1000
    sign_form = pca.SignForm.DIGEST

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.certificates: dict[str, bytes] = {}
        self.opened = self.closed = 0

    def probe(self, slot: str) -> bool:
        return slot == "A"

    def open(self, slot: str, pin: str) -> TokenSession:
        if pin != "1234":
            raise pca.PinError("a wrong PIN", tries_left=2, device_code=0x63)
        self.opened += 1
        return TokenSession(self)


class TokenSession:
    def __init__(self, token: Token) -> None:
        self.token = token

    def generate(self, key: str, algorithm: pca.KeyAlgorithm) -> None:
        if algorithm != pca.KeyAlgorithm.EC_P256:
            raise pca.UnsupportedError("P-256 alone")
        self.token.keys[key] = ec.generate_private_key(ec.SECP256R1())

    def public_key(self, key: str) -> bytes:
        return self.token.keys[key].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, key: str, algorithm: pca.KeyAlgorithm, data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(self.token.keys[key].sign(data, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def import_certificate(self, key: str, use: pca.CertificateUse, der: bytes) -> None:
        assert use == pca.CertificateUse.SIGNING
        self.token.certificates[key] = der

    def import_enveloped(self, key: str, envelope: bytes) -> None:
        raise pca.UnsupportedError("no SM2 here")

    def close(self) -> None:
        self.token.closed += 1


class TestContainer(RegionCase):
    def test_a_certificate_s_key(self) -> None:
        token = Token()
        region = self.region(container={"py": token})
        sub = self.sub(region)
        fields: pca.RequestFields = {"type": pca.CertType.CLIENT, "common_name": "Ada", "days": 30, "container": ("py", "A")}
        wrong = self.refused(pca.PinError, sub.request, **{**fields, "pin": "0000"})
        self.assertEqual((wrong.tries_left, wrong.device_code), (2, 0x63))
        self.assertIsInstance(wrong.__cause__, pca.PinError)
        fields["pin"] = "1234"
        cert = sub.request(**fields)
        self.assertEqual((cert.container, cert.container_driver, cert.container_slot, cert.installed_at),
                         (pca.Container.USBKEY, "py", "A", None))
        key, = token.keys
        self.assertEqual(cert.to_cryptography().public_key(), token.keys[key].public_key())
        cert.install("1234")
        self.assertEqual(token.certificates, {key: cert.der()})
        self.assertIsNotNone(cert.reload().installed_at)
        self.refused(pca.DeviceError, sub.request, **{**fields, "container": ("py", "B"), "pin": "1234"})
        self.assertEqual(token.opened, token.closed)

    def test_a_ca_s_key(self) -> None:
        token = Token()
        region = self.region(container={"py": token})
        region.login("py", "A", "1234")
        root = region.purchase(120).enable(common_name="In a token", container=("py", "A"))
        self.assertEqual(len(token.keys), 1)
        root.to_cryptography().verify_directly_issued_by(root.to_cryptography())
        region.logout("py", "A")
        self.refused(pca.NotFoundError, region.logout, "py", "A")


class TestReview(RegionCase):
    def submitted(self, region: pca.Region) -> pca.Cert:
        root = region.purchase(24, kind=pca.Kind.COMPLIANCE).enable(common_name="Root")
        sub = root.default_sub().enable(common_name="Sub")
        root.purchase_certificates(5)
        sub = root.assign(sub, 5)
        cert = sub.request(type=pca.CertType.CLIENT, personal_name="Ada Lovelace", system_account="ada")
        self.assertEqual(sub.reload().reserved, 1)
        return cert

    def test_approved(self) -> None:
        region = self.region()
        region.set_policy("reviewer_differs", 1)
        cert = self.submitted(region)
        self.assertEqual((cert.status, cert.requester, cert.decided_at), (pca.Status.PENDING, "tester", None))
        self.assertEqual([one.id for one in region.reviews()], [cert.id])
        self.refused(pca.PendingError, cert.der)
        self.refused(pca.ReviewError, cert.approve)
        with region.acting_as("reviewer") as view:
            seen = view.cert(cert.id)
            self.refused(pca.ReviewError, seen.approve, "00" * 32)
            done = seen.approve()
        self.assertEqual((done.status, done.decided_by, [who for who, _ in done.approvals]), (pca.Status.ISSUED, "reviewer", ["reviewer"]))
        self.assertIsNotNone(done.requested_at)

    def test_rejected_and_cancelled(self) -> None:
        region = self.region()
        cert = self.submitted(region)
        cert.reject("not known here")
        self.assertEqual((cert.reload().status, cert.reload().review_reason), (pca.Status.REJECTED, "not known here"))
        cert.purge()
        other = region.sub(cert.issuer_id).request(type=pca.CertType.CLIENT, personal_name="Bob", locality="Bath", state="Somerset",
                                                   unit="Works")
        other.cancel()
        self.assertEqual(other.reload().status, pca.Status.CANCELLED)
        self.assertEqual(region.run_due(), 0)


NOW = datetime.now(timezone.utc).replace(microsecond=0)


def certificate(name: str, key: Any, issuer: x509.Certificate | None, signer: Any, ca: bool) -> x509.Certificate:
    """A certificate of someone else's making."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=300)).add_extension(x509.BasicConstraints(ca, None), True)
            .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if not ca:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    if issuer:
        made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    return made.sign(signer, hashes.SHA256())


class TestElsewhere(RegionCase):
    def test_an_existing_ca(self) -> None:
        region = self.region()
        key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        theirs = certificate("Old Root", key, None, key, True)
        held, lost, late = (certificate(name, leaf_key, theirs, key, False) for name in ("held", "lost", "late"))
        root = region.purchase(120)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
        root.import_existing(certificate=theirs.public_bytes(Encoding.PEM), key=pem, password="open sesame", next_crl_number=7)
        root = root.reload()
        self.assertEqual((root.state, root.certificate_der()), (pca.CaState.ENABLED, theirs.public_bytes(Encoding.DER)))
        record = root.import_issued(held)
        self.assertEqual((int(record.serial, 16), record.subject), (held.serial_number, "CN=held"))
        root.revoke_certificate(lost, pca.Reason.SUPERSEDED)
        root.import_revoked("0a0b", NOW - timedelta(days=9), pca.Reason.KEY_COMPROMISE)
        root.revoke_serial(f"dec:{late.serial_number}")
        root.make_crl()
        self.assertEqual({entry.serial_number for entry in root.crl_to_cryptography()}, {lost.serial_number, 0x0a0b, late.serial_number})
        second = region.purchase(120)
        pfx = pkcs12.serialize_key_and_certificates(b"x", leaf_key, certificate("Other Root", leaf_key, None, leaf_key, True), None,
                                                    NoEncryption())
        second.import_existing(pfx=pfx)
        self.assertEqual(second.reload().subject, "CN=Other Root")
        third = region.purchase(120)
        other = ec.generate_private_key(ec.SECP256R1())
        their_third = certificate("Third Root", other, None, other, True).public_bytes(Encoding.DER)
        third.import_existing(certificate=their_third, key_elsewhere=True)
        self.refused(pca.StateError, third.reload().make_crl)

    def test_signed_elsewhere(self) -> None:
        region = self.region()
        key = ec.generate_private_key(ec.SECP256R1())
        theirs = certificate("Their Root", key, None, key, True)
        root = region.purchase(120)
        csr = x509.load_der_x509_csr(root.csr(pca.Format.DER, common_name="Below"))
        self.assertTrue(csr.is_signature_valid)

        class Theirs:
            def public_key(self) -> Any:
                return csr.public_key()
        root.accept_certificate(certificate("Below", Theirs(), theirs, key, True))
        self.assertEqual(root.reload().subject, "CN=Below")

    def test_cross_signed(self) -> None:
        region = self.region()
        one, two = (region.purchase(120).enable(common_name=name) for name in ("One", "Two"))
        self.refused(pca.NotFoundError, one.cross_certificates_pem)
        made = x509.load_der_x509_certificate(one.cross_sign(two, pca.Format.DER, years=1))
        made.verify_directly_issued_by(one.to_cryptography())
        self.assertEqual(made.public_key(), two.to_cryptography().public_key())
        self.assertEqual(x509.load_pem_x509_certificates(one.cross_certificates_pem().encode()), [made])
        key = ec.generate_private_key(ec.SECP256R1())
        foreign = certificate("Foreign", key, None, key, True)
        self.refused(pca.StateError, one.cross_sign, foreign)
        region.set_policy("allow_foreign_cross", 1)
        self.assertIn(b"BEGIN CERTIFICATE", one.cross_sign(foreign, years=1))

    def test_name_constraints_and_the_dry_run(self) -> None:
        region = self.region()
        region.set_policy("short_lived", 1)
        root = region.purchase(120).enable(common_name="Root")
        sub = root.default_sub().enable(common_name="Sub", permitted=[(pca.SanType.DNS, "example.com")],
                                        excluded=[(pca.SanType.IP, "0.0.0.0/0"), (pca.SanType.IP, "::/0")], ocsp_url="http://o.example",
                                        issuer_url="http://a.example/ca.cer")
        self.refused(pca.ConstraintError, sub.request, type=pca.CertType.SERVER, dns="www.example.org", days=9)
        dry = sub.check_request(type=pca.CertType.SERVER, dns="www.example.com", days=9, locality="Bath", state="Somerset", unit="W")
        read = x509.load_der_x509_certificate(dry.certificate())
        self.assertIn("OU=W", read.subject.rfc4514_string())
        self.assertEqual([(one.name, one.severity) for one in dry], [("mbedtls_critical_set", 1)])


class TestPair(RegionCase):
    def test_a_pair(self) -> None:
        region = self.region()
        root = region.purchase(24, family=pca.Family.SM2).enable(common_name="Root")
        sub = root.default_sub().enable(common_name="Sub")
        pair = sub.request(type=pca.CertType.CLIENT, common_name="Ada", years=1, dual=True)
        self.assertNotEqual(pair.encryption_serial, pair.serial)
        read = x509.load_der_x509_certificate(pair.encryption_der())
        self.assertEqual(read.serial_number, int(pair.encryption_serial, 16))
        self.assertEqual(pair.enveloped_key()[:1], b"\x30")
        single = sub.request(type=pca.CertType.CLIENT, common_name="Bob", years=1, dual=False)
        self.assertEqual(single.encryption_serial, "")
        self.refused(pca.NotFoundError, single.encryption_der)


class TestEverything(RegionCase):
    def test_every_property_and_condition(self) -> None:
        region = self.region(entropy=None)
        sub = self.sub(region)
        cert = sub.request(type=pca.CertType.CLIENT, common_name="all", days=9)
        receipt = sub.root().purchase_certificates(1)
        for thing in (sub, sub.root(), cert, receipt, *region.roots()):
            self.assertIsInstance(thing, Handle)
            for kind in type(thing).__mro__:
                for name, held in vars(kind).items():
                    if isinstance(held, (Getter, property)):
                        getattr(thing, name)
                        self.assertTrue(held.__doc__, name)
            self.assertTrue(repr(thing).startswith("<pca."))
        cert.set_tag("k", "v")
        serial = cert.serial.upper()
        queries: list[pca.QueryFields] = [{"tag": ("k", "v")}, {"type": pca.CertType.CLIENT}, {"serial": serial}, {"name": "ALL"},
                                          {"changed_since": region.find_certs(limit=0).sequence - 1}]
        for fields in queries:
            self.assertEqual([one.id for one in region.certs(**fields)], [cert.id], fields)
        self.assertEqual(len(list(region.cas(kind=pca.Kind.PRIVATE))), 2)
        self.assertIn("short_lived", [policy.name for policy in pca.policies()])
        self.assertTrue(all(policy.minimum <= policy.default <= policy.maximum and policy.text for policy in pca.policies()))
        self.assertRegex(pca.version(), r"^\d+\.\d+\.\d+$")

    def test_a_lint_s_note(self) -> None:
        """Some verifiers refuse TLS certificates of more than 825 days."""
        sub = self.sub(self.region())
        dry = sub.check_request(type=pca.CertType.SERVER, dns="a.example", years=3)
        self.assertEqual({one.severity for one in dry}, {1})
        self.assertTrue(all(one.name and one.message for one in dry))
