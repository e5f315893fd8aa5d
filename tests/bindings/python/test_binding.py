"""What is Python's own: exceptions, types, callbacks, threads, memory."""
from __future__ import annotations

import gc
import io
import ipaddress
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any

import pca

from support import KEY, RegionCase

NOW = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)


class TestErrors(RegionCase):
    def test_a_refusal_tells_all(self) -> None:
        sub = self.sub(self.region())
        refusal = self.refused(pca.SanError, sub.request, type=pca.CertType.SERVER, dns=["a.example", "b.example", "*.com."], days=90)
        self.assertEqual((refusal.code, refusal.object, refusal.field), (pca.Code.SAN, "request", "san[2]"))
        self.assertIn(refusal.message, str(refusal))
        again = pickle.loads(pickle.dumps(refusal))
        self.assertEqual((type(again), again.code, again.field, str(again)), (pca.SanError, pca.Code.SAN, "san[2]", str(refusal)))

    def test_what_python_refuses(self) -> None:
        sub = self.sub(self.region())
        wrong: list[tuple[type[Exception], Any]] = [
            (ValueError, {"dns": "bank.example\0.internal"}), (ValueError, {"dates": (datetime(2027, 1, 1), NOW)}),
            (TypeError, {"common_name": 7}), (TypeError, {"comon_name": "x"}), (ValueError, {"days": 2**70})]
        for problem, fields in wrong:
            with self.assertRaises(problem):
                sub.request(type=pca.CertType.SERVER, **fields)

    def test_no_exception_repeats_a_secret(self) -> None:
        sub = self.sub(self.region())
        for secret in ("Tr0ub4dor\0", "Tr0ub4dor\udcff"):
            for verb in (lambda: pca.Region.open(self.path, passphrase=secret), lambda: sub._region.login("hsm", "1", secret),
                         lambda: sub.request(type=pca.CertType.CLIENT, common_name="x", days=1, container=("hsm", "1"), pin=secret)):
                with self.assertRaises(ValueError) as caught:
                    verb()
                said = traceback.format_exception(ValueError, caught.exception, caught.exception.__traceback__)
                self.assertNotIn("Tr0ub4dor", "".join(said))

    def test_a_missing_library(self) -> None:
        code = "import pca, sys\ntry: pca.version()\nexcept ImportError as why: print(why)"
        said = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PCA_LIBRARY": "/nowhere/libpca.so"},
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("/nowhere/libpca.so", said)
        with self.assertRaises(ImportError):
            pca.load("/another/libpca.so")


