#!/usr/bin/env python3
"""The appliance's starts, and power cuts in the midst of them: appliance.py PROGRAM REGION_CHECK ROUNDS [SEED]."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from cases import blocks, case, judge, needs, run, serial, summary

needs('openssl')
program, region_check = map(os.path.abspath, sys.argv[1:3])
rounds = int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
chance = random.Random(seed)
work = pathlib.Path(tempfile.mkdtemp())
HOST = 'box.internal'
DAY = 86400
START = 1800000000  # 2027-01-15
judged = {}  # what openssl said of a file at a time
PAIR = ['CERTIFICATE', 'CERTIFICATE', 'PRIVATE KEY']


def start(box, when):
    status, said = run(program, box, HOST, when)
    return said.split() if status == 0 else ['refused', said]


def units(box):
    status, said = run(region_check, box)
    words = said.split()
    return dict(zip(words[::2], map(int, words[1::2]))) if status == 0 else {'wrong': said}


def whole(box, when):
    """What is wrong with the files that a web server would read now; nothing is there before the first start got so far."""
    web = box / 'web.pem'
    if not web.exists():
        return ''
    if blocks(web) != PAIR or blocks(box / 'root.pem') != ['CERTIFICATE']:
        return f'web.pem has {blocks(web)}, root.pem {blocks(box / "root.pem")}'
    about = web.read_bytes(), when
    if about not in judged:
        judged[about] = judge(box / 'root.pem', web, when, '-purpose', 'sslserver', '-verify_hostname', HOST)
    return judged[about]


def at_rest(box, when, issued, said):
    """After a start that was not cut short: nothing is left over, nothing was issued in vain."""
    left = sorted(path.name for path in box.iterdir())
    if left != ['region', 'root.pem', 'storage.key', 'web.pem']:
        return f'in the directory: {left}'
    if oct((box / 'web.pem').stat().st_mode & 0o777) != '0o600':
        return 'web.pem can be read by others'
    if said[:1] not in (['changed'], ['same']) or said[1] != serial(box / 'web.pem'):
        return f'it said {said}, and web.pem has {serial(box / "web.pem")}'
    has = units(box)
    if has.get('issued') != issued or has.get('certs') != issued:
        return f'the region has {has}, not {issued} issued'
    return whole(box, when)


def starts():
    box = work / 'box'
    first = start(box, START)
    case('first_start', at_rest(box, START, 1, first) or first[0] != 'changed' and first)
    before = (box / 'web.pem').stat()
    again = start(box, START + 3600)
    after = (box / 'web.pem').stat()
    case('later_start', at_rest(box, START + 3600, 1, again) or (again != ['same'] + first[1:] or before != after) and again)
    case('not_due', start(box, START + 59 * DAY) != ['same'] + first[1:] and 'it was renewed')
    renewed = start(box, START + 61 * DAY)
    case('renewed', at_rest(box, START + 61 * DAY, 2, renewed) or renewed[:2] == ['changed', first[1]] and renewed)
    # A private root brings ten certificates: the next ones are bought.
    when = START + 61 * DAY
    for _ in range(12):
        when += 61 * DAY
        renewed = start(box, when)
    case('more_are_bought', at_rest(box, when, 14, renewed))
    case('clock_of_1970', start(box, 0) != ['same'] + renewed[1:] and 'another certificate')
    when += 5 * 365 * DAY
    case('years_on_a_shelf', at_rest(box, when, 15, start(box, when)))
    return box, when


def losses(box, when):
    web = box / 'web.pem'
    kept = web.read_bytes()
    web.write_bytes(kept[:-100])
    case('control: half a file', not whole(box, when) and 'passed as whole')
    said = start(box, when)
    case('half_a_file_is_mended', said[0] != 'changed' or web.read_bytes() != kept)
    web.write_bytes(kept.replace(b'BEGIN PRIVATE', b'BEGIN  PRIVATE'))
    web.unlink()
    (box / 'root.pem').unlink()
    case('lost_files_come_back', at_rest(box, when, 15, start(box, when)) or web.read_bytes() != kept and 'another web.pem')
    (box / 'storage.key').rename(box / 'away')
    said = start(box, when)
    case('lost_key', 'storage.key' not in said[-1] and said or (box / 'storage.key').exists() and 'a new key was made')
    (box / 'away').rename(box / 'storage.key')
    other = work / 'other'
    start(other, START)
    certificates, key = kept.partition(b'-----BEGIN PRIVATE')[0], (other / 'web.pem').read_bytes().partition(b'-----BEGIN PRIVATE')
    web.write_bytes(certificates + key[1] + key[2])
    case('control: the key of another certificate', 'KEY_VALUES_MISMATCH' not in whole(box, when) and whole(box, when))
    shutil.copy(other / 'web.pem', web)
    case('control: a certificate of another root', not whole(box, when) and 'passed as whole')


def cut(box, when, span):
    """Starts it and cuts the power at some moment; whether it was still at work then."""
    with subprocess.Popen([program, box, HOST, str(when)], stdout=subprocess.DEVNULL) as process:
        time.sleep(chance.uniform(0, span))
        process.kill()
        return process.wait() == -9


def seconds(box, when):
    begin = time.monotonic()
    start(box, when)
    return time.monotonic() - begin


def power_cuts():
    """A third of the rounds cut a first start short, the others a renewal; every other one twice in a row."""
    # The quickest of three, lest a moment of a busy machine make most cuts come too late.
    first = min(seconds(work / f'measure{turn}', START) for turn in range(3))
    renewal = min(seconds(work / f'measure{turn}', START + 61 * DAY) for turn in range(3))
    cuts = issued = 0
    box, when, wrong = None, START, ''
    for turn in range(rounds):
        if turn % 3 == 0:
            if box:
                shutil.rmtree(box)
            box, when, issued = work / f'cut{turn}', START, 1
        else:
            when += 61 * DAY
            issued += 1
        for _ in range(1 + turn % 2):
            cuts += cut(box, when, (renewal if issued > 1 else first) * 1.2)
            wrong = wrong or whole(box, when) if (box / 'root.pem').exists() else wrong
        wrong = wrong or at_rest(box, when, issued, start(box, when))
        if wrong:
            break
    case('power_cuts', wrong and f'round {turn} of seed {seed}: {wrong}')
    case('power_cuts_hit', cuts < rounds // 3 and f'{cuts} of {rounds} rounds were cut short')
    print(f'{cuts} starts were cut short in {rounds} rounds')


try:
    losses(*starts())
    power_cuts()
finally:
    shutil.rmtree(work)
summary()
