#!/usr/bin/env python3
"""Every command and program of README and docs is run: run.py TOP BUILD COMPILER...   Reports as tests/cases.sh does.

A page is run in a directory of its own, which begins as that of another page ended where BEGINS says so; its commands share one
shell. What is done with a block is said behind its ```:
  LANGUAGE FILE          it is written to that file
  sh, python             it is run, and must end with 0
  text                   what the block before it printed, with ... for anything within a line
  asn1                   nothing: it is no program
  LANGUAGE not run: WHY  nothing, which NOT_RUN counts
LIBPCA names the sources, cc is the compiler that built the library, pca the program that was, and
pkg-config knows the library.
"""
import collections
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

BEGINS = {'docs/issue.md': 'docs/tutorial.md', 'docs/revoke.md': 'docs/tutorial.md', 'docs/rotate.md': 'docs/tutorial.md',
          'docs/backup.md': 'docs/tutorial.md', 'docs/storage.md': 'README.md'}
# Pages that a test of their own runs, since they need what it sets up.
ELSEWHERE = {'docs/install.md': 'tests/judges/install.py', 'docs/python.md': 'tests/bindings/python/test_example.py',
             'docs/go.md': 'tests/bindings/run-go-binding'}
NEEDS = {'docs/cli.md': ['pca'], 'docs/hsm.md': ['softhsm2-util'], 'docs/storage.md': ['mdb_dump', 'xxd']}
NOT_RUN = collections.Counter({
    'README.md': 2,  # tools/demo and tools/test themselves; installation for the whole machine
    'docs/install.md': 2,  # Windows, macOS
    'docs/performance.md': 1,  # tools/bench
    'docs/python.md': 1,  # installation
    'bindings/python/README.md': 1,  # likewise
    'bindings/go/README.md': 1,  # go.mod
    'docs/go.md': 1,  # likewise
})

Block = collections.namedtuple('Block', 'line info body')
passed, failed, skipped = [], [], []


def report(name, wrong=None, needs=None):
    if needs and os.environ.get('CI') != 'true':
        skipped.append(name)
        print(f'[  SKIPPED ] {name}: {needs} is not installed')
    elif needs or wrong:
        failed.append(name)
        print(f'[  FAILED  ] {name}: {needs or wrong}')
    else:
        passed.append(name)
        print(f'[       OK ] {name}')


def blocks(text):
    found, begin = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if begin and line.strip() == '```':
            found.append(Block(*begin, ''.join(body)))
            begin = None
        elif begin:
            body.append(line + '\n')
        elif line.startswith('```'):
            begin, body = (number, line[3:].strip()), []
    if begin:
        found.append(Block(*begin, ''))
    return found


def indented(text):
    """Lines of blocks that are indented, which no test sees."""
    lines = text.splitlines()
    fenced = {n for block in blocks(text) for n in range(block.line, block.line + block.body.count('\n') + 2)}
    return [n for n, line in enumerate(lines, 1) if n > 1 and line.startswith('    ') and not lines[n - 2].strip() and n not in fenced]


def script(page, directory):
    """A shell script of the page, and for each of its commands what it is to print, or None."""
    lines, wanted = ['set -e'], []
    for block in page:
        language, _, rest = block.info.partition(' ')
        if block.info == 'asn1' or rest.startswith('not run: '):
            continue
        if language == 'text' and not rest and wanted:
            wanted[-1] = (wanted[-1][0], block.body)
        elif rest and '/' not in rest and ' ' not in rest:
            lines.append(f'cp .blocks/{block.line} {rest}')
        elif language in ('sh', 'python') and not rest:
            run = {'sh': '.', 'python': 'python3'}[language]
            lines.append(f'echo {block.line} >.blocks/at\n{run} ./.blocks/{block.line} >.blocks/{block.line}.out 2>&1')
            wanted.append((block, None))
        else:
            raise ValueError(f'line {block.line}: nothing is known of a block ```{block.info}')
        (directory / '.blocks' / str(block.line)).write_text(block.body)
    return '\n'.join(lines) + '\n', wanted


def prints(said, text):
    pattern = '.*'.join(re.escape(part) for part in text.split('...'))
    return re.fullmatch(pattern, said) is not None