class TestTypes(RegionCase):
    def test_what_comes_back(self) -> None:
        region = self.region(clock=lambda: NOW)
        sub = self.sub(region, crl_url="http://crl.example/ca.crl")
        cert = sub.request(type=pca.CertType.BOTH, common_name="both.example", ip=ipaddress.ip_address("2001:db8::1"), email="a@b.example",
                           days=90, custom_id="it")
        self.assertEqual(set(cert.sans), {(pca.SanType.DNS, "both.example"), (pca.SanType.IP, ipaddress.ip_address("2001:db8::1")),
                                          (pca.SanType.EMAIL, "a@b.example")})
        self.assertEqual(cert.not_before, NOW - timedelta(seconds=60))
        self.assertEqual(cert.not_after, NOW - timedelta(seconds=61) + timedelta(days=90))
        self.assertIsNone(cert.revoked_at)
        cert.set_tag("team", "web")
        cert.set_alias("label")
        self.assertEqual((cert.tags, cert.reload().tags, cert.reload().alias), ({}, {"team": "web"}, "label"))
        dated = sub.request(type=pca.CertType.CLIENT, common_name="dated", dates=(NOW, NOW + timedelta(days=30)))
        self.assertEqual((dated.not_before, dated.not_after), (NOW, NOW + timedelta(days=30)))
        self.assertEqual(region.cert_of(cert.der()).id, cert.id)
        self.assertEqual([one.id for one in region.expiring(NOW + timedelta(days=60))], [dated.id])
        self.assertEqual([one.id for one in region.certs(expires=NOW + timedelta(days=60))], [dated.id])
        with self.assertRaises(AttributeError):
            setattr(cert, "alias", "other")
        files = cert.export(pca.Format.PEM, chain=True, plain_key=True)
        files.write(self.dir)
        self.assertEqual(sorted(files), ["both.example.key", "both.example.pem", "root.pem"])
        for name, data in files.items():
            with open(f"{self.dir}/{name}", "rb") as file:
                self.assertEqual(file.read(), data)
        self.assertEqual(os.stat(f"{self.dir}/both.example.key").st_mode & 0o777, 0o600)
        self.assertEqual(len(region.new_password()), 26)

    def test_pages_are_walked(self) -> None:
        region = self.region()
        sub = self.sub(region)
        requests: list[pca.RequestFields] = [{"type": pca.CertType.CLIENT, "common_name": f"c{i}", "days": 30} for i in range(9)]
        done = sub.request_many([*requests, {"days": 1}])
        self.assertEqual([type(one) for one in done], [pca.Cert] * 9 + [pca.InvalidError])
        ids = [one.id for one in done if isinstance(one, pca.Cert)]
        self.assertEqual([one.id for one in region.certs(issuer=sub, limit=2)], ids)
        self.assertEqual([one.id for one in region.certs(name_prefix="C", limit=4)], ids)
        page = region.find_certs(issuer=sub.id, status=pca.Status.ISSUED, limit=4)
        self.assertEqual((len(page), page.total, page.exact, page.next != ""), (4, 9, True, True))
        last = page[-1]
        del page
        gc.collect()
        self.assertEqual(last.subject, "CN=c3")
        self.assertEqual([entry.units for entry in region.ledger(limit=3) if entry.action == "issued"], [-1] * 9)
        self.assertEqual([ca.alias for ca in region.cas(state=pca.CaState.ENABLED, limit=1)], ["root", "issuing"])
        root, = region.roots()
        self.assertEqual((root.as_root().id, [one.as_sub().id for one in root.as_root().subs()]), (sub.root_id, [sub.id]))
        with self.assertRaises(pca.NotFoundError):
            root.as_sub()

    def test_what_many_have_got_is_not_lost(self) -> None:
        """The clock fails in the second durable change: 256 certificates are issued, and come back."""
        reads: list[float] | None = None

        def now() -> float:
            if reads is not None:
                reads.append(time.time())
                if len(reads) > 1:
                    raise OSError("the battery is empty")
            return time.time()
        region = self.region(clock=now)
        sub = self.sub(region)
        root = sub.root()
        root.purchase_certificates(400)
        sub = root.assign(sub, 400)
        requests: list[pca.RequestFields] = [{"type": pca.CertType.CLIENT, "common_name": f"c{i}", "days": 30} for i in range(256 + 3)]
        reads = []
        done = sub.request_many(requests)
        reads = None
        self.assertEqual([type(one) for one in done[256:]], [pca.ClockError] * 3)
        ids = [one.id for one in done if isinstance(one, pca.Cert)]
        self.assertEqual(ids, [one.id for one in region.certs(issuer=sub)])
        self.assertEqual(len(ids), 256)
        reads = [0]
        self.refused(pca.ClockError, sub.request_many, requests[:1])
        reads = None

    def test_a_custom_certificate(self) -> None:
        sub = self.sub(self.region())
        fields: pca.RequestFields = {
            "type": pca.CertType.CUSTOM, "common_name": "Signer", "days": 30, "eku": ["1.3.6.1.5.5.7.3.8"],
            "policy": [("1.2.3.4", "https://example.org/cps"), ("1.2.3.5", None)], "subject_oid": [("2.5.4.5", "0815")],
            "extension": [("1.2.3.4.5", False, b"\x05\x00")], "uri": "https://example.org/1"}
        cert = sub.request(**fields)
        from cryptography import x509
        read = cert.to_cryptography()
        self.assertEqual(read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value[0].dotted_string, "1.3.6.1.5.5.7.3.8")
        own = read.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.3.4.5")).value
        self.assertEqual(own.public_bytes(), b"\x05\x00")


