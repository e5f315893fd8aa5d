#!/usr/bin/env python3
"""judge.py NAME EMIT DIR        has the judge NAME read the trees that the program EMIT makes, below DIR
judge.py random RANDOM DIR N  has every judge read N certificates that the program RANDOM asked for at random

Cases are printed as cmocka prints them. A judge that cannot be had is skipped with the reason; under CI=true that is a
failure, unless PCA_JUDGES=debian says that this stage has no package registries. PCA_SEED repeats a random run.
"""
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import battery
import judges
import spoil
from cases import Cases
from tools import Absent, locked
from trees import emitted, read_trees


def required():
    return os.environ.get('CI') == 'true' and os.environ.get('PCA_JUDGES') != 'debian'


def summon(name, kind, registry, build, cases):
    """The judge, or None with the case that says why not."""
    try:
        if registry and os.environ.get('PCA_JUDGES') == 'debian':
            raise Absent('PCA_JUDGES=debian leaves out what comes from package registries')
        return kind(build)
    except Absent as reason:
        (cases.failed if required() else cases.skipped)(name, str(reason))
        return None


def judge_emitted(name, emit, build):
    cases = Cases()
    judge = summon(name, judges.JUDGES[name], judges.JUDGES[name].registry, build, cases)
    if judge:
        trees = emitted(emit, build)
        work = build / 'spoiled' / name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        battery.run(cases, judge, trees, spoil.Spoiler(work))
    return cases.summary()


def judge_random(program, build, count):
    cases = Cases()
    seed = os.environ.get('PCA_SEED') or str(secrets.randbits(32))
    print(f'seed {seed}', flush=True)
    directory = build / f'random-{count}'
    shutil.rmtree(directory, ignore_errors=True)
    made = subprocess.run([program, directory, seed, count], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode != 0:
        cases.failed(f'every request is granted, seed {seed}', made.stdout.strip())
        return cases.summary()
    cases.passed('every request is granted')
    trees = read_trees(directory)
    for name in judges.JUDGES:
        judge = summon(name, judges.JUDGES[name], judges.JUDGES[name].registry, build, cases)
        if judge:
            battery.run_together(cases, judge, trees)
    return cases.summary()


def main(args):
    build = Path(args[2]).resolve()
    build.mkdir(parents=True, exist_ok=True)
    if args[0] == 'random':
        with locked(build / 'random.lock'):
            return judge_random(args[1], build, args[3])
    return judge_emitted(args[0], args[1], build)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
