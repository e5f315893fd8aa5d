"""The judges: programs that libpca's authors did not write, each asked in its own way."""
import os
import re
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from pem import from_pem, halves
from questions import Crl, Issued, Key, Same, Verify
from tools import ENVIRONMENT, HERE, find, go_program, installed, java_program, prepare, python_with_requirements, run


class Judge:
    name = ''
    registry = False  # it comes from a package registry
    can = frozenset()
    families = 'rsa, ecc'
    unknown = 'it does not know SM2'  # why trees of other families are skipped; '': they have a judge like this of their own
    refusals = {}  # what a refusal of each kind says
    tls_only = False  # it judges no certificate that is for neither servers nor clients

    def answer(self, questions):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self.ask, questions))


def is_address(name):
    return ':' in name or name.replace('.', '').isdigit()


# ---- Judges that are a command line each question ----

def kind_of(path):
    return 'crl' if '.crl' in path.name else 'x509'


class OpenSSL(Judge):
    name = 'openssl'
    unknown = ''
    can = frozenset({'verify', 'match', 'mail', 'at', 'far', 'crls', 'issued', 'crl', 'read', 'same', 'key'})
    refusals = {
        'revoked': 'certificate revoked', 'untrusted': 'unable to get .*issuer|error getting CRL issuer', 'forged': 'signature failure|verify failure|verification failure',
        'expired': 'certificate has expired', 'early': 'not yet valid', 'name': '(hostname|email address|IP address) mismatch',
        'purpose': 'unsuitable certificate purpose', 'unreadable': 'unable to load|could not (read|find)', 'key': 'another key', 'same': 'other text'}

    def __init__(self, build):
        self.program = find('openssl')

    def verify(self, *args):
        return run(self.program, 'verify', '-x509_strict', '-check_ss_sig', '-no-CApath', '-no-CAstore', *map(str, args))

    def what_for(self, q):
        args = ['-purpose', 'sslserver' if q.purpose == 'server' else 'sslclient']
        if q.match != '-':
            args += ['-verify_email' if '@' in q.match else '-verify_ip' if is_address(q.match) else '-verify_hostname', q.match]
        return args + (['-attime', q.at] if q.at else [])

    def verify_leaf(self, q):
        args = ['-CAfile', q.root, *self.what_for(q)]
        for sub in q.subs:
            args += ['-untrusted', sub]
        for crl in q.crls:
            args += ['-CRLfile', crl]
        return self.verify(*args, *(['-crl_check_all'] if q.crls else []), q.leaf)

    def same(self, q):
        status, said = run(self.program, kind_of(q.pem), '-inform', 'DER', '-in', q.der)
        return (status, said) if status or said == q.pem.read_text() else (1, f'other text: {said}')

    def key(self, q):
        status, said = run(self.program, 'pkey', '-in', q.key, '-pubout')
        certified = run(self.program, 'x509', '-in', q.certificate, '-noout', '-pubkey')[1]
        return (status, said) if status or said == certified else (1, 'another key')

    def ask(self, q):
        if isinstance(q, Verify):
            status, said = self.verify_leaf(q)
        elif isinstance(q, Same):
            status, said = self.same(q)
        elif isinstance(q, Key):
            status, said = self.key(q)
        elif isinstance(q, Issued):
            status, said = self.verify('-CAfile', q.issuer, '-partial_chain', q.certificate)
        elif isinstance(q, Crl):
            status, said = run(self.program, 'crl', '-verify', '-noout', '-in', q.crl, '-CAfile', q.issuer)
            status = status or 'verify OK' not in said
        else:
            status, said = run(self.program, kind_of(q.path), '-noout', '-text', '-in', q.path)
        return status == 0, said.strip()


