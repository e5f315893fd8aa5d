#!/usr/bin/env python3
"""Many devices, cut short and gone on with: bulk.py PROGRAM REGION_CHECK COUNT [SEED]."""
import os
import pathlib
import pty
import random
import shutil
import subprocess
import sys
import tempfile
import time

from cases import blocks, case, judge, needs, run, skipped, summary

needs('openssl')
program, region_check = map(os.path.abspath, sys.argv[1:3])
count = int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
chance = random.Random(seed)
work = pathlib.Path(tempfile.mkdtemp())
ca, csv, out = work / 'ca', work / 'devices.csv', work / 'out'
names = [f'dev-{i:06d}' for i in range(count)]


def issued():
    return int(run(region_check, ca)[1].split()[1])


def files():
    return {path.name: path.read_bytes() for path in out.glob('*.pem')}


def cut_short():
    """Kills it when some share of the files is there; what was left then. On a machine that is busy for a moment it may have ended
    before it was looked at, and is started from nothing again."""
    for _ in range(5):
        share = chance.uniform(0.1, 0.6) * count
        begin = time.monotonic()
        with subprocess.Popen([program, ca, csv, out]) as process:
            while process.poll() is None and (not out.exists() or sum(1 for _ in os.scandir(out)) < share):
                time.sleep(0.02 + count / 50000)
            process.kill()
            status = process.wait()
        left = files()
        if status != 0:
            break
        shutil.rmtree(ca)
        shutil.rmtree(out)
    case('cut_short', (status != -9 or not 0 < len(left) < count) and f'seed {seed}: {status}, {len(left)} files')
    return left, time.monotonic() - begin


def whole(left):
    wrong = sorted(path.name for path in out.iterdir()) != [f'{name}.pem' for name in names] and 'files are missing or left over'
    case('every_device_has_its_file', wrong)
    after = files()
    case('files_stay', [name for name in left if after[name] != left[name]])
    case('keys_differ', len({text.split(b'BEGIN PRIVATE KEY')[1] for text in after.values()}) != count and 'a key comes twice')
    case('nothing_is_issued_twice', issued() != count and f'{issued()} were issued')
    sample = [out / f'{name}.pem' for name in chance.sample(names, 10)]
    case('blocks', [path.name for path in sample if blocks(path) != ['CERTIFICATE', 'CERTIFICATE', 'PRIVATE KEY']])
    case('keys_match', ''.join(judge(ca / 'root.pem', path, int(time.time()), '-purpose', 'sslclient') for path in sample))
    path = chance.choice(sample)
    subject = run('openssl', 'x509', '-in', path, '-noout', '-subject', '-nameopt', 'RFC2253')[1].strip()
    wanted = f'subject=CN={path.stem},OU=T-{int(path.stem[4:]) % 7}'
    case('subject', subject != wanted and f'{subject}, not {wanted}')
    for begin in range(0, count, 1000):
        part = [out / f'{name}.pem' for name in names[begin:begin + 1000]]
        how = '-x509_strict', '-purpose', 'sslclient', '-CAfile', ca / 'root.pem', '-untrusted', part[0]
        status, said = run('openssl', 'verify', *how, *part)
        if status or said.count(': OK') != len(part):
            case('openssl_verify', said[-500:])
            return
    case('openssl_verify', '')


def on_terminal(rows, **options):
    """(exit code, stdout, what the terminal showed, whether it is one)"""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        ours, theirs = os.pipe()
    terminal = os.isatty(theirs)
    with subprocess.Popen([program, ca, rows, out], stdout=subprocess.PIPE, stderr=theirs, text=True, **options) as process:
        os.close(theirs)
        said, told = process.communicate()[0], b''
        try:
            while part := os.read(ours, 65536):
                told += part
        except OSError:
            pass
    os.close(ours)
    return process.returncode, said, told, terminal


def grows():
    """More rows, one of them bad; on a terminal, which shows how far it is."""
    with open(csv, 'a', encoding='ascii') as file:
        file.write('new-1,T-1\n../escape,T-1\nnew-2\nnew-3,"T-1, ""new"""\n')
    status, said, told, terminal = on_terminal(csv)
    case('refused_rows', (status != 1 or said != f'{count + 2} devices, 2 refused\n') and f'{status} {said}')
    case('refused_by_name', not all(f'row {count + more}: '.encode() in told for more in (3, 4)) and told[-500:])
    if terminal:
        case('progress', not (b'100 %' in told and f'{count + 2} devices'.encode() in told) and told[-500:])
    else:
        skipped('progress', 'this machine has no terminals to give')
    case('grown', (issued() != count + 2 or len(files()) != count + 2) and f'{issued()} issued, {len(files())} files')
    subject = run('openssl', 'x509', '-in', out / 'new-3.pem', '-noout', '-subject', '-nameopt', 'RFC2253')[1].strip()
    case('quoted_field', subject != 'subject=CN=new-3,OU=T-1\\, \\"new\\"' and subject)
    with subprocess.Popen(['printf', 'id,model\\nnew-1,T-1\\n'], stdout=subprocess.PIPE) as piped:
        status, said, told, _ = on_terminal('/dev/stdin', stdin=piped.stdout)
    case('from_a_pipe', (status, said) != (0, '1 devices, 0 refused\n') and f'{status} {said} {told}')
    csv.write_text('model,id\nT-1,dev-1\n', encoding='ascii')
    status, said = run(program, ca, csv, out)
    case('other_columns', (status != 1 or 'first row is id,model' not in said) and said)


try:
    csv.write_text('id,model\n' + ''.join(f'{name},T-{i % 7}\n' for i, name in enumerate(names)), encoding='ascii')
    before, first = cut_short()
    start = time.monotonic()
    result = run(program, ca, csv, out)
    second = time.monotonic() - start
    print(f'{len(before)} devices in {first:.1f} s, then {count - len(before)} more in {second:.1f} s')
    case('gone_on_with', result != (0, f'{count} devices, 0 refused\n') and result[1])
    whole(before)
    grows()
finally:
    shutil.rmtree(work)
summary()
