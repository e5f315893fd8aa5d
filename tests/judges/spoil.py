"""Files made wrong in one way each, for judges to refuse."""
import re
import textwrap

from pem import from_pem, to_pem


class Spoiler:
    def __init__(self, directory):
        self.directory = directory

    def write(self, path, how, label, der):
        out = self.directory / f'{path.parent.name}-{how}-{path.name}'
        out.write_text(to_pem(label, der))
        return out

    def flipped(self, path):
        """One bit of the signature's last octet is another."""
        label, der = from_pem(path)
        return self.write(path, 'flipped', label, der[:-1] + bytes([der[-1] ^ 1]))

    def cut(self, path):
        """The last octet is missing."""
        label, der = from_pem(path)
        return self.write(path, 'cut', label, der[:-1])

    def replaced(self, path, how, old, new):
        """Octets in hexadecimal, .. for any, of one length; the signature is no longer right."""
        label, der = from_pem(path)
        pattern = re.compile(b''.join(b'.' if octet == '..' else re.escape(bytes.fromhex(octet)) for octet in textwrap.wrap(old, 2)), re.S)
        if len(pattern.findall(der)) != 1 or len(old) != len(new):
            raise ValueError(f'{path}: {old} occurs {len(pattern.findall(der))} times')
        return self.write(path, how, label, pattern.sub(bytes.fromhex(new), der))