class OpenSSLSM2(OpenSSL):
    """openssl verify gives the signer's identity to the last certificate alone, and to no CRL: chains are judged in steps, and
    signatures of themselves and of CRLs by openssl dgst."""
    name = 'openssl-sm2'
    families = 'sm2'
    can = OpenSSL.can - {'crls'}
    identity = 'distid:1234567812345678'

    def step(self, certificate, issuer, *args):
        return run(self.program, 'verify', '-x509_strict', '-vfyopt', self.identity, '-no-CApath', '-no-CAstore', '-partial_chain', '-CAfile', issuer,
                   *map(str, args), certificate)

    def verify_leaf(self, q):
        status, said = self.step(q.leaf, q.subs[0] if q.subs else q.root, *self.what_for(q))
        for sub, issuer in zip(q.subs, (*q.subs[1:], q.root)):
            above, more = self.step(sub, issuer, *(['-attime', q.at] if q.at else []))
            status, said = status or above, said + more
        return status, said

    def signed(self, path, issuer):
        text, signature = halves(path)
        with tempfile.TemporaryDirectory() as directory:
            public, held, octets = (f'{directory}/{name}' for name in ('public', 'signature', 'text'))
            run(self.program, 'x509', '-in', issuer, '-noout', '-pubkey', '-out', public)
            for file, data in (held, signature), (octets, text):
                with open(file, 'wb') as out:
                    out.write(data)
            return run(self.program, 'dgst', '-sm3', '-verify', public, '-sigopt', self.identity, '-signature', held, octets)

    def crl(self, q):
        names = [run(self.program, kind_of(path), '-in', path, '-noout', name)[1].split('=', 1)[1]
                 for path, name in ((q.crl, '-issuer'), (q.issuer, '-subject'))]
        return self.signed(q.crl, q.issuer) if names[0] == names[1] else (1, 'error getting CRL issuer')

    def ask(self, q):
        if isinstance(q, Crl):
            status, said = self.crl(q)
        elif isinstance(q, Issued) and q.certificate == q.issuer:
            status, said = self.signed(q.certificate, q.issuer)
        elif isinstance(q, Issued):
            status, said = self.step(q.certificate, q.issuer)
        else:
            return super().ask(q)
        return status == 0, said.strip()


class Certtool(Judge):
    name = 'certtool'
    can = frozenset({'verify', 'match', 'mail', 'crls', 'issued', 'crl', 'read'})
    refusals = {
        'revoked': 'chain is revoked', 'untrusted': 'issuer is unknown', 'forged': 'signature.*(invalid|failed)|signature in the certificate',
        'name': 'name.*does not match', 'purpose': 'purpose', 'unreadable': 'import error|error'}
    purposes = {'server': '1.3.6.1.5.5.7.3.1', 'client': '1.3.6.1.5.5.7.3.2'}
    custom = re.compile(r'Unknown extension 1\.3\.6\.1\.4\.1\.32473\.|^\s*Subject: ')  # extensions of custom certificates; what they are called

    def __init__(self, build):
        self.program = find('certtool')

    def verify(self, certificates, root, *args):
        with tempfile.NamedTemporaryFile('w', suffix='.pem') as chain:
            chain.write(''.join(c.read_text() for c in certificates))
            chain.flush()
            status, said = run(self.program, '--verify', '--verify-profile', 'medium', '--load-ca-certificate', root, '--infile', chain.name, *args)
        return status == 0 and 'Chain verification output: Verified.' in said, said

    def verify_leaf(self, q):
        args = ['--verify-purpose', self.purposes[q.purpose]]
        if q.match != '-':
            args += ['--verify-email' if '@' in q.match else '--verify-hostname', q.match]
        with tempfile.NamedTemporaryFile('w', suffix='.pem') as crls:
            crls.write(''.join(c.read_text() for c in q.crls))
            crls.flush()
            return self.verify((q.leaf, *q.subs), q.root, *args, *(['--load-crl', crls.name] if q.crls else []))

    def ask(self, q):
        if isinstance(q, Verify):
            return self.verify_leaf(q)
        if isinstance(q, Issued):
            return self.verify((q.certificate,), q.issuer)
        if isinstance(q, Crl):
            status, said = run(self.program, '--verify-crl', '--verify-profile', 'medium', '--load-ca-certificate', q.issuer, '--infile', q.crl)
            return status == 0 and 'Verification output: Verified.' in said, said
        status, said = run(self.program, '--crl-info' if kind_of(q.path) == 'crl' else '--certificate-info', '--infile', q.path)
        troubles = [line for line in said.splitlines() if re.search('warning|error|unknown|unsupported', line, re.I) and not self.custom.search(line)]
        return status == 0 and not troubles, '; '.join(troubles) or said


