#!/usr/bin/env python3
"""An issuing service: POST a CSR, get a certificate with its chain; GET the CRL.

    python issuer.py DIRECTORY [PORT]

    curl --data-binary @server.csr -H "Authorization: Bearer $(cat DIRECTORY/token)" http://127.0.0.1:PORT/certificates
    curl http://127.0.0.1:PORT/crl          http://127.0.0.1:PORT/root.pem

DIRECTORY keeps the CA, its storage key and the token that requesters show. The first start makes all three. PORT 0, the default,
is any; the first line of output says which. Put TLS in front of it.
"""
from __future__ import annotations

import hmac
import json
import os
import pathlib
import re
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pca

LARGEST = 64 * 1024
DAYS = 90


def secret(path: pathlib.Path) -> str:
    """A file's secret, made when there is none."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())  # before anything is sealed under it
    return path.read_text(encoding="ascii")


def authority(directory: pathlib.Path, url: str) -> pca.Region:
    """The region with its root "root" and its subordinate "issuing"; the tokens make an interrupted first start go on."""
    passphrase = secret(directory / "passphrase")
    try:
        region = pca.Region.open(directory / "ca", passphrase=passphrase, actor="issuer")
    except pca.NotFoundError:
        region = pca.Region.create(directory / "ca", "issuer", passphrase=passphrase, actor="issuer")
    region.set_policy("short_lived", 1)
    root = region.purchase(120, token="root").reload()
    if root.state == pca.CaState.PURCHASED:
        root = root.enable(common_name="Example Root", alias="root", years=10)
    sub = root.default_sub()
    if sub.state == pca.CaState.PURCHASED:
        sub = sub.enable(common_name="Example Issuing CA", alias="issuing", years=5, crl_url=f"{url}/crl", crl_days=1)
    root.purchase_certificates(1000, token="stock")
    root.assign(sub, 1000, token="stock")
    return region


def crl(region: pca.Region) -> bytes:
    """The newest CRL: the next is made where it is due, after a revocation and at half of its period."""
    region.run_due()
    return region.sub("issuing").crl(pca.Format.DER)


class Handler(BaseHTTPRequestHandler):
    """One request. The region serves all threads at once."""

    region: pca.Region
    token: str

    def do_GET(self) -> None:
        """/crl, /root.pem."""
        try:
            self.publish()
        except pca.Error as refusal:
            self.refuse(refusal)

    def publish(self) -> None:
        """What anybody may have."""
        if self.path == "/crl":
            self.answer(200, "application/pkix-crl", crl(self.region))
        elif self.path == "/root.pem":
            self.answer(200, "application/x-pem-file", self.region.root("root").certificate_pem().encode())
        else:
            self.problem(404, "there is /crl and /root.pem")

    def do_POST(self) -> None:
        """/certificates: a CSR. /revocations: a serial number."""
        stated = self.headers.get("Content-Length") or ""
        length = int(stated) if re.fullmatch("[0-9]{1,9}", stated) else 0
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {self.token}".encode()):
            self.problem(401, "a bearer token is required")
        elif not 0 < length <= LARGEST:
            self.problem(413, f"1 to {LARGEST} octets")
        else:
            body = self.rfile.read(length)
            try:
                self.serve(body)
            except pca.Error as refusal:
                self.refuse(refusal)

    def serve(self, body: bytes) -> None:
        """What an authorized requester asks for."""
        sub = self.issuing()
        if self.path == "/certificates":
            cert = sub.request(type=pca.CertType.SERVER, csr=body, csr_san=True, days=DAYS, token=self.headers.get("Idempotency-Key"))
            self.answer(201, "application/x-pem-file", (cert.pem() + sub.chain_pem()).encode())
        elif self.path == "/revocations":
            serial = body.decode("ascii", "replace").replace("\0", "?").strip()
            sub.cert(serial).revoke(pca.Reason.SUPERSEDED)
            self.answer(200, "text/plain", b"revoked\n")
        else:
            self.problem(404, "there is /certificates and /revocations")

    def issuing(self) -> pca.Sub:
        return self.region.sub("issuing")

    def refuse(self, refusal: pca.Error) -> None:
        """The requester's fault is 4xx with all that the library says; ours is 500 without."""
        theirs = {pca.Code.INVALID, pca.Code.CSR, pca.Code.SAN, pca.Code.NAME, pca.Code.ALGORITHM, pca.Code.VALIDITY, pca.Code.LINT,
                  pca.Code.CONSTRAINT, pca.Code.TOKEN_REUSED, pca.Code.STATE}
        if refusal.code == pca.Code.NOT_FOUND:
            self.problem(404, refusal.message)
        elif refusal.code in theirs:
            self.answer(422, "application/json", json.dumps(
                {"code": refusal.code.name, "field": refusal.field, "message": refusal.message}).encode())
        else:
            self.log_error("%s", refusal)
            self.problem(500, "not now")

    def problem(self, status: int, message: str) -> None:
        self.answer(status, "text/plain", f"{message}\n".encode())

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    Handler.token = secret(directory / "token")
    with authority(directory, url) as Handler.region:
        print(f"listening on {url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        server.server_close()


if __name__ == "__main__":
    main()
