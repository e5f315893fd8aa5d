#!/usr/bin/env python3
"""The quickstart once more, from Python, to see what the header is like from there.

    python_trial.py LIBRARY [INCLUDE [WORK]]     LIBRARY: libpca.so; INCLUDE: where pca/pca.h is; WORK: an empty directory

Nothing is written by hand twice: `cc -E` reads the header, and what it says goes to cffi (ABI mode: no compiler is needed
after that). Clock and sink are Python functions. The last line is "python trial: ok".
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import cffi

HERE = pathlib.Path(__file__).resolve().parent


# ---- The header, mechanically ----

def declarations(include):
    """The header's own lines as C that cffi reads, and its numbers."""
    header = pathlib.Path(include) / "pca" / "driver.h"
    cc = os.environ.get("CC", "cc").split()
    text = subprocess.run([*cc, "-E", "-D__attribute__(x)=", "-I", str(include), str(header)],
                          check=True, capture_output=True, text=True).stdout
    kept, ours = [], False
    for line in text.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "/pca/" in marker[1]
        elif ours:
            kept.append(line)
    macros = subprocess.run([*cc, "-E", "-dM", "-I", str(include), str(header)],
                            check=True, capture_output=True, text=True).stdout
    numbers = {name: int(value) for name, value in
               re.findall(r"^#define (PCA_\w+) \(?(-?\d+)\)?$", macros, re.M)}
    left = {name for name in re.findall(r"^#define (PCA_\w+)\b", macros, re.M)} - set(numbers)
    return "\n".join(kept), numbers, left - {"PCA_PCA_H", "PCA_DRIVER_H", "PCA_API"}


# ---- A thin layer, as a binding would have it ----

class PcaError(Exception):
    def __init__(self, code, name, thing, field, message):
        super().__init__(f"{name}: {thing}: {message}")
        self.code, self.name, self.thing, self.field = code, name, thing, field


def octets(value):
    """Text for C, which a NUL inside would cut short without a word."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"NUL in {value!r}")
        return value.encode()
    return value


class Library:
    def __init__(self, path, include):
        cdef, self.numbers, self.left = declarations(include)
        self.ffi = cffi.FFI()
        self.ffi.cdef(cdef)
        self.c = self.ffi.dlopen(str(path))

    def __getattr__(self, name):
        """A PCA_ number."""
        try:
            return self.numbers[name]
        except KeyError:
            raise AttributeError(name) from None

    def text(self, borrowed):
        return self.ffi.string(borrowed).decode()

    def call(self, name, *arguments):
        """A verb: the last argument, the pca_error, is made here; a refusal becomes an exception."""
        err = self.ffi.gc(self.c.pca_error_new(), self.c.pca_error_free)
        code = getattr(self.c, name)(*map(octets, arguments), err)
        if code != self.PCA_OK:
            raise PcaError(code, self.text(self.c.pca_code_name(code)), self.text(self.c.pca_error_object(err)),
                           self.text(self.c.pca_error_field(err)), self.text(self.c.pca_error_message(err)))

    def make(self, kind, name, *arguments):
        """A verb with one output, owned by Python from here on."""
        out = self.ffi.new(f"pca_{kind} **")
        self.call(name, *arguments, out)
        free = "pca_region_close" if kind == "region" else f"pca_{kind}_free"
        return self.ffi.gc(out[0], getattr(self.c, free))

    def new(self, kind, **settings):
        """A builder. set_X(value), or add_X for each of a list."""
        builder = self.ffi.gc(getattr(self.c, f"pca_{kind}_new")(), getattr(self.c, f"pca_{kind}_free"))
        for key, value in settings.items():
            values = value if isinstance(value, list) else [value]
            verb = key if key.startswith(("add_", "use_")) else f"set_{key}"
            for one in values:
                one = () if one is True else one if isinstance(one, tuple) else (one,)
                getattr(self.c, f"pca_{kind}_{verb}")(builder, *map(octets, one))
        return builder

    def blob(self, name, *arguments):
        made = self.make("blob", name, *arguments)
        return bytes(self.ffi.buffer(self.c.pca_blob_data(made), self.c.pca_blob_size(made)))

    def callback(self, signature, function):
        """A host's function. An exception inside ends the verb with its text; 1 is no code, so libpca chooses one by the kind."""
        def guarded(context, *rest):
            try:
                return function(*rest)
            except Exception as problem:
                self.c.pca_error_set(rest[-1], 1, 0, repr(problem).encode())
                return 1
        return self.ffi.callback(signature, guarded)


