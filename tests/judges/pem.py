"""PEM, one block a file."""
import base64
import re
import textwrap


def from_pem(path):
    """(label, DER)."""
    label, text = re.search(r'-----BEGIN ([^-]+)-----(.*?)-----END', path.read_text(), re.S).groups()
    return label, base64.b64decode(text)


def to_pem(label, der):
    text = '\n'.join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f'-----BEGIN {label}-----\n{text}\n-----END {label}-----\n'
