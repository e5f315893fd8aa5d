"""Programs that judges are made of: found, or built once into the build directory."""
import contextlib
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}


class Absent(Exception):
    """Why a judge cannot be had here."""


@contextlib.contextmanager
def locked(path):
    """One process at a time."""
    with open(path, 'w') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def find(program):
    path = shutil.which(program)
    if not path:
        raise Absent(f'{program} is not installed')
    return path


def installed(path, package):
    if not Path(path).exists():
        raise Absent(f'{package} is not installed')
    return path


def run(*args, environment=None, **more):
    """(exit status, what was said on both channels)."""
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**ENVIRONMENT, **(environment or {})}, text=True, errors='replace', **more)
    return done.returncode, done.stdout


def prepare(*args, **more):
    status, said = run(*args, **more)
    if status != 0:
        lines = said.strip().splitlines()
        raise Absent(f'{Path(args[0]).name} {args[1]}: {lines[-1] if lines else f"exit status {status}"}')


def newer(path, sources):
    return path.exists() and all(s.stat().st_mtime <= path.stat().st_mtime for s in sources)


def go_program(name, build):
    """The Go module of this folder, built."""
    source, program = HERE / name, build / f'judge-{name}'
    with locked(build / f'{name}.lock'):
        if not newer(program, list(source.iterdir())):
            prepare(find('go'), 'build', '-buildvcs=false', '-o', str(program), '.', cwd=source)
    return [str(program)]


def java_program(build, name='Judge', jars=()):
    """A program of the folder java, compiled."""
    source, classes = HERE / 'java' / f'{name}.java', build / 'java'
    with locked(build / 'java.lock'):
        if not newer(classes / f'{name}.class', [source]):
            prepare(find('javac'), '-d', str(classes), str(source))
    return [find('java'), '-XX:TieredStopAtLevel=1', '-cp', ':'.join(map(str, [classes, *jars])), name]


def python_with_requirements(build):
    """The interpreter of an environment that holds python/requirements.txt."""
    wanted, venv = HERE / 'python' / 'requirements.txt', build / 'venv'
    stamp, python = venv / 'requirements.txt', venv / 'bin' / 'python'
    with locked(build / 'venv.lock'):
        if not stamp.exists() or stamp.read_text() != wanted.read_text():
            shutil.rmtree(venv, ignore_errors=True)
            prepare(find('python3'), '-m', 'venv', str(venv))
            prepare(str(python), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', str(wanted))
            shutil.copy(wanted, stamp)
    return str(python)
