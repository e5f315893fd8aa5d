#!/usr/bin/env python3
"""The documents say what the code says: check.py TOP"""
import pathlib
import re
import sys

top = pathlib.Path(sys.argv[1])
failed = []


def read(name):
    return (top / name).read_text(encoding='utf-8')


def same(what, document, code):
    if not code or document != code:
        failed.append(f'{what}:\n    the document has {document}\n    the code has     {code}')


def blocks(text, language):
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)


same('README.md, the program, and examples/minimal/minimal.c', blocks(read('README.md'), 'c'), [read('examples/minimal/minimal.c')])

for failure in failed:
    print('FAILED', failure)
sys.exit(bool(failed))
