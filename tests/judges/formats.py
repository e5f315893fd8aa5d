#!/usr/bin/env python3
"""formats.py NAME FORMATS DIR  has NAME open the downloads that the program FORMATS makes, below DIR

NAME is one of openers.py, or tls: servers in Java with the key stores, and curl.
"""
import base64
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

from cases import Cases
from judge import summon
from openers import OPENERS, REGISTRY, Refused, public_of_certificate
from tools import ENVIRONMENT, find, java_program, run
from trees import made


@dataclass(frozen=True)
class Download:
    """A directory that formats.c describes."""
    directory: Path

    @property
    def name(self):
        return f'{self.directory.parent.name}/{self.directory.name}'

    @property
    def format(self):
        return self.directory.name.removeprefix('client-').split('-')[0]

    @property
    def how_much(self):
        return self.directory.name.split('-')[1]

    @property
    def password(self):
        return (self.directory.parent / 'password.txt').read_text().strip()

    def file(self, ending):
        return next(self.directory.glob(f'*{ending}'))

    @property
    def certificates(self):
        """What must be in it: DER, in order."""
        client = self.directory.name.startswith('client')
        whole = self.directory.parent / 'der-root'
        leaf = to_der((self.directory.parent / 'client-pem' / 'Ada_Lovelace.pem')) if client else (whole / 'app.internal.der').read_bytes()
        chain = [path.read_bytes() for path in sorted(whole.glob('chain-*.der'))]
        count = 2 if client or self.how_much in ('chain', 'legacy') else len(chain) if self.how_much == 'root' else 0
        return (leaf, *chain[:count])

    @property
    def public(self):
        return public_of_certificate(self.directory.parent / 'pem-plain' / 'app.internal.pem')


def to_der(pem):
    return subprocess.run([find('openssl'), 'x509', '-in', pem, '-outform', 'DER'], stdout=subprocess.PIPE, check=True).stdout


# ---- What each download must give ----

def differing(seen, expected, ordered=True):
    if ordered and seen != expected:
        return f'{len(seen)} certificates, which are not the {len(expected)} expected in their order'
    return None if sorted(seen) == sorted(expected) else f'{len(seen)} certificates, which are not the {len(expected)} expected'


def try_key(opener, download):
    form = 'DER' if download.format == 'der' else 'PEM'
    secret = download.how_much in ('secret', 'root')
    path = download.file('.key')
    if opener.key(path, form, download.password if secret else '') != download.public:
        return 'the private key is not the certificate\'s'
    return try_wrong(lambda: opener.key(path, form, f'{download.password}x')) if secret else None


def try_pair(opener, download):
    envelope, certificate = download.file('.envelope'), next(download.directory.glob('*_enc.[pd]e[mr]'))
    if opener.envelope(download.file('.key'), envelope, certificate) != public_of_certificate(certificate):
        return 'the enveloped key is not the encryption certificate\'s'
    stranger = download.directory.parent / 'pem-plain' / 'app.internal.key'
    return try_wrong(lambda: opener.envelope(stranger, envelope, certificate), 'another key opens it')


def to_pem(der, label):
    return f'-----BEGIN {label}-----\n'.encode() + base64.encodebytes(der) + f'-----END {label}-----\n'.encode()


def try_csr(opener, tree):
    """Of the issuing CA, written anew; and one in which a name is another."""
    der = subprocess.run([find('openssl'), 'req', '-in', tree / 'issuing.csr', '-outform', 'DER'], stdout=subprocess.PIPE, check=True).stdout
    with tempfile.TemporaryDirectory() as directory:
        same, changed = Path(directory) / 'same', Path(directory) / 'changed'
        same.write_bytes(to_pem(der, 'CERTIFICATE REQUEST'))
        changed.write_bytes(to_pem(der.replace(b'Formats Issuing', b'Formats issuing'), 'CERTIFICATE REQUEST'))
        if opener.csr(same) != public_of_certificate(tree / 'crt-chain' / 'app.internal_chain.crt'):
            return 'the CSR is not of the CA\'s key'
        return try_wrong(lambda: opener.csr(changed), 'a CSR that was changed verifies')