def run(page, directory, environment):
    """What is wrong, or None."""
    shutil.rmtree(directory / '.blocks', ignore_errors=True)
    (directory / '.blocks').mkdir(parents=True)
    try:
        text, wanted = script(page, directory)
    except ValueError as wrong:
        return str(wrong)
    done = subprocess.run(['sh', '-c', text], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=100)
    said = {block.line: (directory / '.blocks' / f'{block.line}.out') for block, _ in wanted}
    said = {line: path.read_text() for line, path in said.items() if path.exists()}
    if done.returncode:
        at = int((directory / '.blocks' / 'at').read_text())
        return f'the block at line {at} ended with {done.returncode}\n{said.get(at, "")}{done.stdout}'
    for block, text in wanted:
        if text is not None and not prints(said[block.line], text):
            return f'the block at line {block.line} printed\n{said[block.line]}and the page has\n{text}'
    return None


def pages(top):
    return ['README.md', *sorted(str(path.relative_to(top)) for pattern in ('docs/*.md', 'bindings/*/README.md') for path in top.glob(pattern))]


def run_all(top, work, environment):
    texts = {name: (top / name).read_text(encoding='utf-8') for name in pages(top)}
    found = {name: blocks(text) for name, text in texts.items()}
    report('all_blocks_are_fenced', ' '.join(f'{name}:{n}' for name, text in texts.items() for n in indented(text)))
    not_run = collections.Counter(name for name, page in found.items() for block in page if ' not run: ' in block.info)
    report('not_run', not_run != NOT_RUN and f'{dict(not_run)}, not {dict(NOT_RUN)}')
    for name, test in ELSEWHERE.items():
        report(f'{name}_is_run_elsewhere', name.partition('/')[2] not in (top / test).read_text() and f'{test} does not name it')
    done = set()
    for name in sorted(found, key=lambda name: (name in BEGINS, name)):
        if name in ELSEWHERE or all(' not run: ' in block.info for block in found[name]):
            continue
        missing = [tool for tool in ['openssl', *NEEDS.get(name, [])] if not shutil.which(tool, path=environment['PATH'])]
        if missing or BEGINS.get(name, name) not in {name, *done}:
            report(name, f'{BEGINS.get(name)} went wrong', missing and missing[0])
            continue
        directory = work / name.replace('/', '-')
        if name in BEGINS:
            shutil.copytree(work / BEGINS[name].replace('/', '-'), directory)
        wrong = run(found[name], directory, environment)
        report(name, wrong)
        if not wrong:
            done.add(name)


def controls(work, environment):
    """What is wrong with a page is seen."""
    def control(name, text, words):
        said = run(blocks(text), work / 'control' / name, environment)
        report(f'control_{name}', (said is None) != (words is None) or (words and words not in said) and str(said) or None)

    control('good', '```sh\necho one two\n```\n```text\none ...\n```\n', None)
    control('status', '```sh\nfalse\n```\n', 'the block at line 1 ended with 1')
    control('output', '```sh\necho one\n```\n```text\ntwo\n```\n', 'printed\none')
    control('more_output', '```sh\nprintf "one\\ntwo\\n"\n```\n```text\none...\n```\n', 'printed\none')
    control('program', '```c a.c\nint main(void) { return x; }\n```\n```sh\ncc a.c -o a\n```\n', 'ended with 1')
    control('python', '```python\nprint(1 / 0)\n```\n', 'ZeroDivisionError')
    control('unknown', '```perl\nprint 1\n```\n', 'nothing is known of a block ```perl')
    control('bare', '```\nls\n```\n', 'nothing is known')
    report('control_indented', indented('See\n\n    rm x\n') != [3] and 'it was not seen')


def main():
    top, build, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory() as place:
        work = pathlib.Path(place)
        (work / 'bin').mkdir()
        # By full paths: `ccache cc` would find this cc again, and again.
        words = ' '.join(shlex.quote(shutil.which(word) or word) for word in compiler)
        (work / 'bin' / 'cc').write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (work / 'bin' / 'cc').chmod(0o755)
        environment = {**os.environ, 'LIBPCA': str(top), 'LC_ALL': 'C.UTF-8',
                       'PATH': f'{work / "bin"}:{build / "examples/cli"}:{os.environ["PATH"]}',
                       'PKG_CONFIG_PATH': str(build / 'meson-uninstalled'), 'LD_LIBRARY_PATH': str(build / 'src')}
        controls(work, environment)
        run_all(top, work, environment)
    print(f'[  PASSED  ] {len(passed)} test(s).')
    if skipped:
        print(f'[  SKIPPED ] {len(skipped)} test(s).')
    if failed:
        print(f'[  FAILED  ] {len(failed)} test(s).')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
