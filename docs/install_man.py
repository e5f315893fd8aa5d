"""install_man.py FROM TO: what meson install calls. Pages of several functions are links, which meson does not install by a list."""
import os
import pathlib
import shutil
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(os.environ['MESON_INSTALL_PREFIX'], sys.argv[2])
if os.environ.get('DESTDIR'):
    target = pathlib.Path(os.environ['DESTDIR'], target.relative_to(target.anchor))
if 'MESON_INSTALL_DRY_RUN' not in os.environ:
    target.mkdir(parents=True, exist_ok=True)
    for page in source.iterdir():
        (target / page.name).unlink(missing_ok=True)
        shutil.copy2(page, target / page.name, follow_symlinks=False)