# ---- The quickstart ----

def main(library, include, work):
    pca = Library(library, include)
    c, ffi = pca.c, pca.ffi
    print("version", pca.text(c.pca_version()), "|", len(pca.numbers), "numbers;", "not a number:", sorted(pca.left))
    calls = {"clock": 0, "sink": 0}

    def now(seconds, err):
        calls["clock"] += 1
        seconds[0] = int(time.time())
        return pca.PCA_OK

    now_c = pca.callback("int(void *, int64_t *, pca_error *)", now)
    clock = ffi.new("pca_clock *", {"version": pca.PCA_CLOCK_VERSION, "now": now_c})
    config = pca.new("config", key=(b"\x07" * 32, 32), clock=clock, actor="python")

    path = os.path.join(work, "region")
    try:
        pca.make("region", "pca_region_open", path, config)
        raise AssertionError("an empty directory is no region")
    except PcaError as missing:
        assert missing.code == pca.PCA_E_NOT_FOUND, missing
    region = pca.make("region", "pca_region_create", path, "python-trial", config)

    root = pca.make("root", "pca_root_purchase", region, pca.PCA_KIND_PRIVATE, pca.PCA_FAMILY_ECC, 120, "first-boot")
    pca.call("pca_root_enable", root, pca.new("request", common_name="Python Root", alias="root", years=10))
    sub = pca.make("sub", "pca_root_default_sub", root)
    pca.call("pca_sub_enable", sub, pca.new("request", common_name="Python Issuing CA", alias="issuing"))
    receipt = pca.make("receipt", "pca_root_purchase_certificates", root, 100, ffi.NULL)
    assert c.pca_receipt_billable(receipt) == 100
    pca.call("pca_root_assign", root, sub, 60, pca.PCA_ANY if "PCA_ANY" in pca.numbers else 2**64 - 1, "assign-1")
    sub = pca.make("sub", "pca_sub_reload", sub)
    assert c.pca_sub_remaining(sub) == 60

    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{work}/server.key",
            "-out", f"{work}/server.csr", "-subj", "/CN=py.internal", "-addext", "subjectAltName=DNS:py.internal")
    csr = pathlib.Path(work, "server.csr").read_bytes()
    server = pca.make("cert", "pca_sub_request", sub, pca.new(
        "request", type=pca.PCA_CERT_SERVER, csr=(csr, len(csr)), use_csr_subject=True, use_csr_san=True, years=1))
    client = pca.make("cert", "pca_sub_request", sub, pca.new(
        "request", type=pca.PCA_CERT_CLIENT, common_name="Zoë", add_email=["zoe@py.internal"], years=1))
    assert c.pca_cert_container(server) == pca.PCA_CONTAINER_CSR
    assert pca.text(c.pca_cert_subject(client)).startswith("CN=Zoë")
    files = pca.make("files", "pca_cert_export", client, pca.PCA_FORMAT_PEM, pca.PCA_WITH_CHAIN | pca.PCA_PLAIN_KEY, pca.ffi.NULL)
    pca.call("pca_files_write", files, work)
    names = [pca.text(c.pca_files_name(files, i)) for i in range(c.pca_files_count(files))]
    assert "root.pem" in names and len(names) == 3, names

    # A refusal: all of it arrives.
    try:
        pca.make("cert", "pca_sub_request", sub, pca.new(
            "request", type=pca.PCA_CERT_SERVER, add_dns=["a.internal", "b.internal", "*.com."], years=1))
        raise AssertionError("*.com. was accepted")
    except PcaError as refusal:
        assert refusal.code == pca.PCA_E_SAN and refusal.field == "san[2]", (refusal, refusal.field)
        print("refused as it should be:", refusal)

    try:
        pca.new("request", common_name="bank.example\0.internal")
        raise AssertionError("a NUL was accepted")
    except ValueError:
        pass

    # The second boot finds the CA, and the CRL runs through a sink of ours, which may also say no.
    del region
    region = pca.make("region", "pca_region_open", path, config)
    sub = pca.make("sub", "pca_region_sub_by_alias", region, "issuing")
    ca = c.pca_sub_ca(sub)
    server, client = (pca.make("cert", "pca_ca_cert_by_serial", ca, pca.text(c.pca_cert_serial(old))) for old in (server, client))
    pca.call("pca_cert_revoke", client, pca.PCA_REASON_KEY_COMPROMISE, 0, ffi.NULL)
    pca.call("pca_ca_crl_make", ca)
    pieces = []

    def write(data, size, err):
        calls["sink"] += 1
        pieces.append(bytes(ffi.buffer(data, size)))
        return pca.PCA_OK

    def fail(data, size, err):
        raise OSError("the disk is a teapot")

    write_c, fail_c = (pca.callback("int(void *, const uint8_t *, size_t, pca_error *)", f) for f in (write, fail))
    pca.call("pca_ca_crl_stream", ca, pca.PCA_FORMAT_PEM, ffi.new("pca_sink *", {"version": pca.PCA_SINK_VERSION, "write": write_c}))
    assert b"".join(pieces) == pca.blob("pca_ca_crl_get", ca, pca.PCA_FORMAT_PEM)
    try:
        pca.call("pca_ca_crl_stream", ca, pca.PCA_FORMAT_PEM, ffi.new("pca_sink *", {"version": pca.PCA_SINK_VERSION, "write": fail_c}))
        raise AssertionError("a failing sink passed")
    except PcaError as refusal:
        assert refusal.code == pca.PCA_E_CANCELLED and "teapot" in str(refusal), refusal

    # As may the clock.
    def stopped(seconds, err):
        raise OSError("the battery is empty")

    stopped_c = pca.callback("int(void *, int64_t *, pca_error *)", stopped)
    late = pca.new("config", key=(b"\x07" * 32, 32), clock=ffi.new("pca_clock *", {"version": pca.PCA_CLOCK_VERSION, "now": stopped_c}))
    try:
        pca.make("sub", "pca_region_sub_by_alias", pca.make("region", "pca_region_open", path, late), "issuing")
        raise AssertionError("a stopped clock passed")
    except PcaError as refusal:
        assert refusal.code == pca.PCA_E_CLOCK and "battery" in str(refusal), refusal

    page = pca.make("page", "pca_region_find_certs", region, pca.new("query", issuer=c.pca_ca_id(ca), limit=10))
    statuses = [c.pca_cert_status(c.pca_page_cert_at(page, i)) for i in range(c.pca_page_count(page))]
    assert sorted(statuses) == [pca.PCA_STATUS_ISSUED, pca.PCA_STATUS_REVOKED], statuses

    # openssl agrees.
    root = pca.make("root", "pca_region_root_by_alias", region, "root")
    pathlib.Path(work, "sub.pem").write_bytes(pca.blob("pca_ca_certificate", ca, pca.PCA_FORMAT_PEM))
    pathlib.Path(work, "sub.crl").write_bytes(b"".join(pieces))
    pathlib.Path(work, "server.pem").write_bytes(pca.blob("pca_cert_pem", server))
    pathlib.Path(work, "client.pem").write_bytes(pca.blob("pca_cert_pem", client))
    pathlib.Path(work, "root.pem").write_bytes(pca.blob("pca_ca_certificate", c.pca_root_ca(root), pca.PCA_FORMAT_PEM))
    verify = ["verify", "-x509_strict", "-CAfile", f"{work}/root.pem", "-untrusted", f"{work}/sub.pem",
              "-crl_check", "-CRLfile", f"{work}/sub.crl"]
    openssl(*verify, "-purpose", "sslserver", "-verify_hostname", "py.internal", f"{work}/server.pem")
    assert "certificate revoked" in openssl(*verify, f"{work}/client.pem", expect=2)

    # After closing, getters go on and verbs say so. (cffi owns the handle, so it closes it.)
    ffi.release(region)
    assert pca.text(c.pca_ca_subject(ca)).startswith("CN=Python Issuing CA")
    try:
        pca.call("pca_ca_crl_make", ca)
        raise AssertionError("a verb after close")
    except PcaError as refusal:
        assert refusal.code == pca.PCA_E_CLOSED, refusal
    assert calls["clock"] > 0 and calls["sink"] > 0, calls
    print(f"clock called {calls['clock']} times, sink {calls['sink']} times")
    print("python trial: ok")


def openssl(*arguments, expect=0):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    include_dir = sys.argv[2] if len(sys.argv) > 2 else HERE.parent.parent / "include"
    if len(sys.argv) > 3:
        main(sys.argv[1], include_dir, sys.argv[3])
    else:
        with tempfile.TemporaryDirectory() as directory:
            main(sys.argv[1], include_dir, directory)
