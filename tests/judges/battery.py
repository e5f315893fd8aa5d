"""The questions that judges are asked, and the answers that are right."""
import re
import time
from dataclasses import dataclass, replace

from questions import Crl, Entries, Issued, Key, Lint, Read, Same, Serial, Verify

DAY = 86400
YEAR = 366 * DAY
CENTURY = 36500 * DAY
SHOWN = 20


@dataclass(frozen=True)
class Case:
    name: str
    question: object
    refusal: str = ''     # the kind of refusal that is right; '': to be accepted is
    compare: object = None  # of the text of an acceptance: None, or what is wrong with it

    def fault(self, judge, accepted, text):
        """None, or what is wrong with the answer."""
        if not self.refusal:
            return text if not accepted else self.compare(text) if self.compare else None
        if accepted:
            return 'accepted'
        pattern = judge.refusals.get(self.refusal, '.')
        return None if re.search(pattern, text, re.I | re.S) else f'refused for another reason than {self.refusal}: {text}'


def able(judge, cases):
    return [c for c in cases if c.question.needs <= judge.can]


# ---- What must be accepted, and what is revoked ----

def same_serial(serial):
    return lambda text: None if int(text, 16) == int(serial, 16) else f'serial {text}, not {serial}'


def same_entries(expected):
    def compare(text):
        read = sorted((int(serial, 16), reason, since) for serial, reason, since in (e.split(':') for e in text.split(',') if e))
        return None if read == expected else f'entries {read}, not {expected}'
    return compare


def issued_cases(tree, e, judge):
    if not judge.tls_only:
        yield Case(f'{tree.name}/{e.path.name} is the subordinate\'s', Issued(e.path, tree.sub))
    for purpose in ('server', 'client') if e.purpose == 'neither' else ():
        yield Case(f'{tree.name}/{e.path.name} is no {purpose}', Verify(e.path, (tree.sub,), tree.root, purpose), 'purpose')


def leaf_cases(tree, judge):
    for e in tree.leaves:
        if e.purpose not in ('server', 'client'):
            yield from issued_cases(tree, e, judge)
            continue
        verify = Verify(e.path, (tree.sub,), tree.root, e.purpose, e.match)
        if not verify.needs <= judge.can:
            verify = replace(verify, match='-')
        name = f'{tree.name}/{e.path.name} as a {e.purpose}'
        if 'crls' in judge.can:
            yield Case(f'{name}, {e.expect} by the CRLs', replace(verify, crls=tree.crls), 'revoked' if e.expect == 'revoked' else '')
        if 'crls' not in judge.can or e.expect == 'revoked':
            yield Case(name, verify)
        if 'verify' not in judge.can:
            yield Case(f'{name} is the subordinate\'s', Issued(e.path, tree.sub))
        if e.path.name == 'century.pem':
            yield Case(f'{name}, almost a century from now', replace(verify, at=int(time.time()) + CENTURY))


def file_cases(tree):
    for e in tree.certificates:
        name = f'{tree.name}/{e.path.name}'
        yield Case(f'{name} reads', Read(e.path))
        yield Case(f'{name} has its serial', Serial(e.path), compare=same_serial(e.serial))
        yield Case(f'{name} has no findings', Lint(e.path))
        yield Case(f'{name} is its DER form', Same(e.path, e.path.with_suffix('.der')))
        if e.path.with_suffix('.key').exists():
            yield Case(f'{name} has its key', Key(e.path.with_suffix('.key'), e.path))
    for crl, issuer in zip(tree.crls, (tree.root, tree.sub)):
        name = f'{tree.name}/{crl.name}'
        yield Case(f'{name} reads', Read(crl))
        yield Case(f'{name} is its issuer\'s', Crl(crl, issuer))
        yield Case(f'{name} has its entries', Entries(crl), compare=same_entries(tree.revocations(crl)))
        yield Case(f'{name} has no findings', Lint(crl))
        yield Case(f'{name} is its DER form', Same(crl, crl.with_suffix('')))
    yield Case(f'{tree.name}/root.pem is its own issuer', Issued(tree.root, tree.root))
    yield Case(f'{tree.name}/sub.pem is the root\'s', Issued(tree.sub, tree.root))


# ---- What must be refused ----

