"""The judges: programs that libpca's authors did not write, each asked in its own way."""
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from questions import Crl, Issued, Verify
from tools import ENVIRONMENT, find, go_program, run


class Judge:
    name = ''
    registry = False  # it comes from a package registry
    can = frozenset()
    refusals = {}  # what a refusal of each kind says

    def answer(self, questions):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self.ask, questions))


def is_address(name):
    return ':' in name or name.replace('.', '').isdigit()


# ---- Judges that are a command line each question ----

class OpenSSL(Judge):
    name = 'openssl'
    can = frozenset({'verify', 'match', 'mail', 'at', 'crls', 'issued', 'crl', 'read'})
    refusals = {
        'revoked': 'certificate revoked', 'untrusted': 'unable to get .*issuer|error getting CRL issuer', 'forged': 'signature failure|verify failure',
        'expired': 'certificate has expired', 'early': 'not yet valid', 'name': '(hostname|email address|IP address) mismatch',
        'purpose': 'unsuitable certificate purpose', 'unreadable': 'unable to load|could not read'}

    def __init__(self, build):
        self.program = find('openssl')

    def verify(self, *args):
        return run(self.program, 'verify', '-x509_strict', '-check_ss_sig', '-no-CApath', '-no-CAstore', *map(str, args))

    def verify_leaf(self, q):
        args = ['-CAfile', q.root, '-purpose', 'sslserver' if q.purpose == 'server' else 'sslclient']
        for sub in q.subs:
            args += ['-untrusted', sub]
        if q.match != '-':
            args += ['-verify_email' if '@' in q.match else '-verify_ip' if is_address(q.match) else '-verify_hostname', q.match]
        if q.at:
            args += ['-attime', q.at]
        for crl in q.crls:
            args += ['-CRLfile', crl]
        return self.verify(*args, *(['-crl_check_all'] if q.crls else []), q.leaf)

    def ask(self, q):
        if isinstance(q, Verify):
            status, said = self.verify_leaf(q)
        elif isinstance(q, Issued):
            status, said = self.verify('-CAfile', q.issuer, '-partial_chain', q.certificate)
        elif isinstance(q, Crl):
            status, said = run(self.program, 'crl', '-verify', '-noout', '-in', q.crl, '-CAfile', q.issuer)
            status = status or 'verify OK' not in said
        else:
            kind = 'crl' if '.crl' in q.path.name else 'x509'
            status, said = run(self.program, kind, '-noout', '-text', '-in', q.path)
        return status == 0, said.strip()


class Certtool(Judge):
    name = 'certtool'
    can = frozenset({'verify', 'match', 'mail', 'crls', 'issued', 'crl', 'read'})
    refusals = {
        'revoked': 'chain is revoked', 'untrusted': 'issuer is unknown', 'forged': 'signature.*(invalid|failed)|signature in the certificate',
        'name': 'name.*does not match', 'purpose': 'purpose', 'unreadable': 'import error|error'}
    purposes = {'server': '1.3.6.1.5.5.7.3.1', 'client': '1.3.6.1.5.5.7.3.2'}

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
        status, said = run(self.program, '--crl-info' if '.crl' in q.path.name else '--certificate-info', '--infile', q.path)
        troubles = [line for line in said.splitlines() if re.search('warning|error|unknown|unsupported', line, re.I)]
        return status == 0 and not troubles, '; '.join(troubles) or said


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
    can = frozenset({'verify', 'match', 'mail', 'at', 'crls', 'issued', 'crl', 'entries', 'serial', 'read'})
    refusals = {
        'revoked': 'revoked', 'untrusted': 'unknown authority|no certificate|verification|issuer', 'forged': 'verification (failure|error)|unknown authority',
        'expired': 'has expired', 'early': 'not yet valid', 'name': 'valid for|not match|no mailbox', 'purpose': 'incompatible key usage',
        'unreadable': 'malformed|asn1|truncated'}

    def command(self, build):
        return go_program('go', build)


JUDGES = {j.name: j for j in (OpenSSL, Certtool, Go)}
