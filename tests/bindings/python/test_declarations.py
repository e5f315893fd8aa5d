"""What the package says of the header, held against the header."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import unittest.mock

import cffi

import pca
from pca import _builders, _header

TOP = pathlib.Path(__file__).resolve().parents[3]
INCLUDE = TOP / "include"
sys.path.insert(0, str(TOP / "bindings" / "python"))
import declarations  # type: ignore[import-not-found,unused-ignore] # noqa: E402

COMPILER = os.environ.get("CC", "cc").split()[-1]


def functions() -> set[str]:
    """The header's functions, as its text names them."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((INCLUDE / "pca").glob("*.h")))
    return set(re.findall(r"^PCA_API [\w *]*?\b(pca_\w+)\(", text, re.M))


@unittest.skipUnless(shutil.which(COMPILER), "there is no compiler")
class TestCompiler(unittest.TestCase):
    def test_both_readers_say_the_same(self) -> None:
        self.assertEqual(declarations.by_text(INCLUDE), declarations.by_compiler(INCLUDE))
        self.assertGreater(len(declarations.by_text(INCLUDE)), 200)

    def test_no_compiler_is_needed(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            made = [pathlib.Path(directory, name) for name in ("with.py", "without.py")]
            declarations.write(INCLUDE, "0.1.0", made[0])
            with unittest.mock.patch.dict(os.environ, {"CC": "/nowhere/cc"}):
                declarations.write(INCLUDE, "0.1.0", made[1])
            self.assertEqual(made[1].read_text(encoding="utf-8"), made[0].read_text(encoding="utf-8"))

    def test_a_compiler_takes_the_declarations(self) -> None:
        """In cffi's API mode a compiler compares every type, structure and constant with the header."""
        builder = cffi.FFI()
        builder.cdef(_header.CDEF + "".join(f"#define {name} ...\n" for name in declarations.constants(INCLUDE) if name != "PCA_ANY"))
        builder.set_source("_pca_check", "#include <pca/driver.h>", include_dirs=[str(INCLUDE)],
                           extra_compile_args=["-Werror", "-Wno-unused-function"])
        with tempfile.TemporaryDirectory() as directory:
            os.makedirs(f"{directory}/Release", exist_ok=True)
            self.assertTrue(builder.compile(tmpdir=directory))


class TestHeader(unittest.TestCase):
    def test_every_function_is_declared(self) -> None:
        declared = set(re.findall(r"\b(pca_\w+) \( (?!\*)", _header.CDEF))
        self.assertEqual(functions() - declared, set())

    def test_the_constants_are_those_of_the_header(self) -> None:
        text = "".join(path.read_text(encoding="utf-8") for path in sorted((INCLUDE / "pca").glob("*.h")))
        codes = {name: int(value) for name, value in re.findall(r"^#define PCA_E_(\w+) \((-\d+)\)", text, re.M)}
        self.assertEqual({code.name: code.value for code in pca.Code}, codes)
        for code in pca.Code:
            self.assertEqual(pca.code_name(code), f"PCA_E_{code.name}")
            self.assertTrue(issubclass(_header.EXCEPTIONS[code], pca.Error))
        self.assertEqual((pca.Kind.COMPLIANCE, pca.KeyAlgorithm.SM2, pca.Flag.WITH_PASSWORD_FILE, _header.PCA_ANY), (2, 8, 16, 2**64 - 1))

    def test_every_setter_is_a_keyword(self) -> None:
        for kind, fields in (("import", pca.ImportFields), ("request", pca.RequestFields), ("query", pca.QueryFields),
                             ("config", pca.ConfigFields)):
            setters = {re.sub(rf"^pca_{kind}_(set_|add_|use_)", "", name) for name in functions()
                       if re.match(rf"pca_{kind}_(set|add|use)_", name)}
            self.assertEqual(set(fields.__annotations__), setters, kind)
        with self.assertRaises(TypeError):
            _builders.request({"comon_name": "typing error"})


# What needs no function of Python's.
NOT_CALLED = {
    "pca_error_clear": "each call has an error of its own",
    "pca_error_code": "the verb returned it",
    "pca_request_reset": "builders never show",
    "pca_request_clone": "builders never show",
    "pca_import_reset": "builders never show",
    "pca_query_reset": "builders never show",
}
