"""Reads libpca's header and writes src/pca/_header.py: the declarations for cffi, the constants and the exceptions.

    python declarations.py INCLUDE VERSION OUTPUT

There are two readers. One asks the compiler (cc -E); the other knows the simple form that the header keeps, so that installing
needs no compiler. A test compares what they say.
"""
from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys

# Constants of the header by prefix, and the class that they become; IntFlag where they are added up.
ENUMS = {
    "PCA_KIND_": ("Kind", "What a root CA is bought for."),
    "PCA_FAMILY_": ("Family", "The family of a CA's keys."),
    "PCA_KEY_": ("KeyAlgorithm", "Key algorithms."),
    "PCA_CA_": ("CaState", "States of a CA. Expiry is not one: ask the clock."),
    "PCA_CERT_": ("CertType", "Types of certificates."),
    "PCA_STATUS_": ("Status", "States of a certificate. Expiry is not one: ask the clock."),
    "PCA_SAN_": ("SanType", "Kinds of alternative names, by their tag in RFC 5280 4.2.1.6."),
    "PCA_CONTAINER_": ("Container", "Who holds a certificate's private key."),
    "PCA_REASON_": ("Reason", "Reasons of a revocation (RFC 5280 5.3.1)."),
    "PCA_SIGN_": ("SignForm", "What a container's driver signs."),
    "PCA_CERTIFICATE_": ("CertificateUse", "What a certificate in a container is for."),
    "PCA_FORMAT_": ("Format", "Formats of what is handed out."),
}
FLAGS = {"PCA_WITH_CHAIN", "PCA_WITH_ROOT", "PCA_PLAIN_KEY", "PCA_LEGACY", "PCA_WITH_PASSWORD_FILE"}
GUARDS = {"PCA_PCA_H", "PCA_DRIVER_H", "PCA_API"}
NUMBER = re.compile(r"^#define (PCA_\w+) +\(?(-?\d+|UINT64_MAX)\)?\s*(?:/\*\s*(.*?)\s*\*/)?\s*$", re.M)


def headers(include: pathlib.Path) -> list[pathlib.Path]:
    """The public headers, each after those that it includes."""
    return [include / "pca" / "pca.h", include / "pca" / "driver.h"]


def normal(text: str) -> list[str]:
    """Declarations, one an element, each with single spaces."""
    found: list[str] = []
    depth = begin = 0
    for at, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if sign == ";" and depth == 0:
            found.append(re.sub(r"\s*([(){},;*])\s*", r" \1 ", " ".join(text[begin:at + 1].split())))
            begin = at + 1
    return [" ".join(one.split()) for one in found]


def by_compiler(include: pathlib.Path) -> list[str]:
    """What cc -E makes of the headers."""
    cc = shlex.split(os.environ.get("CC", "cc"))
    done = subprocess.run([*cc, "-E", "-D__attribute__(x)=", "-I", str(include), str(headers(include)[-1])],
                          check=True, capture_output=True, text=True)
    kept, ours = [], False
    for line in done.stdout.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "/pca/" in marker[1]
        elif ours:
            kept.append(line)
    return normal("\n".join(kept))


def by_text(include: pathlib.Path) -> list[str]:
    """What the headers' own text says: comments, directives and PCA_API left out."""
    text = "\n".join(one.read_text(encoding="utf-8") for one in headers(include))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^#ifdef __cplusplus\n.*?^#endif$", "", text, flags=re.M | re.S)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    return normal(re.sub(r"\bPCA_API\b", "", text))


def constants(include: pathlib.Path) -> dict[str, tuple[int, str]]:
    """{name: (number, comment)}. Every macro of the headers must be one, but for guards."""
    text = "\n".join(one.read_text(encoding="utf-8") for one in headers(include))
    found = {name: (2**64 - 1 if value == "UINT64_MAX" else int(value), comment) for name, value, comment in NUMBER.findall(text)}
    unread = set(re.findall(r"^#define (PCA_\w+)", text, re.M)) - set(found) - GUARDS
    if unread:
        raise ValueError(f"macros that are no numbers: {sorted(unread)}")
    return found


def exception_name(code: str) -> str:
    """PCA_E_NOT_FOUND: NotFoundError."""
    return "".join(part.capitalize() for part in code.removeprefix("PCA_E_").split("_")) + "Error"


def module(declared: list[str], numbers: dict[str, tuple[int, str]], version: str) -> str:
    """The text of _header.py."""
    left = dict(numbers)
    public: list[str] = []
    out = ['"""Made from pca.h and driver.h by declarations.py."""', "from __future__ import annotations", "",
           "from enum import IntEnum, IntFlag", "", "from ._error import Error", "", f'VERSION = "{version}"', "",
           'CDEF = """', *declared, '"""', "", ""]

    def members(base: str, name: str, about: str, chosen: list[tuple[str, str]]) -> None:
        public.append(name)
        out.extend([f"class {name}({base}):", f'    """{about}"""', ""])
        for macro, member in chosen:
            value, comment = left.pop(macro)
            out.append(f"    {member} = {value}" + (f"  # {comment}" if comment else ""))
        out.extend(["", ""])

    def chosen(prefix: str) -> list[tuple[str, str]]:
        return [(one, one.removeprefix(prefix)) for one in numbers if one.startswith(prefix) and not one.endswith("_VERSION")]

    codes = [(name, name.removeprefix("PCA_E_")) for name in numbers if name.startswith("PCA_E_")]
    said = {name: numbers[name][1] for name, _ in codes}
    members("IntEnum", "Code", "Why a call failed.", codes)
    members("IntFlag", "Flag", "Flags of an export.", [(name, name.removeprefix("PCA_")) for name in numbers if name in FLAGS])
    for prefix, (name, about) in ENUMS.items():
        members("IntEnum", name, about, chosen(prefix))
    for macro, _ in codes:
        about = said[macro][:1].upper() + said[macro][1:]
        public.append(exception_name(macro))
        out.extend([f"class {exception_name(macro)}(Error):", f'    """{about}."""', "",
                    f"    code = Code.{macro.removeprefix('PCA_E_')}", "", ""])
    out.append("EXCEPTIONS: dict[int, type[Error]] = {")
    out.extend(f"    {numbers[macro][0]}: {exception_name(macro)}," for macro, _ in codes)
    out.extend(["}", "", ""])
    out.extend(f"{name} = {value}" for name, (value, _) in left.items())
    out.extend(["", "__all__ = [", *(f'    "{name}",' for name in public), "]"])
    return "\n".join(out) + "\n"


def write(include: pathlib.Path, version: str, output: pathlib.Path) -> None:
    """Writes the module, by the compiler where there is one."""
    try:
        declared = by_compiler(include)
    except (OSError, subprocess.CalledProcessError):
        declared = by_text(include)
    output.write_text(module(declared, constants(include), version), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    write(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