def try_pkcs7(opener, download):
    return differing(opener.pkcs7(download.file('.p7b')), download.certificates, ordered=False)


def try_store(opener, download):
    method = getattr(opener, download.format)
    path = download.file(f'.{download.format}')
    held = method(path, download.password)
    client = download.directory.name.startswith('client')
    if held.public != public_of_certificate(download.directory.parent / 'client-pem' / 'Ada_Lovelace.pem' if client
                                            else download.directory.parent / 'pem-plain' / 'app.internal.pem'):
        return 'the private key is not the certificate\'s'
    expected = 'Ada 王小明' if client else 'app.internal'
    if held.name is not None and held.name.lower() != expected.lower():
        return f'its name is {held.name}, not {expected}'
    return differing(held.certificates, download.certificates, opener.ordered) or try_wrong(lambda: method(path, f'{download.password}x'))


def try_wrong(opening, fault='a wrong password opens it'):
    try:
        opening()
    except Refused:
        return None
    return fault


def cases_of(opener, directory):
    if hasattr(opener, 'csr'):
        yield 'sm2 CSR', try_csr, directory / 'sm2'
    paths = sorted(path for tree in opener.trees for path in (directory / tree).iterdir() if '-' in path.name)
    for download in (Download(path) for path in paths if path.name not in ('client-pem', 'gone-pem')):
        if download.format in ('pfx', 'jks'):
            if hasattr(opener, download.format):
                yield download.name, try_store, download
        elif download.format == 'pair':
            if hasattr(opener, 'envelope'):
                yield download.name, try_pair, download
        else:
            if hasattr(opener, 'key'):
                yield f'{download.name} private key', try_key, download
            if download.format == 'pkcs7' and hasattr(opener, 'pkcs7'):
                yield download.name, try_pkcs7, download


def verdict(opener, question, download):
    try:
        return question(opener, download)
    except Refused as e:
        return f'refused: {e}'


def open_all(cases, opener, directory):
    wanted = list(cases_of(opener, directory))
    with ThreadPoolExecutor(cpu_count()) as pool:
        verdicts = list(pool.map(lambda c: verdict(opener, *c[1:]), wanted))
    for (name, _, _), fault in zip(wanted, verdicts):
        cases.failed(name, fault) if fault else cases.passed(name)


# ---- Servers in Java ----

class Tls:
    def __init__(self, build):
        self.curl = find('curl')
        self.command = java_program(build, 'Server')


@contextmanager
def serving(command, store, kind, password):
    """The port. The server ends when its input does."""
    with subprocess.Popen([*command, store, kind, password], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def try_server(tls, download, stranger):
    kind = {'jks': 'JKS', 'pfx': 'PKCS12'}[download.format]
    with serving(tls.command, download.file(f'.{download.format}'), kind, download.password) as port:
        if not port:
            return 'the server does not start'
        address = ['--silent', '--show-error', '--max-time', '20', '--resolve', f'app.internal:{port}:127.0.0.1', f'https://app.internal:{port}/']
        status, said = run(tls.curl, '--cacert', download.directory / 'root.pem', *address)
        if status != 0 or said != f'served with {kind}\n':
            return f'curl: {status}, {said}'
        status, said = run(tls.curl, '--cacert', stranger, *address)
        return None if status == 60 else f'curl trusts the server under another root: {status}, {said}'


def serve_all(cases, tls, directory):
    for tree, other in (('rsa2048', 'p256'), ('p256', 'rsa2048')):
        for name in ('jks-chain', 'jks-root', 'pfx-chain', 'pfx-legacy'):
            download = Download(directory / tree / name)
            fault = try_server(tls, download, directory / other / 'pem-plain' / 'root.pem')
            title = f'curl talks to a server with {download.name}'
            cases.failed(title, fault) if fault else cases.passed(title)


def main(name, formats, build):
    cases = Cases()
    build = Path(build).resolve()
    build.mkdir(parents=True, exist_ok=True)
    opener = summon(name, Tls if name == 'tls' else OPENERS[name], name in REGISTRY, build, cases)
    if opener:
        directory = made(formats, build, 'downloads')
        (serve_all if name == 'tls' else open_all)(cases, opener, directory)
    return cases.summary()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
