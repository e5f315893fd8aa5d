"""PEM, one block a file."""
import base64
import re
import textwrap


def from_pem(path):
    """(label, DER)."""
    label, text = re.search(r'-----BEGIN ([^-]+)-----(.*?)-----END', path.read_text(), re.S).groups()
    return label, base64.b64decode(text)


def element(der, at):
    """(start of the contents, end) of the DER element at that place."""
    size, start = der[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7f
        size = int.from_bytes(der[at + 2:start], 'big')
    return start, start + size


def halves(path):
    """(what is signed, the signature) of a certificate or a CRL."""
    der = from_pem(path)[1]
    start = element(der, 0)[0]
    end = element(der, start)[1]
    signature, last = element(der, element(der, end)[1])
    return der[start:end], der[signature + 1:last]


def to_pem(label, der):
    text = '\n'.join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f'-----BEGIN {label}-----\n{text}\n-----END {label}-----\n'
