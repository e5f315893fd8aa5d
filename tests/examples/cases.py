"""What the examples' tests share: cases counted as tests/cases.sh does, programs run, files judged by openssl."""
import os
import re
import shutil
import ssl
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


def judge(root, file, when, *how):
    """What OpenSSL finds wrong with a certificate, its chain and its private key, all in one file."""
    status, said = run('openssl', 'verify', '-x509_strict', '-attime', when, *how, '-CAfile', root, '-untrusted', file, file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)  # refuses another certificate's key
    except (OSError, ValueError) as error:
        return f'{said if status else ""} {error}'
    return said if status else ''


def serial(file):
    """Of a file's first certificate: the INTEGER after version v3 (RFC 5280 4.1)."""
    der = ssl.PEM_cert_to_DER_cert(file.read_text(encoding='ascii').partition('-----END CERTIFICATE-----')[0] + '-----END CERTIFICATE-----')
    at = der.index(bytes.fromhex('a003020102')) + 5
    return der[at + 2:at + 2 + der[at + 1]].hex()
