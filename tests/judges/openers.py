"""Programs that open downloads, each in its own way. What one cannot open is Refused."""
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools import ENVIRONMENT, HERE, find, installed, java_program, python_with_requirements, run


class Refused(Exception):
    pass


@dataclass(frozen=True)
class Contents:
    public: bytes  # SubjectPublicKeyInfo of the private key
    certificates: tuple  # DER, in the order of the file
    name: str


def output(*args, given=b''):
    done = subprocess.run([str(a) for a in args], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    if done.returncode != 0:
        raise Refused((done.stderr or done.stdout).decode(errors='replace').strip())
    return done.stdout


def to_der(pem):
    """A certificate; openssl decodes the base64."""
    return output(find('openssl'), 'x509', '-outform', 'DER', given=pem)


def blocks(text, label):
    return re.findall(rf'-----BEGIN {label}-----.*?-----END {label}-----\n'.encode(), text, re.S)


def elements(der):
    """Each element of a SEQUENCE's contents: (the whole, its contents)."""
    while der:
        size, begin = der[1], 2
        if size >= 0x80:
            begin += size & 0x7F
            size = int.from_bytes(der[2:begin], 'big')
        yield der[:begin + size], der[begin:begin + size]
        der = der[begin + size:]


def public_of(pem):
    return output(find('openssl'), 'pkey', '-pubout', '-outform', 'DER', given=pem)


class Opener:
    trees = ('rsa2048', 'p256', 'p384', 'p521')
    ordered = True  # the certificates come in the order of the file

    def __init__(self, build):
        self.openssl = find('openssl')


class OpenSSL(Opener):
    trees = Opener.trees + ('sm2',)

    def key(self, path, form, password):
        return output(self.openssl, 'pkey', '-in', path, '-inform', form, '-passin', f'pass:{password}', '-pubout', '-outform', 'DER')

    def pkcs7(self, path):
        return tuple(to_der(c) for c in blocks(output(self.openssl, 'pkcs7', '-in', path, '-print_certs'), 'CERTIFICATE'))

    def csr(self, path):
        """It says so and goes on where the signature is wrong."""
        status, said = run(self.openssl, 'req', '-in', path, '-noout', '-verify', '-vfyopt', 'distid:1234567812345678')
        if status != 0 or 'verify OK' not in said:
            raise Refused(said)
        return output(self.openssl, 'pkey', '-pubin', '-outform', 'DER', given=output(self.openssl, 'req', '-in', path, '-noout', '-pubkey'))

    def envelope(self, key, path, certificate):
        """SM2EnvelopedKey ::= SEQUENCE { algorithm, SM2Cipher, publicKey, encryptedPrivateKey BIT STRING } (GM/T 0009 7.4), in its steps."""
        [(_, fields)] = elements(path.read_bytes())
        _, (cipher, _), _, (_, secret) = elements(fields)
        sm4 = output(self.openssl, 'pkeyutl', '-decrypt', '-inkey', key, given=cipher)
        number = output(self.openssl, 'enc', '-d', '-sm4-ecb', '-nopad', '-K', sm4.hex(), given=secret[1:])
        ec_private_key = bytes.fromhex('30310201010420') + number + bytes.fromhex('A00A06082A811CCF5501822D')
        return output(self.openssl, 'pkey', '-inform', 'DER', '-pubout', '-outform', 'DER', given=ec_private_key)

    def pfx(self, path, password):
        said = output(self.openssl, 'pkcs12', '-in', path, '-passin', f'pass:{password}', '-nodes')
        name = re.search(r'friendlyName: ([ -~]*)\n', said.decode(errors='replace'))  # it shows no other characters
        return Contents(public_of(blocks(said, 'PRIVATE KEY')[0]), tuple(to_der(c) for c in blocks(said, 'CERTIFICATE')), name.group(1) if name else None)


class GnuTLS(Opener):
    def __init__(self, build):
        super().__init__(build)
        self.certtool = find('certtool')

    def key(self, path, form, password):
        form = ['--inder'] if form == 'DER' else []
        return output(self.certtool, '--pubkey-info', '--load-privkey', path, '--password', password, '--outder', *form)

    def pkcs7(self, path):
        return tuple(to_der(c) for c in blocks(output(self.certtool, '--p7-info', '--infile', path), 'CERTIFICATE'))

    def pfx(self, path, password):
        said = output(self.certtool, '--p12-info', '--inder', '--infile', path, '--password', password)
        with tempfile.NamedTemporaryFile() as key:
            key.write(blocks(said, 'ENCRYPTED PRIVATE KEY')[0])
            key.flush()
            public = self.key(key.name, 'PEM', password)
        name = re.search(r'Friendly name: (.*)', said.decode())
        return Contents(public, tuple(to_der(c) for c in blocks(said, 'CERTIFICATE')), name.group(1))


class Keytool(Opener):
    """What it shows of a store, and the private key by a detour: it writes no key but into another store."""
    trees = ('rsa2048', 'p521')  # it takes its time

    def __init__(self, build):
        super().__init__(build)
        self.keytool = find('keytool')

    def store(self, path, password):
        said = output(self.keytool, '-list', '-rfc', '-keystore', path, '-storepass', password)
        entry = re.search(r'Alias name: (.*)\n.*\nEntry type: PrivateKeyEntry', said.decode())
        if not entry:
            raise Refused(f'there is no private key: {said.decode()}')
        with tempfile.TemporaryDirectory() as directory:
            other = Path(directory) / 'other'
            output(self.keytool, '-importkeystore', '-noprompt', '-srckeystore', path, '-srcstorepass', password, '-destkeystore', other,
                   '-deststoretype', 'PKCS12', '-deststorepass', 'another')
            key = output(self.openssl, 'pkcs12', '-in', other, '-passin', 'pass:another', '-nocerts', '-nodes')
        return Contents(public_of(key), tuple(to_der(c) for c in blocks(said, 'CERTIFICATE')), entry.group(1))

    pfx = store
    jks = store


class Nss(Opener):
    """A fresh database, into which the PFX goes, and from which it comes back."""
    ordered = False

    def __init__(self, build):
        super().__init__(build)
        self.certutil, self.pk12util = find('certutil'), find('pk12util')

    def pfx(self, path, password):
        with tempfile.TemporaryDirectory() as directory:
            database, back = f'sql:{directory}', f'{directory}/back.pfx'
            output(self.certutil, '-N', '-d', database, '--empty-password')
            output(self.pk12util, '-i', path, '-d', database, '-W', password)
            listed = re.findall(r'^(.*?) +([uCTcPp]*,[uCTcPp]*,[uCTcPp]*) *$', output(self.certutil, '-L', '-d', database).decode(), re.M)
            own = [nick for nick, trust in listed if trust.startswith('u')]
            if len(own) != 1:
                raise Refused(f'private keys: {own}')
            output(self.pk12util, '-o', back, '-d', database, '-n', own[0], '-W', 'another')
            key = output(self.openssl, 'pkcs12', '-in', back, '-passin', 'pass:another', '-nocerts', '-nodes')
            certificates = tuple(output(self.certutil, '-L', '-d', database, '-n', nick, '-r') for nick, _ in listed)
            return Contents(public_of(key), certificates, own[0])


class Cryptography(Opener):
    """Python's cryptography."""

    def __init__(self, build):
        super().__init__(build)
        self.python = python_with_requirements(build)

    def ask(self, *question):
        return output(self.python, HERE / 'python' / 'opener.py', *question).decode().rstrip('\n').split('\t')

    def key(self, path, form, password):
        return bytes.fromhex(self.ask('key', path, form, password)[0])

    def pkcs7(self, path):
        return tuple(map(bytes.fromhex, self.ask('pkcs7', path)))

    def pfx(self, path, password):
        public, name, *certificates = self.ask('pfx', path, password)
        return Contents(bytes.fromhex(public), tuple(map(bytes.fromhex, certificates)), name)


class BouncyCastle(Opener):
    """The second reader of SM2."""
    trees = ('sm2', 'p256')
    def __init__(self, build):
        super().__init__(build)
        jars = [installed(f'/usr/share/java/{jar}.jar', f'lib{jar}-java') for jar in ('bcprov', 'bcutil')]
        self.command = java_program(build, 'Opener', jars)
        self.sm2 = java_program(build, 'Sm2', jars)

    def csr(self, path):
        return bytes.fromhex(output(*self.sm2, 'csr', path).decode().strip())

    def envelope(self, key, path, certificate):
        return bytes.fromhex(output(*self.sm2, 'pair', key, path, certificate).decode().strip())

    def pfx(self, path, password):
        public, name, *certificates = output(*self.command, path, password).decode().rstrip('\n').split('\t')
        return Contents(bytes.fromhex(public), tuple(map(bytes.fromhex, certificates)), name)


OPENERS = {'openssl': OpenSSL, 'gnutls': GnuTLS, 'keytool': Keytool, 'nss': Nss, 'cryptography': Cryptography, 'bouncycastle': BouncyCastle}
REGISTRY = {'cryptography'}


def public_of_certificate(path):
    status, pem = run(find('openssl'), 'x509', '-in', path, '-noout', '-pubkey')
    if status != 0:
        raise SystemExit(pem)
    return output(find('openssl'), 'pkey', '-pubin', '-outform', 'DER', given=pem.encode())
