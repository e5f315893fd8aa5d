#!/usr/bin/env python3
"""A server that looks its clients up as they come: curl and openssl s_client.   embedded_server.py PROGRAM MTLS"""
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

from cases import case, needs, run, summary

needs('openssl', 'curl')
program, clients = map(os.path.abspath, sys.argv[1:3])
work = pathlib.Path(tempfile.mkdtemp())
HOST = 'shop.internal'


def mtls(ca, *words):
    return run(clients, work / ca, *words)[1]


def files(ca, name):
    at = work / ca / 'clients' / name
    return at / f'{name}.pem', at / f'{name}.key'


def curl(*who):
    """(whether it got an answer, what it got or why not)."""
    certificate = ['--cert', who[0], '--key', who[1]] if who else []
    status, said = run('curl', '--disable', '--silent', '--show-error', '--noproxy', '*', '--max-time', '20', *certificate,
                       '--resolve', f'{HOST}:{port}:127.0.0.1', '--cacert', work / 'ca' / 'root.pem', f'https://{HOST}:{port}/')
    return status == 0, said


def s_client(*how):
    """What openssl says of the handshake and what the server answers."""
    chain, key = files('ca', how[0])
    return run('openssl', 's_client', '-connect', f'127.0.0.1:{port}', '-servername', HOST, '-verify_hostname', HOST,
               '-verify_return_error', '-CAfile', work / 'ca' / 'root.pem', '-cert', chain, '-cert_chain', chain, '-key', key,
               '-quiet', *how[1:], input='GET / HTTP/1.0\r\n\r\n')[1]


def welcome(name):
    answer = curl(*files('ca', name))
    return answer != (True, f'welcome, CN={name}\n') and answer


def shown():
    """The certificate that the server shows to bob."""
    context = ssl.create_default_context(cafile=work / 'ca' / 'root.pem')
    context.load_cert_chain(*files('ca', 'bob'))
    with socket.create_connection(('127.0.0.1', port)) as plain, context.wrap_socket(plain, server_hostname=HOST) as tls:
        der = tls.getpeercert(True)
    server.stdout.readline()
    return der


def refused(said, *who):
    """By alert, and the server says why."""
    got, answer = curl(*who)
    line = server.stdout.readline()
    return (got or not line.startswith('refused') or said not in line) and f'{answer} {line}'


def start_server():
    global port
    for _ in range(10):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        process = subprocess.Popen([program, work / 'ca', HOST, str(port)], stdout=subprocess.PIPE, text=True)
        if process.stdout.readline() == 'listening\n':
            return process
        process.wait()
    raise SystemExit('the server does not start')


def scenes():
    for name in 'alice', 'bob':
        case(name, welcome(name) or server.stdout.readline() != f'welcome CN={name}\n' and 'the server saw another')
    case('nobody', refused('refused'))
    case('of_another_ca', refused('refused', *files('other', 'alice')))
    session = work / 'session'
    said = s_client('alice', '-sess_out', session)
    case('openssl_accepts', 'welcome, CN=alice' not in said and said)
    server.stdout.readline()

    case('revoked', mtls('ca', 'remove', 'alice'))
    case('alice_is_refused', refused('revoked', *files('ca', 'alice')))
    said = s_client('alice', *(['-sess_in', session] if session.exists() else []))
    case('by_a_resumed_session_too', ('welcome' in said or 'revoked' not in server.stdout.readline()) and said)
    said = s_client('alice', '-tls1_2')  # in TLS 1.3, mbedTLS 3.6 sends this alert so that OpenSSL cannot read it
    case('openssl_is_told', ('alert certificate revoked' not in said or 'revoked' not in server.stdout.readline()) and said)
    case('bob_stays', welcome('bob') or server.stdout.readline() != 'welcome CN=bob\n' and 'the server saw another')
    case('added_again', mtls('ca', 'add', 'alice') or welcome('alice') or server.stdout.readline() != 'welcome CN=alice\n' and 'no')
    own = shown()
    case('own_stays', shown() != own and 'another certificate')
    case('own_is_replaced', mtls('ca', 'remove', HOST) or shown() == own and 'the revoked certificate')
    case('and_bob_takes_it', welcome('bob') or server.stdout.readline() != 'welcome CN=bob\n' and 'the server saw another')
    with socket.create_connection(('127.0.0.1', port)) as plain:
        plain.sendall(b'GET / HTTP/1.0\r\n\r\n')
    case('no_tls', not server.stdout.readline().startswith('refused') and 'not refused')
    case('still_the_same_server', server.poll() is not None and 'it ended')
    server.terminate()
    case('ends', server.wait(20))


try:
    case('made', ''.join(mtls(*words) for words in (('ca', 'add', 'alice'), ('ca', 'add', 'bob'), ('other', 'add', 'alice'))))
    server = start_server()
    try:
        scenes()
    finally:
        server.kill()
        server.wait()
finally:
    shutil.rmtree(work)
summary()