class Nss(Judge):
    """A database for each use, root, subordinates and CRLs: what was imported once is remembered."""
    name = 'nss'
    tls_only = True
    can = frozenset({'verify', 'at', 'crls', 'issued', 'crl'})
    refusals = {
        'revoked': 'been revoked', 'untrusted': 'issuer is not recognized', 'forged': 'invalid signature', 'expired': 'has expired',
        'early': 'expired', 'purpose': 'not approved|usage inadequate'}
    usages = {'client': '0', 'server': '1', 'ca': '3'}

    def __init__(self, build):
        self.program, self.certutil, self.crlutil = find('vfychain'), find('certutil'), find('crlutil')
        self.directory = tempfile.TemporaryDirectory()
        self.databases = {}

    def answer(self, questions):
        return [self.ask(q) for q in questions]

    def database(self, use, root, subs=(), crls=()):
        if (use, root, subs, crls) not in self.databases:
            path = self.databases[use, root, subs, crls] = f'sql:{tempfile.mkdtemp(dir=self.directory.name)}'
            prepare(self.certutil, '-N', '-d', path, '--empty-password')
            for certificate, trust in (root, 'CT,,'), *((sub, ',,') for sub in subs):
                prepare(self.certutil, '-A', '-d', path, '-a', '-n', str(certificate), '-t', trust, '-i', certificate)
            for crl in crls:
                status, said = self.add_crl(path, crl)
                if status != 0:
                    raise SystemExit(f'{self.name}: {crl}: {said}')
        return self.databases[use, root, subs, crls]

    def add_crl(self, path, crl):
        with tempfile.NamedTemporaryFile() as der:
            der.write(from_pem(crl)[1])
            der.flush()
            return run(self.crlutil, '-I', '-d', path, '-i', der.name)

    def vfychain(self, path, certificate, usage, at=0):
        when = ['-b', time.strftime('%y%m%d%H%MZ', time.gmtime(at))] if at else []
        status, said = run(self.program, '-d', path, '-u', self.usages[usage], *when, '-a', certificate)
        return status == 0 and 'Chain is good' in said, said

    def ask(self, q):
        if isinstance(q, Verify):
            return self.vfychain(self.database(Verify, q.root, q.subs, q.crls), q.leaf, q.purpose, q.at)
        if isinstance(q, Issued):
            database = self.database(Issued, q.issuer)
            good, said = self.vfychain(database, q.certificate, 'ca')
            return self.vfychain(database, q.certificate, 'server') if 'cannot sign other certs' in said else (good, said)
        status, said = self.add_crl(self.database(Crl, q.issuer), q.crl)
        return status == 0, said


# ---- Judges that are a program which answers lines ----

def field(value):
    return ','.join(map(str, value)) or '-' if isinstance(value, tuple) else str(value)


