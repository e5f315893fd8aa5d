"""examples/python/issuer.py, asked by curl and judged by openssl; the tutorial's code, run."""
from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from datetime import timedelta

import pca

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "examples/python"))
import issuer  # noqa: E402


def run(*command: str, status: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != status:
        raise AssertionError(f"{command}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class TestIssuer(unittest.TestCase):
    def setUp(self) -> None:
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.dir = held.name
        self.start()

    def start(self) -> None:
        self.server = subprocess.Popen([sys.executable, str(TOP / "examples/python/issuer.py"), self.dir], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.stop, self.server)
        assert self.server.stdout
        self.url = self.server.stdout.readline().split()[-1]

    def stop(self, server: subprocess.Popen[str]) -> None:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(20), 0)
        if server.stdout:
            server.stdout.close()

    def curl(self, path: str, *arguments: str, token: bool = True) -> str:
        """The body, with the status as its last line."""
        held = pathlib.Path(self.dir, "token").read_text(encoding="ascii")
        shown = ["-H", f"Authorization: Bearer {held}"] if token else []
        return run("curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code}", *shown, *arguments, self.url + path)

    def test_issue_revoke_restart(self) -> None:
        at = f"{self.dir}/"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at + "s.key", "-out",
            at + "s.csr", "-subj", "/CN=ignored", "-addext", "subjectAltName=DNS:s.internal,IP:192.0.2.7")
        post = ("--data-binary", f"@{at}s.csr")
        self.assertTrue(self.curl("/certificates", *post, token=False).endswith("\n401"))
        said = self.curl("/certificates", *post, "-H", "Idempotency-Key: one")
        self.assertTrue(said.endswith("\n201"), said)
        self.assertEqual(self.curl("/certificates", *post, "-H", "Idempotency-Key: one"), said)
        self.assertEqual(said.count("BEGIN CERTIFICATE"), 2)
        pathlib.Path(at, "s.pem").write_text(said.rpartition("\n")[0], encoding="ascii")
        root = self.curl("/root.pem").rpartition("\n")[0]
        pathlib.Path(at, "root.pem").write_text(root, encoding="ascii")
        self.verify(0)
        refused = self.curl("/certificates", "--data-binary", "no CSR")
        self.assertRegex(refused, r'^\{"code": "CSR", "field": "csr", .*\}\n422$')
        self.assertTrue(self.curl("/elsewhere").endswith("\n404"))

        serial = run("openssl", "x509", "-in", at + "s.pem", "-noout", "-serial").strip().rpartition("=")[2]
        self.assertTrue(self.curl("/revocations", "--data-binary", serial).endswith("\n200"))
        self.assertTrue(self.curl("/revocations", "--data-binary", "00ff").endswith("\n404"))
        pathlib.Path(at, "nul").write_bytes(b"00\0ff")
        self.assertTrue(self.curl("/revocations", "--data-binary", f"@{at}nul").endswith("\n422"))
        self.assertTrue(self.curl("/revocations", "--data-binary", "x", "-H", "Content-Length: x").endswith("\n413"))
        self.verify(2, "certificate revoked")
        self.stop(self.server)
        self.start()
        self.assertEqual(self.curl("/root.pem").rpartition("\n")[0], root)
        self.verify(2, "certificate revoked")

    def verify(self, status: int, text: str = "") -> None:
        at = f"{self.dir}/"
        run("curl", "--silent", "--fail", "--output", at + "crl.der", self.url + "/crl")
        run("openssl", "crl", "-inform", "DER", "-in", at + "crl.der", "-out", at + "crl.pem")
        done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", at + "root.pem", "-untrusted", at + "s.pem", "-crl_check",
                               "-CRLfile", at + "crl.pem", "-purpose", "sslserver", "-verify_hostname", "s.internal", at + "s.pem"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(text, done.stdout + done.stderr)


class TestIssuersCa(unittest.TestCase):
    def setUp(self) -> None:
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.dir = pathlib.Path(held.name)

    def test_the_crl_is_made_anew_in_time(self) -> None:
        """Its period is a day: before noon the same, after that the next."""
        hour = 0
        region = pca.Region.create(self.dir / "ca", "issuer", insecure_plain_keys=True, clock=lambda: 1800014400 + hour * 3600)
        self.addCleanup(region.close)
        root = region.purchase(12).enable(common_name="Root")
        root.default_sub().enable(common_name="Sub", alias="issuing", crl_url="http://127.0.0.1/crl", crl_days=1)
        first = issuer.crl(region)
        hour = 11
        self.assertEqual(issuer.crl(region), first)
        hour = 13
        self.assertNotEqual(issuer.crl(region), first)
        self.assertEqual(region.sub("issuing").crl_info().next_update, region.stat().time + timedelta(days=1))

    def test_a_first_start_that_was_interrupted_goes_on(self) -> None:
        """Certificates were bought, and not yet assigned."""
        passphrase = issuer.secret(self.dir / "passphrase")
        with pca.Region.create(self.dir / "ca", "issuer", passphrase=passphrase, actor="issuer") as region:
            root = region.purchase(120, token="root").enable(common_name="Example Root", alias="root", years=10)
            root.purchase_certificates(1000, token="stock")
        for _ in range(2):
            with issuer.authority(self.dir, "http://127.0.0.1") as region:
                self.assertEqual((region.sub("issuing").remaining, region.root("root").purchased), (1000, 1000))


class TestTutorial(unittest.TestCase):
    def test_the_code_of_the_page_runs(self) -> None:
        """All blocks of docs/python.md, one after another, in an empty directory; what it says is printed is printed."""
        page = (TOP / "docs" / "python.md").read_text(encoding="utf-8")
        code = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S))
        wanted = "".join(re.findall(r"^```text\n(.*?)^```$", page, re.M | re.S))
        self.assertGreater(len(code.splitlines()), 30)
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, wanted)


class TestHelp(unittest.TestCase):
    def test_help_reads_well(self) -> None:
        """help(pca) names the nouns; everything public has a docstring."""
        import pydoc
        said = pydoc.plain(pydoc.render_doc(pca))
        for word in ("class Region", "class Sub", "Issues a certificate", "class QuotaError", "snapshot"):
            self.assertIn(word, said)
        for name in pca.__all__:
            thing = getattr(pca, name)
            if isinstance(thing, type):
                self.assertTrue(thing.__doc__, name)
                for part, held in vars(thing).items():
                    if callable(held) and not part.startswith("_") and thing.__module__.startswith("pca"):
                        self.assertTrue(held.__doc__, f"{name}.{part}")