def wrong_chains(tree, other, spoiler):
    now = int(time.time())
    server, client = tree.file('server.pem'), tree.file('client.pem')
    right = Verify(server, (tree.sub,), tree.root, 'server')
    yield 'another root', replace(right, root=other.root), 'untrusted'
    yield 'a chain with a gap', replace(right, subs=()), 'untrusted'
    yield 'a flipped bit in the leaf\'s signature', replace(right, leaf=spoiler.flipped(server)), 'forged'
    yield 'a flipped bit in the subordinate\'s signature', replace(right, subs=(spoiler.flipped(tree.sub),)), 'forged'
    yield 'a time after the end', replace(right, at=now + YEAR), 'expired'
    yield 'a time before the start', replace(right, at=now - 2 * DAY), 'early'
    yield 'another host name', replace(right, match='db2.internal'), 'name'
    yield 'another address', replace(right, leaf=tree.file('ip-server.pem'), match='192.0.2.11'), 'name'
    yield 'two labels for one wildcard', replace(right, leaf=tree.file('wildcard.pem'), match='a.b.apps.internal'), 'name'
    yield 'another mailbox', replace(right, leaf=client, purpose='client', match='eve@example.com'), 'name'
    yield 'a client as a server', replace(right, leaf=client), 'purpose'
    yield 'a server as a client', replace(right, purpose='client'), 'purpose'


def controls(tree, other, spoiler):
    root_crl, sub_crl = tree.crls
    for name, question, refusal in wrong_chains(tree, other, spoiler):
        yield Case(f'{tree.name}: refuses {name}', question, refusal)
    yield Case(f'{tree.name}: refuses the root as a leaf\'s issuer', Issued(tree.file('server.pem'), tree.root), 'untrusted')
    yield Case(f'{tree.name}: refuses a flipped bit in a CA\'s signature', Issued(spoiler.flipped(tree.sub), tree.root), 'forged')
    yield Case(f'{tree.name}: refuses another CA\'s CRL', Crl(sub_crl, tree.root), 'untrusted')
    yield Case(f'{tree.name}: refuses a flipped bit in a CRL\'s signature', Crl(spoiler.flipped(sub_crl), tree.sub), 'forged')
    yield Case(f'{tree.name}: refuses a certificate cut short', Read(spoiler.cut(tree.sub)), 'unreadable')
    yield Case(f'{tree.name}: refuses a CRL cut short', Read(spoiler.cut(sub_crl)), 'unreadable')
    yield Case(f'{tree.name}: refuses another certificate\'s key', Key(tree.file('server.key'), tree.sub), 'key')
    yield Case(f'{tree.name}: refuses another certificate\'s DER form', Same(tree.sub, tree.file('root.der')), 'same')
    for name, path, old, new, finding in (
            ('a CA without a subject key identifier', tree.sub, '0603551d0e', '0603551d6e', 'ca finding'),
            ('a keyUsage of no bits', tree.file('client.pem'), '0603551d0f0101ff04040302....', '0603551d0f0101ff040403020700', 'leaf finding'),
            ('a URI whose host is one label', tree.file('uri-client.pem'), b'//example.com/'.hex(), b'//example-com/'.hex(), 'uri finding'),
            ('a CRL without an authority key identifier', root_crl, '0603551d23', '0603551d63', 'crl finding')):
        yield Case(f'{tree.name}: finds {name}', Lint(spoiler.replaced(path, finding.split()[0], old, new)), finding)


def usual(trees):
    return [t for t in trees if t.file('client.pem').exists()]


def every_case(judge, trees, spoiler):
    for tree in trees:
        yield from leaf_cases(tree, judge)
        yield from file_cases(tree)
    for tree in usual(trees):
        other = next(t for t in trees if t is not tree)
        yield from controls(tree, other, spoiler)


# ---- Asking ----

def faults(judge, cases):
    """(case, None or what is wrong) of each."""
    answers = judge.answer([c.question for c in cases])
    return [(c, c.fault(judge, *answer)) for c, answer in zip(cases, answers)]


def known(cases, judge, trees):
    """The trees of the families that the judge knows; of the others it is said why they are skipped."""
    others = [t.name for t in trees if t.family not in judge.families]
    if others and judge.unknown:
        cases.skipped(f'{judge.name}: {", ".join(others)}', judge.unknown)
    return [t for t in trees if t.family in judge.families]


def run(cases, judge, trees, spoiler):
    asked = able(judge, every_case(judge, known(cases, judge, trees), spoiler))
    if not any(case.refusal for case in asked):
        cases.failed(judge.name, 'it was shown nothing to refuse')
    for case, fault in faults(judge, asked):
        if fault:
            cases.failed(case.name, fault)
        else:
            cases.passed(case.name)


def run_together(cases, judge, trees):
    """One case a tree, for trees that are large."""
    for tree in known(cases, judge, trees):
        asked = able(judge, [*leaf_cases(tree, judge), *file_cases(tree)])
        wrong = [f'{case.name}: {fault}' for case, fault in faults(judge, asked) if fault]
        name = f'{judge.name}: {tree.name}, {len(tree.certificates)} certificates, {len(asked)} questions'
        if wrong:
            cases.failed(name, '\n    '.join([f'{len(wrong)} wrong answers', *wrong[:SHOWN]]))
        else:
            cases.passed(name)
