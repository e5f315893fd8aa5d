#!/usr/bin/env python3
"""People who may come in, and one who may no longer: nginx, curl and openssl.   mtls.py PROGRAM NGINX_CONF"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cases import case, needs, run, summary

needs('openssl', 'nginx', 'curl')
program = os.path.abspath(sys.argv[1])
conf = pathlib.Path(sys.argv[2]).read_text(encoding='ascii')
work = pathlib.Path(tempfile.mkdtemp())
HOST = 'shop.internal'
# Directives of modules that this nginx was built without.
absent = re.findall(r'without-http_(\w+)_module', run('nginx', '-V')[1])
conf = ''.join(line for line in conf.splitlines(True) if line.split('_temp_path')[0].strip() not in absent)


def mtls(*words):
    return run(program, work, *words)


def files(name):
    at = work / 'clients' / name
    return '--cert', at / f'{name}.pem', '--key', at / f'{name}.key'


def pfx(name):
    at = work / 'clients' / name
    password = (at / f'{name}_password.txt').read_text(encoding='ascii').strip()
    return '--cert-type', 'P12', '--cert', f'{at / name}.pfx:{password}'


def ask(*who):
    """What curl gets: (HTTP status, text)."""
    status, said = run('curl', '--disable', '--silent', '--noproxy', '*', '--max-time', '20', '--resolve', f'{HOST}:{port}:127.0.0.1',
                       '--cacert', work / 'root.pem', *who, '--write-out', '%{http_code}', f'https://{HOST}:{port}/')
    return (said[-3:], said[:-3]) if status == 0 else ('failed', f'{status} {said}')


def welcome(name, who):
    answer = ask(*who)
    return answer != ('200', f'welcome, CN={name}\n') and answer


def refused(who, why):
    answer = ask(*who)
    return (answer[0] != '400' or why not in answer[1]) and answer


def eventually(question, *about):
    """After a reload an old worker may answer once more."""
    for _ in range(100):
        if not (wrong := question(*about)):
            break
        time.sleep(0.1)
    return wrong


def start_nginx():
    """nginx cannot choose a free port itself."""
    global port
    for _ in range(10):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        (work / 'nginx.conf').write_text(conf.replace('8443', str(port)), encoding='ascii')
        server = subprocess.Popen(['nginx', '-p', work, '-e', 'error.log', '-c', 'nginx.conf'], stderr=subprocess.DEVNULL)
        for _ in range(100):
            if server.poll() is not None:
                break
            if (work / 'nginx.pid').exists() and (work / 'nginx.pid').read_text(encoding='ascii').strip():
                return server
            time.sleep(0.05)
        server.kill()
        server.wait()
    raise SystemExit(f'nginx does not start: {(work / "error.log").read_text(encoding="utf-8")}')


def openssl(name):
    at = work / 'clients' / name / f'{name}.pem'
    return run('openssl', 'verify', '-x509_strict', '-purpose', 'sslclient', '-crl_check_all', '-CRLfile', work / 'crls.pem',
               '-CAfile', work / 'root.pem', '-untrusted', at, at)


def scenes(server):
    case('alice_by_pem', welcome('alice', files('alice')))
    case('bob_by_pfx', welcome('bob', pfx('bob')))
    case('nobody', refused((), 'No required SSL certificate was sent'))
    case('openssl_accepts', ''.join(said for status, said in map(openssl, ('alice', 'bob')) if status))
    shutil.copytree(work / 'clients' / 'alice', work / 'clients' / 'stolen')
    stolen = '--cert', work / 'clients/stolen/alice.pem', '--key', work / 'clients/stolen/alice.key'

    before = (work / 'crls.pem').read_bytes()
    case('not_due', mtls('crls')[0] or (work / 'crls.pem').read_bytes() != before)
    case('removed', mtls('remove', 'alice')[1])
    case('not_reloaded_yet', welcome('alice', files('alice')))
    server.send_signal(signal.SIGHUP)
    case('alice_is_refused', eventually(refused, files('alice'), 'The SSL certificate error'))
    case('bob_stays', welcome('bob', files('bob')))
    status, said = openssl('alice')
    case('openssl_refuses', not (status and 'certificate revoked' in said) and said)

    case('added_again', mtls('add', 'alice')[1] or welcome('alice', files('alice')))
    case('the_stolen_one_stays_out', refused(stolen, 'The SSL certificate error'))
    # Revoked, and then the disk is full: the next call publishes what that one could not.
    (work / 'crls.pem.new').mkdir()
    status, said = mtls('remove', 'bob')
    case('cut_short', not (status == 1 and 'PCA_E_STORAGE' in said and openssl('bob')[0] == 0) and said)
    (work / 'crls.pem.new').rmdir()
    status, said = mtls('remove', 'bob')
    case('removed_already', not (status == 1 and 'PCA_E_NOT_FOUND' in said) and said)
    status, said = openssl('bob')
    case('published_all_the_same', not (status and 'certificate revoked' in said) and said)
    status, said = mtls('remove', 'carol')
    case('nobody_of_that_name', not (status == 1 and 'PCA_E_NOT_FOUND' in said) and said)
    case('bad_arguments', mtls('add')[0] != 2 or mtls('add', 'x/y')[0] != 2 or mtls('add', '..')[0] != 2 or mtls('sing', 'x')[0] != 2)


try:
    wrong = ''.join(mtls(*words)[1] for words in (('server', HOST), ('add', 'alice'), ('add', 'bob')))
    case('made', wrong)
    key = (work / f'{HOST}.key').read_bytes()
    case('server_stays', mtls('server', HOST)[1] or (work / f'{HOST}.key').read_bytes() != key)
    nginx = start_nginx()
    try:
        scenes(nginx)
    finally:
        nginx.terminate()
        nginx.wait()
finally:
    shutil.rmtree(work)
summary()
