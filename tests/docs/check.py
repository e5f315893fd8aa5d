#!/usr/bin/env python3
"""The documents say what the code says: check.py TOP. Reports as tests/cases.sh does."""
import pathlib
import re
import sys

top = pathlib.Path(sys.argv[1])
passed = failed = 0


def read(name):
    return (top / name).read_text(encoding='utf-8')


def case(name, document, code):
    global passed, failed
    if code and document == code:
        passed += 1
        print(f'[       OK ] {name}')
    else:
        failed += 1
        print(f'[  FAILED  ] {name}\n  the document has {document}\n  the code has     {code}')


def rows(text):
    """Cells of a table's rows, without quotes of code."""
    return [[cell.strip().strip('`') for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('|')]


def blocks(text, language):
    return re.findall(rf'^```{language}(?: [^\n]*)?\n(.*?)^```$', text, re.M | re.S)


def the_program_is_the_example():
    case('the_program_is_the_example', blocks(read('README.md'), 'c'), [read('examples/minimal/minimal.c')])


def every_code_is_explained():
    header = re.findall(r'^#define (PCA_OK|PCA_E_\w+) \(?(-?\d+)\)?', read('include/pca/pca.h'), re.M)
    case('every_code_is_explained', [tuple(row[:2]) for row in rows(read('docs/errors.md')) if row[0].startswith('PCA_')], header)


def every_table_is_listed():
    names = re.findall(r'^ +TABLE_(\w+)(?: = 1)?, ', read('src/store/store.h'), re.M)
    section = re.search(r'^## Tables\n(.*?)^## ', read('docs/storage.md'), re.M | re.S).group(1)
    listed = [row[:2] for row in rows(section) if row[0].isdigit()]
    case('every_table_is_listed', listed, [[str(i + 1), name.lower()] for i, name in enumerate(names)])


def fields_of(name):
    """{record: [(field, type)]} of a source file."""
    found = {}
    for record, body in re.findall(r'^static const struct field (\w+)_fields\[\] = \{\n(.*?)^\};', read(name), re.M | re.S):
        fields = re.findall(r'(UINT|INT|TEXT|BYTES)(?:, struct)?\(? ?\w+, (\w+)(?:\[\d+\]\[\d+\])?\)', body)
        found[record] = list(dict.fromkeys((field, kind) for kind, field in fields))
    return found


def every_field_is_described():
    code = fields_of('src/store/environment.c') | fields_of('src/ca/records.c')
    document = {}
    for record, body in re.findall(r'^### `(\w+)`\n(.*?)(?=^##|\Z)', read('docs/storage.md'), re.M | re.S):
        document[record] = [tuple(row[:2]) for row in rows(body) if row[1] in ('UINT', 'INT', 'TEXT', 'BYTES')]
    for record in sorted(code | document):
        case(f'every_field_is_described_{record}', document.get(record), code.get(record))


def every_action_has_its_number():
    listed = re.search(r'enum action \{(.*?)\};', read('src/ca/records.h'), re.S).group(1)
    section = re.search(r'^\| action \|.*?(?=\n\n)', read('docs/storage.md'), re.M | re.S).group(0)
    actions = re.findall(r'ACTION_\w+', listed)
    names = dict(re.findall(r'\[(ACTION_\w+)\] = "(\w+)"', read('src/ca/log.c')))
    case('every_action_has_its_number', [row[:2] for row in rows(section)[2:]], [[str(i + 1), names.get(action)] for i, action in enumerate(actions)])


def crc32c(data):
    """RFC 3720 B.4, bit by bit."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def the_row_has_its_check():
    program = blocks(read('docs/storage.md'), 'python')[0]
    row, key = [bytes.fromhex(octets) for octets in re.findall(r"fromhex\('(\w+)'\)", program)]
    table = int(re.search(r'bytes\(\[(\d+)\]\)', program).group(1))
    case('the_row_has_its_check', row[-4:].hex(), '%08x' % crc32c(bytes([table]) + key + row[2:-6]))


the_program_is_the_example()
every_code_is_explained()
every_table_is_listed()
every_field_is_described()
every_action_has_its_number()
the_row_has_its_check()
print(f'[  PASSED  ] {passed} test(s).')
if failed:
    print(f'[  FAILED  ] {failed} test(s).')
sys.exit(bool(failed))