class TestLife(RegionCase):
    """Hierarchies and what else the story leaves out."""

    def test_a_hierarchy(self) -> None:
        region = self.region()
        root = region.purchase(240, token="buy").enable(common_name="Top", years=20, crl_url="http://crl.example/1.crl")
        root = root.renew(12)
        self.assertEqual(root.months, 252)
        middle = root.purchase_sub(120).enable(common_name="Middle", path_length=1, years=8)
        low = root.purchase_sub(60).renew(6).enable(parent=middle, common_name="Low", years=2)
        self.assertEqual((low.months, low.path_length, low.root().id), (66, 0, root.id))
        parent = low.parent()
        assert parent is not None
        self.assertEqual((parent.id, middle.parent()), (middle.id, None))
        self.assertEqual(low.chain_pem(root=True).count("BEGIN CERTIFICATE"), 3)
        root.rekey(crl_url="http://crl.example/2.crl", years=20)
        root = root.reload()
        self.assertEqual((root.generation, root.crl_url_at(1), root.crl_url), (2, "http://crl.example/1.crl", "http://crl.example/2.crl"))
        self.assertNotEqual(root.certificate_der(1), root.certificate_der(2))
        root.make_crl()
        self.assertNotEqual(root.crl(generation=1), root.crl(generation=2))
        self.assertEqual(root.crl_info(generation=1).entries, 0)
        out = io.BytesIO()
        root.stream_crl(out, pca.Format.PEM, generation=1)
        self.assertEqual(out.getvalue(), root.crl(pca.Format.PEM, generation=1))
        root.write_crl(f"{self.dir}/1.crl", generation=1)
        root.write_crl(f"{self.dir}/2.crl")
        with open(f"{self.dir}/2.crl", "rb") as file:
            self.assertEqual(file.read(), root.crl())
        middle.reissue(years=9, path_length=1)
        middle.set_urls(ocsp_url="http://ocsp.example", issuer_url="http://aia.example/ca.cer")
        middle.set_crl("http://crl.example/middle.crl", 5)
        middle.set_alias("middle")
        middle.set_tag("where", "Berlin")
        middle = middle.reload()
        self.assertEqual((middle.ocsp_url, middle.issuer_url, middle.crl_url, middle.crl_days, middle.alias, middle.tags),
                         ("http://ocsp.example", "http://aia.example/ca.cer", "http://crl.example/middle.crl", 5, "middle",
                          {"where": "Berlin"}))
        self.assertEqual(region.find_cas(issuer=root).total, 3 - 1)

    def test_backup(self) -> None:
        region = self.region()
        self.sub(region)
        stream = io.BytesIO()
        steps: list[int] = []
        region.backup(stream, progress=lambda done, total: steps.append(done))
        region.backup(f"{self.dir}/backup")
        self.assertTrue(steps)
        with pca.Region.restore(f"{self.dir}/a", io.BytesIO(stream.getvalue()), key=KEY) as one:
            self.assertEqual((one.id, one.sub("issuing").subject), ("demo", "CN=Example Issuing CA"))
        pca.Region.restore(f"{self.dir}/b", f"{self.dir}/backup", key=KEY).close()
        region.compact(f"{self.dir}/c")
        region.change_storage_key(passphrase="correct horse battery staple")
        region.close()
        self.refused(pca.LockedError, pca.Region.open, self.path, key=KEY)
        with pca.Region.open(self.path, passphrase="correct horse battery staple", map_limit=2**30) as again:
            again.accept_clock()
            self.assertEqual((again.stat().cas, again.stat().limit), (2, 2**30))

    def test_a_backup_is_given_up(self) -> None:
        region = self.region()

        def enough(done: int, total: int) -> None:
            raise TimeoutError("enough")
        refusal = self.refused(pca.CancelledError, region.backup, io.BytesIO(), progress=enough)
        self.assertIsInstance(refusal.__cause__, TimeoutError)


