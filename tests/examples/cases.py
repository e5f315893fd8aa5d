"""What the examples' tests share: cases counted as tests/cases.sh does, programs run, files judged by openssl."""
import os
import re
import shutil
import subprocess
import sys

passed = failed = skips = 0


def case(name, wrong):
    """wrong: what is wrong, '' or None if nothing is."""
    global passed, failed
    if wrong:
        failed += 1
        print(f'[  FAILED  ] {name}: {wrong}', flush=True)
    else:
        passed += 1
        print(f'[       OK ] {name}', flush=True)


def skipped(name, why):
    global skips
    skips += 1
    print(f'[  SKIPPED ] {name}: {why}', flush=True)


def summary():
    print(f'[  PASSED  ] {passed} test(s).')
    if skips:
        print(f'[  SKIPPED ] {skips} test(s).')
    if failed:
        print(f'[  FAILED  ] {failed} test(s).')
    sys.exit(1 if failed or not passed else 0)


def needs(*tools):
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    for tool in tools:
        if not shutil.which(tool):
            ci = os.environ.get('CI') == 'true'
            print(f'[  {"FAILED  ] " if ci else "SKIPPED ] "}{tool} is not installed')
            print(f'[  {"FAILED  ]" if ci else "SKIPPED ]"} 1 test(s).')
            sys.exit(1 if ci else 77)


def run(*command, **options):
    """(exit code, what it said)."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    return done.returncode, done.stdout


def blocks(path):
    """The kinds of a PEM file's blocks, each whole; 'damaged' for anything else in it."""
    text = path.read_text(encoding='ascii')
    whole = r'-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+-----END \1-----\n'
    return re.findall(whole, text) + ([] if re.fullmatch(f'({whole.replace("1", "2")})+', text) else ['damaged'])


def judge(root, file, key, when, *how):
    """What openssl finds wrong with a certificate, its chain and its private key."""
    status, said = run('openssl', 'verify', '-x509_strict', '-attime', when, *how, '-CAfile', root, '-untrusted', file, file)
    if status:
        return said
    of_cert = run('openssl', 'x509', '-in', file, '-noout', '-pubkey')
    of_key = run('openssl', 'pkey', '-in', key, '-pubout')
    return '' if of_cert == of_key and of_key[0] == 0 else f'the key is another one: {of_cert} {of_key}'


def serial(file):
    return run('openssl', 'x509', '-in', file, '-noout', '-serial')[1].strip().removeprefix('serial=').lower()
