"""What emit and random wrote; tree.h describes it."""
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tools import locked

FRESH_SECONDS = 3600


@dataclass(frozen=True)
class Entry:
    """A line of a manifest."""
    path: Path
    role: str
    purpose: str
    match: str
    expect: str
    serial: str
    reason: str
    since: str


@dataclass(frozen=True)
class Tree:
    name: str
    directory: Path
    entries: tuple

    @property
    def family(self):
        return 'sm2' if self.name.startswith('sm2') else 'rsa, ecc'

    def file(self, name):
        return self.directory / name

    @property
    def root(self):
        return self.file('root.pem')

    @property
    def sub(self):
        return self.file('sub.pem')

    @property
    def crls(self):
        return self.file('root.crl.pem'), self.file('sub.crl.pem')

    @property
    def leaves(self):
        return [e for e in self.entries if e.role == 'leaf']

    @property
    def certificates(self):
        """Every certificate once."""
        return list({e.path: e for e in self.entries if e.role != 'crl'}.values())

    def revocations(self, crl):
        """What must stand on a CRL: (serial, reason, invalidity date)."""
        role = 'sub' if crl.name.startswith('root') else 'leaf'
        held = {e.path: e for e in self.entries if e.role == role and e.reason != '-'}
        return sorted((int(e.serial, 16), e.reason, e.since) for e in held.values())


def read_trees(directory):
    trees = []
    for manifest in sorted(directory.glob('*/manifest.tsv')):
        lines = manifest.read_text().splitlines()
        entries = tuple(Entry(manifest.parent / f[0], *f[1:]) for f in (line.split('\t') for line in lines))
        trees.append(Tree(manifest.parent.name, manifest.parent, entries))
    if not trees:
        raise SystemExit(f'{directory}: no trees')
    return trees


def made(program, build, name):
    """What the program makes, in a directory of that name; anew when the program is newer, or when the dates grow old."""
    directory, stamp = build / name, build / f'{name}.stamp'
    with locked(build / f'{name}.lock'):
        last = stamp.stat().st_mtime if stamp.exists() else 0
        if last < Path(program).stat().st_mtime or last < time.time() - FRESH_SECONDS:
            shutil.rmtree(directory, ignore_errors=True)
            subprocess.run([program, directory], check=True)
            stamp.touch()
    return directory


def emitted(emit, build):
    return read_trees(made(emit, build, 'trees'))