class LineJudge(Judge):
    """A line is the kind of question and its fields, separated by tabs; an answer is ok or refused, a tab, and the text."""

    def command(self, build):
        raise NotImplementedError

    def __init__(self, build):
        self.arguments = self.command(build)

    def answer(self, questions):
        lines = ['\t'.join([type(q).__name__.lower(), *(field(v) for v in vars(q).values())]) for q in questions]
        done = subprocess.run(self.arguments, input='\n'.join(lines) + '\n', stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)
        answers = [line.split('\t', 1) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(answers) != len(questions):
            raise SystemExit(f'{self.name}: exit status {done.returncode}, {len(answers)} answers to {len(questions)} questions')
        return [(outcome == 'ok', text) for outcome, text in answers]


class Go(LineJudge):
    name = 'go'
    can = frozenset({'verify', 'match', 'mail', 'at', 'far', 'crls', 'issued', 'crl', 'entries', 'serial', 'read', 'key'})
    refusals = {
        'revoked': 'revoked', 'untrusted': 'unknown authority|no certificate|verification|issuer', 'forged': 'verification (failure|error)|unknown authority',
        'expired': 'has expired', 'early': 'not yet valid', 'name': 'valid for|not match|no mailbox', 'purpose': 'incompatible key usage',
        'unreadable': 'malformed|asn1|truncated', 'key': 'does not match'}

    def command(self, build):
        return go_program('go', build)


class Java(LineJudge):
    name = 'java'
    can = frozenset({'verify', 'at', 'far', 'crls', 'issued', 'crl', 'entries', 'serial', 'read'})
    refusals = {
        'revoked': 'has been revoked', 'untrusted': 'unable to find valid certification path|issuer', 'forged': 'signature', 'expired': 'CertificateExpired',
        'early': 'CertificateNotYetValid', 'purpose': 'key usage', 'unreadable': 'Parsing error|Unable to initialize'}

    def command(self, build):
        return java_program(build)


class BouncyCastle(Java):
    """The same program with BouncyCastle's certificates, signatures and PKIX."""
    name = 'bouncycastle'
    families = 'sm2'
    unknown = ''
    refusals = {**Java.refusals, 'untrusted': 'no issuer|unable to find|issuer', 'forged': 'signature|no issuer', 'revoked': 'revo', 'expired': 'expired',
                'early': 'not valid till', 'purpose': 'target', 'unreadable': 'corrupted|malformed|parse|DEF length|extra data|EOF'}

    def command(self, build):
        jar = installed('/usr/share/java/bcprov.jar', 'libbcprov-java')
        program = java_program(build)
        at = program.index('-cp') + 1
        return [*program[:at], f'{program[at]}:{jar}', '-Djudge.provider=org.bouncycastle.jce.provider.BouncyCastleProvider', *program[at + 1:]]


class Cryptography(LineJudge):
    """Python's cryptography, x509.verification."""
    name = 'cryptography'
    registry = True
    can = frozenset({'verify', 'match', 'mail', 'at', 'far', 'crls', 'issued', 'crl', 'entries', 'serial', 'read', 'key'})
    refusals = {
        'revoked': 'is revoked', 'untrusted': 'candidates exhausted|issuer', 'forged': 'signature', 'expired': 'not valid at validation time',
        'early': 'not valid at validation time', 'name': 'subject|no mailbox', 'purpose': 'EKU|ExtendedKeyUsage|no (matching )?subjectAltName', 'unreadable': 'parse|ASN.1', 'key': 'another key'}

    def command(self, build):
        return [python_with_requirements(build), str(HERE / 'python' / 'verifier.py')]


class Zlint(LineJudge):
    name = 'zlint'
    registry = True
    can = frozenset({'lint'})
    refusals = {
        'ca finding': 'e_ext_subject_key_identifier_missing_ca', 'leaf finding': 'e_ext_key_usage_without_bits',
        'uri finding': 'e_ext_san_uri_host_not_fqdn_or_ip', 'crl finding': 'e_crl_has_authority_key_identifier'}

    def command(self, build):
        return go_program('zlint', build)


class Pkilint(LineJudge):
    name = 'pkilint'
    registry = True
    can = frozenset({'lint', 'issued'})
    refusals = {
        'ca finding': 'certificate_skid_ca_missing', 'leaf finding': 'itu.invalid_asn1_syntax.*KeyUsage', 'crl finding': 'authority_key_identifier_missing',
        'uri finding': 'invalid_uri_syntax', 'untrusted': 'key_identifier_not_equal', 'forged': 'signature_verification_failed'}

    def command(self, build):
        return [python_with_requirements(build), str(HERE / 'python' / 'linter.py')]


JUDGES = {j.name: j for j in (OpenSSL, OpenSSLSM2, Certtool, Nss, Go, Java, BouncyCastle, Cryptography, Zlint, Pkilint)}
