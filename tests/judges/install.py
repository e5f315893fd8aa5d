#!/usr/bin/env python3
"""install.py FORMATS DIR  tries docs/install.md, with the downloads that the program FORMATS makes, below DIR

Its blocks are run as they stand, but for directories, ports and passwords: servers that want a certificate of their clients,
and these. Everything listens on 127.0.0.1 and ends with the test.
"""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cases import Cases
from judge import required
from tools import ENVIRONMENT, HERE, Absent, find, java_program, run
from trees import made

TREES = ('p256', 'rsa2048')
TOMCAT = Path('/usr/share/tomcat10')
APACHE = Path('/usr/lib/apache2/modules')
HELLO = 'hello CN=Ada Lovelace,O=Example GmbH'


# ---- The document ----

def block(section, language, index=0):
    text = (HERE.parents[1] / 'docs' / 'install.md').read_text()
    body = re.search(rf'^## {section}\n(.*?)(?=^## |\Z)', text, re.M | re.S).group(1)
    return re.findall(rf'^```{language}\n(.*?)^```$', body, re.M | re.S)[index]


def for_all_clients(config):
    return re.sub(r'\n *# From here on only for clients.*?\n(?=\n|</)', '\n', config, flags=re.S)


def changed(text, *changes):
    for old, new in changes:
        if old not in text:
            raise SystemExit(f'docs/install.md has no {old} to replace')
        text = text.replace(old, str(new))
    return text


# ---- Servers ----

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Fault(Exception):
    pass


@contextlib.contextmanager
def running(command, port, log, **more):
    with open(log, 'w') as said, subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said, **more) as server:
        try:
            for _ in range(300):
                if server.poll() is not None:
                    raise Fault(f'{command[0]} ended: {Path(log).read_text()}')
                with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
                    break
                time.sleep(0.1)
            else:
                raise Fault(f'{command[0]} does not listen: {Path(log).read_text()}')
            yield
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


