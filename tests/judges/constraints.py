#!/usr/bin/env python3
"""constraints.py TABLE DIR  has the judges read tests/vectors/name_constraints.tsv

For each row openssl makes, below DIR, a CA with the constraint and a certificate with the name; libpca has no part in it. A
judge says whether the chain holds. The verdict of the table is libpca's; its last column has the judges who see it in another way,
in one version or the other, and are not asked.
"""
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

from cases import Cases
from judge import summon
from judges import JUDGES
from questions import Verify
from tools import find, run

# The kinds of constraint that each knows; what it does not know it refuses, or passes over.
ALL = frozenset({'dns', 'ip', 'email', 'uri', 'directory'})
KNOWN = {'openssl': ALL, 'certtool': ALL - {'uri', 'directory'}, 'nss': ALL, 'go': ALL - {'directory'}, 'java': ALL, 'cryptography': ALL - {'email', 'uri', 'directory'}}
CONFIG = '''[req]
distinguished_name = dn
prompt = no
utf8 = yes
string_mask = utf8only
[dn]
{dn}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{constraints}
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{san}
'''


@dataclass(frozen=True)
class Row:
    number: int
    list: str
    kind: str
    constraint: str
    name_kind: str
    name: str
    verdict: str
    differs: str

    @property
    def text(self):
        return f'{self.list} {self.kind} "{self.constraint}": {self.name_kind} "{self.name}"'


def read_table(path):
    lines = path.read_text().splitlines()[1:]
    return [Row(i, *line.split('\t')) for i, line in enumerate(lines)]


# ---- What openssl is told ----

def dn_section(text):
    """The lines of a section for an RFC 4514 text without escapes, whose order is the other way round."""
    names = {'C': 'countryName', 'O': 'organizationName', 'OU': 'organizationalUnitName', 'CN': 'commonName'}
    parts = [part.split('=', 1) for part in reversed(text.split(','))]
    return '\n'.join(f'{i}.{names.get(key, key)} = {value}' for i, (key, value) in enumerate(parts))


def mask(prefix, bits):
    whole = (1 << bits) - (1 << bits - prefix)
    if bits == 32:
        return '.'.join(str(whole >> shift & 255) for shift in (24, 16, 8, 0))
    return ':'.join(f'{whole >> shift & 0xffff:x}' for shift in range(112, -1, -16))


def element(tag, *contents):
    inside = b''.join(contents)
    assert len(inside) < 128
    return bytes([tag, len(inside)]) + inside


def directory_name(text):
    types = {'C': (6, 0x13), 'O': (10, 0x0c), 'OU': (11, 0x0c), 'CN': (3, 0x0c)}
    parts = [part.split('=', 1) for part in reversed(text.split(','))]
    rdns = [element(0x31, element(0x30, bytes([6, 3, 0x55, 4, types[key][0]]), element(types[key][1], value.encode()))) for key, value in parts]
    return element(0xa4, element(0x30, *rdns))


def constraint_value(row):
    """Openssl's syntax has no empty name, and takes no UTF-8 in a directory name."""
    kind = {'dns': 'DNS', 'email': 'email', 'uri': 'URI', 'ip': 'IP', 'directory': ''}[row.kind]
    value = row.constraint
    if row.kind == 'directory' or not value:
        base = directory_name(value) if value else element(0x82)
        return f'nameConstraints = critical, DER:{element(0x30, element(0xa0 if row.list == "permitted" else 0xa1, element(0x30, base))).hex()}'
    if row.kind == 'ip':
        address, prefix = value.split('/')
        value = f'{address}/{mask(int(prefix), 128 if ":" in address else 32)}'
    return f'nameConstraints = critical, {row.list};{kind}:{value}'


def names_of(row):
    """(subject, subjectAltName line)"""
    if row.name_kind == 'subject':
        return dn_section(row.name), ''
    if row.name_kind == 'common name':
        return f'commonName = {row.name}', ''
    if row.name_kind == 'subject email':
        return f'organizationName = Leaf\nemailAddress = {row.name}', ''
    kind = {'dns': 'DNS', 'email': 'email', 'uri': 'URI', 'ip': 'IP'}[row.name_kind]
    return 'organizationName = Leaf', f'subjectAltName = @alt\n[alt]\n{kind}.1 = {row.name}'


def need(*args):
    status, said = run(*map(str, args))
    if status != 0:
        raise SystemExit(f'{" ".join(map(str, args))}: {said}')


def certify(openssl, directory, name, section, config, issuer):
    path = directory / f'{name}.cnf'
    path.write_text(config)
    signer = ('-CA', issuer / 'root.pem' if name == 'sub' else directory / 'sub.pem', '-CAkey', issuer / 'key.pem') if issuer else ()
    need(openssl, 'req', '-new', '-x509', '-days', '30', '-key', (issuer or directory) / 'key.pem', *signer, '-utf8', '-config', path, '-extensions', section,
         '-out', directory / f'{name}.pem')


def make_row(openssl, directory, row):
    place = directory / f'{row.number:03}'
    place.mkdir()
    sub = CONFIG.format(dn='commonName = Constrained CA', constraints=constraint_value(row), san='')
    subject, san = names_of(row)
    leaf = CONFIG.format(dn=subject, constraints='', san=san)
    certify(openssl, place, 'sub', 'ca', sub, directory)
    certify(openssl, place, 'leaf', 'leaf', leaf, directory)


def make_all(directory, rows):
    openssl = find('openssl')
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    need(openssl, 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', directory / 'key.pem')
    certify(openssl, directory, 'root', 'ca', CONFIG.format(dn='commonName = Root', constraints='', san=''), None)
    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(lambda row: make_row(openssl, directory, row), rows))


# ---- Asking ----

def question(directory, row):
    place = directory / f'{row.number:03}'
    purpose = 'server' if row.name_kind in ('dns', 'ip') else 'client'
    return Verify(place / 'leaf.pem', (place / 'sub.pem',), directory / 'root.pem', purpose)


def ask(cases, name, judge, directory, table):
    rows = [row for row in table if row.kind in KNOWN[name] and name not in row.differs.split()]
    answers = judge.answer([question(directory, row) for row in rows])
    wrong = []
    for row, (accepted, said) in zip(rows, answers):
        seen = 'allowed' if accepted else 'refused'
        if seen != row.verdict:
            wrong.append(f'{row.text}: {seen}, not {row.verdict}: {said.strip()[-200:]}')
    for verdict in ('allowed', 'refused'):
        if not any(row.verdict == verdict for row in rows):
            wrong.append(f'no row is {verdict}')
    if wrong:
        cases.failed(f'{name}: {len(rows)} chains', '\n    '.join([f'{len(wrong)} wrong answers', *wrong]))
    else:
        cases.passed(f'{name}: {len(rows)} chains')


def main(table, build):
    build = Path(build).resolve()
    build.mkdir(parents=True, exist_ok=True)
    cases, rows = Cases(), read_table(Path(table))
    directory = build / 'constraints'
    make_all(directory, rows)
    for name in KNOWN:
        judge = summon(name, JUDGES[name], JUDGES[name].registry, build, cases)
        if judge:
            ask(cases, name, judge, directory, rows)
    return cases.summary()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
