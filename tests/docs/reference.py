#!/usr/bin/env python3
"""The API reference is whole: reference.py TOP OUT   OUT: where tools/reference has put it. Reports as tests/cases.sh does."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

top, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
passed = failed = skipped = 0


def case(name, wrong):
    global passed, failed
    if wrong:
        failed += 1
        print(f'[  FAILED  ] {name}: {wrong}')
    else:
        passed += 1
        print(f'[       OK ] {name}')


class Links(html.parser.HTMLParser):
    VOID = {'meta', 'input', 'br'}

    def __init__(self):
        super().__init__()
        self.ids, self.targets, self.open, self.faults = [], [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes['id']] if 'id' in attributes else []
        self.targets += [attributes['href']] if 'href' in attributes else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f'</{tag}> at {self.getpos()}')


def read_html(text):
    links = Links()
    links.feed(text)
    links.close()
    return links


def broken(links):
    return [target for target in links.targets if not target.startswith('#') or target[1:] not in links.ids]


def page_faults(folder):
    """Links to nothing, references to pages that are not there."""
    pages = {path.name for path in folder.iterdir()}
    faults = [path.name for path in folder.iterdir() if not path.exists()]
    for path in filter(pathlib.Path.exists, folder.glob('*.3')):
        faults += [f'{path.name}: {name}(3)' for name in re.findall(r'^\.Xr (\w+) 3', path.read_text(), re.M) if f'{name}.3' not in pages]
    return faults


def lint(folder):
    pages = sorted(str(path) for path in folder.glob('*.3') if not path.is_symlink())
    return subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', *pages], stdout=subprocess.PIPE, text=True).stdout[:2000]


exported = re.findall(r'^\s+(pca_\w+);', (top / 'src/libpca.map').read_text(), re.M)
header = (top / 'include/pca/pca.h').read_text() + (top / 'include/pca/driver.h').read_text()
constants = [name for name in re.findall(r'^#define (PCA_\w+) \S', header, re.M) if name not in ('PCA_API', 'PCA_PCA_H', 'PCA_DRIVER_H')]
man = out / 'man3'
page = read_html((out / 'reference.html').read_text(encoding='utf-8'))

case('functions', len(exported) < 300 and f'only {len(exported)} are exported')
pages = {path.stem: path.read_text() for path in man.glob('*.3') if path.exists()}
case('a_page_for_each_function', [name for name in exported if f'.Nm {name}' not in pages.get(name, '') or f'.Fo {name}\n' not in pages[name]])
case('html_for_each_function', [name for name in exported if name not in page.ids])
known = {*exported, *re.findall(r'^typedef struct (\w+) {', header, re.M), 'libpca', 'pca_codes', 'pca_constants', 'pca_driver'}
case('no_page_for_what_is_gone', set(pages) - known)
listed = pages['pca_codes'] + pages['pca_constants']
case('every_constant', [name for name in constants if f'.It Dv {name} ' not in listed or name not in page.ids])
case('each_is_described', [name for name, text in pages.items() if not re.search(r'^\.Sh DESCRIPTION\n(?!\.Sh)', text, re.M)])
case('links_of_pages', page_faults(man))
case('links_of_html', broken(page))
case('html_is_well_formed', page.faults or page.open)
case('ids_once', [name for name in set(page.ids) if page.ids.count(name) > 1])
# What the header says in one place and a page must say again.
case('errors_named', '.It Dv PCA_E_QUOTA\n' not in pages['pca_sub_request'])
case('no_errors_invented', 'PCA_E_NAME' in pages['pca_cert_export'])
case('not_described_by_a_neighbour', 'The CA above' in pages['pca_ca_kind'])

with tempfile.TemporaryDirectory() as place:
    work = pathlib.Path(place)
    shutil.copytree(top / 'include', work / 'include')
    doctored = work / 'include/pca/pca.h'
    doctored.write_text(doctored.read_text().replace('/* How many rows it has. */\n', ''))
    command = [sys.executable, top / 'tools/reference', '--include', work / 'include', work / 'out']
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    case('control_no_description', (done.returncode == 0 or 'pca_page_count' not in done.stderr) and done.stderr or '')
    (work / 'man3').mkdir()
    (work / 'man3/a.3').write_text('.Xr b 3\n')
    (work / 'man3/c.3').symlink_to('d.3')
    case('control_links_of_pages', sorted(page_faults(work / 'man3')) != ['a.3: b(3)', 'c.3'])
    case('control_links_of_html', broken(read_html('<p id="a"><a href="#a">a</a><a href="#b">b</a></p>')) != ['#b'])
    case('control_well_formed', not read_html('<p><b></p></b>').faults)
    if shutil.which('mandoc'):
        case('lint', lint(man))
        case('control_lint', not lint(work / 'man3') and 'mandoc sees nothing')
    elif os.environ.get('CI') == 'true':
        case('lint', 'mandoc is not installed')
    else:
        skipped += 1
        print('[  SKIPPED ] lint: mandoc is not installed')

print(f'[  PASSED  ] {passed} test(s).')
if skipped:
    print(f'[  SKIPPED ] {skipped} test(s).')
if failed:
    print(f'[  FAILED  ] {failed} test(s).')
sys.exit(bool(failed))