@contextlib.contextmanager
def nginx(work, pki, config):
    port = free_port()
    paths = ''.join(f'{kind}_temp_path {work}/tmp;\n' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    server = changed(config, ('/etc/nginx/pki', pki), ('listen 443 ssl', f'listen 127.0.0.1:{port} ssl'))
    (work / 'nginx.conf').write_text(
        f'daemon off; pid {work}/nginx.pid; error_log {work}/nginx.error;\nevents {{}}\nhttp {{\n{paths}'
        f'log_format who \'$ssl_client_verify "$ssl_client_s_dn" "$http_user_agent"\';\naccess_log {work}/access.log who;\n{server}}}\n')
    with running([find('nginx'), '-c', work / 'nginx.conf', '-e', work / 'nginx.error'], port, work / 'nginx.log'):
        yield port


@contextlib.contextmanager
def apache(work, pki, config, before=''):
    program = find('apache2')
    port = free_port()
    (work / 'htdocs').mkdir(exist_ok=True)
    (work / 'htdocs' / 'index.html').write_text(f'{HELLO}\n')
    modules = ''.join(f'LoadModule {m}_module {APACHE}/mod_{m}.so\n' for m in ('mpm_event', 'authz_core', 'ssl', 'dir'))
    user = 'User www-data\nGroup www-data\n' if os.geteuid() == 0 else ''
    host = changed(config, ('/etc/apache2/pki', pki), ('*:443', f'127.0.0.1:{port}'), ('/var/www/html', work / 'htdocs'))
    (work / 'apache.conf').write_text(
        f'ServerRoot {work}\nPidFile {work}/apache.pid\nErrorLog {work}/apache.error\n{user}{modules}ServerName app.internal\n'
        f'DirectoryIndex index.html\nListen 127.0.0.1:{port}\n{before.replace("/etc/apache2/pki", str(pki))}{host}')
    with running([program, '-d', work, '-f', work / 'apache.conf', '-DFOREGROUND'], port, work / 'apache.log'):
        yield port


@contextlib.contextmanager
def tomcat(work, pki, connector):
    if not TOMCAT.exists():
        raise Absent('tomcat10 is not installed')
    port = free_port()
    for name in ('conf', 'logs', 'temp', 'work', 'webapps/ROOT'):
        (work / name).mkdir(parents=True, exist_ok=True)
    shutil.copytree(pki, work / 'conf' / 'pki', dirs_exist_ok=True)
    shutil.copy('/etc/tomcat10/web.xml', work / 'conf')
    (work / 'webapps' / 'ROOT' / 'index.html').write_text(f'{HELLO}\n')
    connector = changed(connector, ('port="8443"', f'port="{port}" address="127.0.0.1"'))
    (work / 'conf' / 'server.xml').write_text(
        f'<Server port="-1"><Service name="Catalina">\n{connector}\n'
        '<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>\n')
    java = Path(find('java')).resolve().parents[1]
    environment = {**ENVIRONMENT, 'CATALINA_HOME': str(TOMCAT), 'CATALINA_BASE': str(work), 'JAVA_HOME': str(java)}
    with running([TOMCAT / 'bin' / 'catalina.sh', 'run'], port, work / 'tomcat.log', env=environment):
        yield port


# ---- Clients ----

def curl(pki, port, command):
    """A line of the document's, in the directory of the files."""
    shell = f'curl() {{ command curl --silent --show-error --max-time 30 --connect-to app.internal:443:127.0.0.1:{port} "$@"; }}\n{command}'
    return run(find('bash'), '-c', shell, cwd=pki)


def curl_lines():
    return block('curl', 'sh').splitlines()


def expect(answer, text=HELLO):
    status, said = answer
    if status != 0 or text not in said:
        raise Fault(f'exit status {status}: {said.strip()}')


def expect_refusal(answer, what):
    status, said = answer
    if status == 0 and 'hello' in said:
        raise Fault(f'{what} is let in')


def expect_mutual(pki, port):
    """A client with its certificate is let in, in PEM and in PFX; one without, and one that is revoked, are not."""
    bare, pem, pfx = curl_lines()
    expect(curl(pki, port, pem))
    expect(curl(pki, port, pfx))
    expect_refusal(curl(pki, port, bare), 'a client without a certificate')
    expect_refusal(curl(pki, port, changed(pem, ('Ada_Lovelace', 'Gone_Away'))), 'a revoked client')


# ---- What is tried ----

class Installation:
    """The files of one tree in a directory that servers may read, and a place for each case."""

    def __init__(self, tree, build, top):
        self.build, self.top, self.count = build, Path(top), 0
        self.password = (tree / 'password.txt').read_text().strip()
        self.pki = self.top / 'pki'
        self.pki.mkdir()
        for name in ('pem-chain', 'pfx-chain', 'jks-chain', 'crt-chain', 'client-pem', 'client-pfx', 'gone-pem'):
            for path in (tree / name).iterdir():
                shutil.copy(path, self.pki)
        shutil.copy(tree / 'crl.pem', self.pki)
        self.secret = self.top / 'secret'  # the same with the server's key encrypted
        shutil.copytree(self.pki, self.secret)
        shutil.copy(tree / 'pem-secret' / 'app.internal.key', self.secret)
        (self.secret / 'app.internal_password.txt').write_text(f'{self.password}\n')
        expect(run(find('bash'), '-c', block('Tomcat', 'sh'), cwd=self.pki), '')

    def place(self):
        self.count += 1
        work = self.top / str(self.count)
        work.mkdir()
        return work


def nginx_and_clients(i):
    work = i.place()
    with nginx(work, i.pki, block('nginx', 'nginx')) as port:
        expect_mutual(i.pki, port)


def nginx_for_all_clients(i):
    with nginx(i.place(), i.pki, for_all_clients(block('nginx', 'nginx'))) as port:
        expect(curl(i.pki, port, curl_lines()[0]), 'hello')


def nginx_with_an_encrypted_key(i):
    config = changed(for_all_clients(block('nginx', 'nginx')), ('/app.internal.key;', '/app.internal.key;\n    ssl_password_file /etc/nginx/pki/app.internal_password.txt;'))
    with nginx(i.place(), i.secret, config) as port:
        expect(curl(i.pki, port, curl_lines()[0]), 'hello')


def apache_and_clients(i):
    with apache(i.place(), i.pki, block('Apache', 'apache')) as port:
        expect_mutual(i.pki, port)


def apache_with_crt(i):
    config = changed(for_all_clients(block('Apache', 'apache')), (
        'SSLCertificateFile    /etc/apache2/pki/app.internal.pem',
        'SSLCertificateFile /etc/apache2/pki/app.internal_public.crt\n    SSLCertificateChainFile /etc/apache2/pki/app.internal_chain.crt'))
    with apache(i.place(), i.pki, config) as port:
        expect(curl(i.pki, port, curl_lines()[0]))


def apache_with_an_encrypted_key(i):
    expect(run(find('bash'), '-e', '-c', changed(block('Apache', 'sh'), ('/etc/apache2/pki', i.secret))), '')
    with apache(i.place(), i.secret, for_all_clients(block('Apache', 'apache')), block('Apache', 'apache', 1)) as port:
        expect(curl(i.pki, port, curl_lines()[0]))


def tomcat_with(*changes):
    def trying(i):
        connector = changed(block('Tomcat', 'xml'), *changes).replace('PASSWORD', i.password)
        with tomcat(i.place(), i.pki, connector) as port:
            expect_mutual(i.pki, port)
    return trying


def java_client(i):
    work = i.place()
    (work / 'hosts').write_text('127.0.0.1 app.internal\n')
    properties = block('Java', 'properties').replace('PASSWORD', i.password).replace('app.internal.pfx', 'Ada_Lovelace.pfx').split()
    java, *rest = java_program(i.build, 'Client')
    with nginx(work, i.pki, block('nginx', 'nginx')) as port:
        url = f'https://app.internal:{port}/'
        hosts = f'-Djdk.net.hosts.file={work / "hosts"}'
        expect(run(java, hosts, *properties, *rest, url, cwd=i.pki))
        expect_refusal(run(java, hosts, *properties[3:], *rest, url, cwd=i.pki), 'a client without a certificate')


def at_home(i, work, section):
    """Runs the section's block with a home of its own, where the files of the person are."""
    find('certutil'), find('pk12util'), find('bash')
    status, said = run('bash', '-e', '-c', block(section, 'sh'), cwd=i.pki, environment={'HOME': str(work)})
    if status != 0:
        raise Fault(said)


def visits(work, browser):
    return [line for line in (work / 'access.log').read_text().splitlines() if browser in line]


def firefox(i):
    program = find('firefox-esr')
    work = i.place()
    profile = work / '.mozilla' / 'firefox' / 'a.default-esr'
    profile.mkdir(parents=True)
    expect(run(find('certutil'), '-N', '-d', f'sql:{profile}', '--empty-password'), '')
    at_home(i, work, 'Firefox')
    preferences = {'security.default_personal_cert': '"Select Automatically"', 'network.dns.localDomains': '"app.internal"',
                   'network.captive-portal-service.enabled': 'false', 'network.connectivity-service.enabled': 'false',
                   'datareporting.policy.dataSubmissionEnabled': 'false', 'app.update.enabled': 'false'}
    (profile / 'user.js').write_text(''.join(f'user_pref("{name}", {value});\n' for name, value in preferences.items()))
    with nginx(work, i.pki, block('nginx', 'nginx')) as port:
        status, said = run('timeout', '-k', '5', '120', program, '--headless', '--no-remote', '--profile', profile, '--screenshot', work / 'seen.png',
                           f'https://app.internal:{port}/', environment={'HOME': str(work)})
        if not any(line.startswith('SUCCESS "CN=Ada Lovelace') for line in visits(work, 'Firefox/')):
            raise Fault(f'it did not come with its certificate; exit status {status}: {said}')


# A directory of policies of this process's own.
WITH_POLICY = 'mkdir -p /etc/chromium && mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed && ' \
    'cp "$1" /etc/chromium/policies/managed/our-client.json && shift && exec "$@"'
CHROMIUM = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync']


def look_with_chromium(work, port, policy):
    program = find('chromium')
    (work / 'policy.json').write_text(policy)
    return run(find('unshare'), '--mount', 'sh', '-c', WITH_POLICY, 'sh', work / 'policy.json', 'timeout', '-k', '5', '120', program, *CHROMIUM,
               f'--user-data-dir={work / "profile"}', f'--host-resolver-rules=MAP app.internal:443 127.0.0.1:{port}', '--dump-dom',
               'https://app.internal/', environment={'HOME': str(work)})


def chromium(i):
    if os.geteuid() != 0:
        raise Absent('a policy for Chromium takes root')
    work = i.place()
    policy = changed(block('Chromium', 'json'), ('Our Issuing CA', 'Formats Issuing CA'))
    with nginx(work, i.pki, block('nginx', 'nginx')) as port:
        expect_refusal(look_with_chromium(work, port, policy), 'a browser that does not know the root')
        if visits(work, 'Chrome/'):
            raise Fault('without the root, the page was asked for')
        at_home(i, work, 'Chromium')
        expect(look_with_chromium(work, port, policy))
        if not any(line.startswith('SUCCESS "CN=Ada Lovelace') for line in visits(work, 'Chrome/')):
            raise Fault('it did not come with its certificate')


TRIALS = {
    'nginx, curl with PEM and PFX, a revoked client': nginx_and_clients,
    'nginx for all clients': nginx_for_all_clients,
    'nginx with an encrypted key': nginx_with_an_encrypted_key,
    'Apache, curl with PEM and PFX, a revoked client': apache_and_clients,
    'Apache with CRT': apache_with_crt,
    'Apache with an encrypted key': apache_with_an_encrypted_key,
    'Tomcat with PFX': tomcat_with(),
    'Tomcat with JKS': tomcat_with(('app.internal.pfx', 'app.internal.jks'), ('certificateKeystoreType="PKCS12"', 'certificateKeystoreType="JKS"')),
    'Tomcat with PEM': tomcat_with(('certificateKeystoreFile="conf/pki/app.internal.pfx" certificateKeystoreType="PKCS12"',
                                    'certificateFile="conf/pki/app.internal.pem" certificateKeyFile="conf/pki/app.internal.key"'),
                                   ('certificateKeystorePassword="PASSWORD"', '')),
    'a client in Java': java_client,
    'Firefox': firefox,
    'Chromium': chromium,
}


def main(formats, build):
    cases = Cases()
    build = Path(build).resolve()
    build.mkdir(parents=True, exist_ok=True)
    directory = made(formats, build, 'downloads')
    for tree in TREES:
        with tempfile.TemporaryDirectory() as top:
            os.chmod(top, 0o755)
            installation = Installation(directory / tree, build, top)
            for name, trial in TRIALS.items():
                try:
                    trial(installation)
                    cases.passed(f'{name}, {tree}')
                except Absent as reason:
                    (cases.failed if required() else cases.skipped)(f'{name}, {tree}', str(reason))
                except Fault as fault:
                    cases.failed(f'{name}, {tree}', str(fault))
    return cases.summary()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