class TestCallbacks(RegionCase):
    def test_a_failing_clock_is_the_cause(self) -> None:
        region = self.region()
        region.close()

        def stopped() -> int:
            raise OSError("the battery is empty")
        with pca.Region.open(self.path, key=KEY, clock=stopped) as late:
            refusal = self.refused(pca.ClockError, late.purchase, 12)
        self.assertIn("battery", str(refusal))
        self.assertIsInstance(refusal.__cause__, OSError)

    def test_an_interrupt_arrives_as_such(self) -> None:
        def interrupted() -> int:
            raise KeyboardInterrupt
        region = self.region()
        with pca.Region.open(self.path, key=KEY, clock=interrupted) as late, self.assertRaises(KeyboardInterrupt):
            late.purchase(12)
        region.check()

    def test_a_callback_may_use_the_region_but_not_close_it(self) -> None:
        problems: list[Exception] = []
        held: list[pca.Region] = []

        def now() -> float:
            if held:
                region = held.pop()
                self.assertEqual(region.policy("short_lived"), 0)
                try:
                    region.close()
                except RuntimeError as problem:
                    problems.append(problem)
            return time.time()
        region = self.region(clock=now)
        held.append(region)
        region.purchase(12)
        self.assertEqual(len(problems), 1)

    def test_nor_while_a_snapshot_is_asked(self) -> None:
        problems: list[Exception] = []
        held: list[pca.Region] = []

        def close() -> None:
            if held:
                try:
                    held.pop().close()
                except RuntimeError as problem:
                    problems.append(problem)

        def now() -> float:
            close()
            return time.time()

        class Closing:
            def write(self, data: bytes) -> None:
                close()
        region = self.region(clock=now)
        sub = self.sub(region)
        held.append(region)
        sub.request(type=pca.CertType.CLIENT, common_name="Ada", days=1)
        sub.make_crl()
        held.append(region)
        sub.stream_crl(Closing())
        self.assertEqual(len(problems), 2)
        region.close()

    def test_every_exception_is_a_failure(self) -> None:
        """One without a code, and one whose text is no UTF-8."""
        sub = self.sub(self.region())
        sub.make_crl()

        class Failing:
            def write(self, data: bytes) -> None:
                raise problem
        for problem in (pca.Error("without a code"), OSError("no such file: \udcff"), ValueError("\0")):
            refusal = self.refused(pca.CancelledError, sub.stream_crl, Failing())
            self.assertIs(refusal.__cause__, problem)
            self.assertTrue(str(problem))

    def test_a_sink_that_takes_little(self) -> None:
        sub = self.sub(self.region())
        sub.make_crl()
        pieces: list[bytes] = []

        class Little:
            def write(self, data: bytes) -> int:
                pieces.append(data[:7])
                return min(7, len(data))
        sub.stream_crl(Little())
        self.assertEqual(b"".join(pieces), sub.crl())

        class Full:
            def write(self, data: bytes) -> int:
                raise pca.FullError("the disk is a teapot")
        refusal = self.refused(pca.FullError, sub.stream_crl, Full())
        self.assertIn("teapot", str(refusal))

    def test_a_key_wrapper(self) -> None:
        class Wrapper:
            def wrap(self, key: bytes) -> bytes:
                return b"wrapped:" + bytes(octet ^ 0x55 for octet in key)

            def unwrap(self, wrapped: bytes) -> bytes:
                return bytes(octet ^ 0x55 for octet in wrapped.removeprefix(b"wrapped:"))
        with pca.Region.create(self.path, "demo", key_wrapper=Wrapper()) as region:
            region.purchase(12).enable(common_name="Wrapped")

        class Other(Wrapper):
            def unwrap(self, wrapped: bytes) -> bytes:
                return bytes(32)
        self.refused(pca.LockedError, pca.Region.open, self.path, key_wrapper=Other())
        pca.Region.open(self.path, key_wrapper=Wrapper()).close()

    def test_random_of_the_test(self) -> None:
        def give(size: int) -> bytes:
            return os.urandom(size)
        pca.Region.create(self.path, "demo", insecure_plain_keys=True, test_random=give, entropy=give).close()
        self.refused(pca.CryptoError, pca.Region.create, f"{self.dir}/short", "demo", key=KEY, entropy=lambda size: b"")


