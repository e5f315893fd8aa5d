"""Makes src/pca/_header.py of the header beside, then builds as pyproject.toml says. In a source distribution it is made already."""
import pathlib
import re
import sys

from setuptools import setup

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
import declarations  # noqa: E402

top = here.parent.parent
made = here / "src" / "pca" / "_header.py"
if (top / "include" / "pca" / "pca.h").exists():
    version = re.search(r"version: '([\d.]+)'", (top / "meson.build").read_text(encoding="utf-8"))[1]
    declarations.write(top / "include", version, made)
else:
    version = re.search(r'^VERSION = "(.*)"$', made.read_text(encoding="utf-8"), re.M)[1]

setup(version=version)