class TestMemory(RegionCase):
    def test_any_order(self) -> None:
        region = self.region(clock=time.time)
        sub = self.sub(region)
        cert = sub.request(type=pca.CertType.SERVER, dns="a.example", days=30)
        del region
        gc.collect()
        self.assertTrue(cert.pem().startswith("-----BEGIN"))
        root = sub.root()
        del sub
        gc.collect()
        root._region.close()
        root._region.close()
        self.assertEqual(root.subject, "CN=Example Root")
        self.refused(pca.ClosedError, root.make_crl)
        self.refused(pca.ClosedError, cert.pem)
        self.refused(pca.ClosedError, root._region.check)
        self.assertIn("closed", repr(root._region))
        del root, cert
        gc.collect()

    def test_dropped_while_open(self) -> None:
        code = ("import pca, sys\nr = pca.Region.create(sys.argv[1], 'demo', insecure_plain_keys=True, clock=lambda: 1800014400)\n"
                "c = r.purchase(12)\ndel r\ne = c.default_sub()\n")
        subprocess.run([sys.executable, "-c", code, self.path], check=True, timeout=60)

    def test_close_waits_for_calls(self) -> None:
        inside, on = threading.Event(), threading.Event()

        def now() -> float:
            if threading.current_thread() is caller:
                inside.set()
                on.wait(10)
            return time.time()
        caller = threading.Thread()
        region = self.region(clock=now)
        done: list[object] = []
        caller = threading.Thread(target=lambda: done.append(region.purchase(12)))
        caller.start()
        self.assertTrue(inside.wait(10))
        closer = threading.Thread(target=region.close)
        closer.start()
        time.sleep(0.05)
        self.assertTrue(closer.is_alive())
        on.set()
        caller.join(10)
        closer.join(10)
        self.assertFalse(closer.is_alive() or caller.is_alive())
        self.assertEqual(len(done), 1)

    def test_calls_release_the_lock(self) -> None:
        """A passphrase is stretched by hundreds of thousands of rounds: meanwhile this thread goes on counting. The machine may be
        busy with something else; but with the lock held this thread would stand still every time."""
        still = []
        for name in "abcde":
            opener = threading.Thread(target=lambda: pca.Region.create(f"{self.dir}/{name}", "demo", passphrase="slow").close())
            longest = 0.0
            opener.start()
            before = begin = time.monotonic()
            while opener.is_alive():
                now = time.monotonic()
                longest, before = max(longest, now - before), now
            still.append(longest / (time.monotonic() - begin))
            if still[-1] < 0.5:
                return
        self.fail(f"stood still for these shares of a call: {still}")

    def test_threads_issue_at_once(self) -> None:
        sub = self.sub(self.region())
        told: list[object] = []

        def issue(name: str) -> None:
            try:
                told.append(sub.request(type=pca.CertType.SERVER, dns=name, days=30).sans[0][1])
            except pca.Error as refusal:
                told.append(refusal.field)
        names = [f"t{i}.example" for i in range(6)] + ["*.com."]
        threads = [threading.Thread(target=issue, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(sorted(map(str, told)), ["san[0]", *names[:6]])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
    def test_a_child_is_told(self) -> None:
        sub = self.sub(self.region())
        child = os.fork()
        if child == 0:
            try:
                sub.make_crl()
            except pca.ForkedError:
                os._exit(7 if sub.alias == "issuing" else 8)
            os._exit(9)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)


class TestInterop(RegionCase):
    def test_cryptography(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        region = self.region()
        sub = self.sub(region)
        key = ec.generate_private_key(ec.SECP256R1())
        csr = (x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "c.example")]))
               .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
        cert = sub.request(type=pca.CertType.SERVER, csr=csr, csr_subject=True, days=30)
        self.assertEqual((cert.container, cert.ignored), (pca.Container.CSR, ["basicConstraints (2.5.29.19)"]))
        read = cert.to_cryptography()
        self.assertEqual(read.public_key(), key.public_key())
        read.verify_directly_issued_by(sub.to_cryptography())
        self.assertEqual(region.cert_of(read).id, cert.id)
        vouched = sub.request(type=pca.CertType.CLIENT, common_name="v", public_key=key.public_key(), days=30, crl_address=False)
        self.assertEqual(vouched.to_cryptography().public_key(), key.public_key())
        self.refused(pca.NotExportableError, vouched.private_key)
        made = sub.request(type=pca.CertType.CLIENT, common_name="m", longest=True, key_algorithm=pca.KeyAlgorithm.EC_P384)
        self.assertEqual(made.private_key().public_key(), made.to_cryptography().public_key())
        made.revoke(pca.Reason.SUPERSEDED, invalidity=NOW - timedelta(days=600))
        sub.make_crl()
        crl = sub.crl_to_cryptography()
        entry = crl.get_revoked_certificate_by_serial_number(int(made.serial, 16))
        assert entry is not None
        self.assertTrue(crl.is_signature_valid(sub.to_cryptography().public_key()))  # type: ignore[arg-type]
