"""Starts what is measured, and stops it again whatever happens."""

import contextlib
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
PYTHON = "/usr/bin/python3"  # Debian's own, which has Debian's packages

# Peers run as on any machine: without hints for their linear algebra, and the daemon without
# options from outside.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") and not name.startswith("SPIKELOSSD_")
} | {"PYTHONDONTWRITEBYTECODE": "1"}


def core(number):
    """Words before a command that bind it to one of the cores, where there is more than one.

    Servers have the first and clients the second. Unbound, the system moves both onto one core for
    as long as it likes, because who is woken up is brought to who woke it; then they take turns
    instead of working at once, and a median tells how often that happened.
    """
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[number])] if len(cores) > 1 else []


class CommandFailed(RuntimeError):
    """A program said why it could not do its work."""


def output_of(*command):
    """Standard output of a command, which must end well."""
    done = subprocess.run([str(word) for word in command], env=ENVIRONMENT, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise CommandFailed(f"{command} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def process(command, environment=(), **pipes):
    started = subprocess.Popen([str(word) for word in command], env=ENVIRONMENT | dict(environment),
                               text=True, **pipes)
    try:
        yield started
    finally:
        for pipe in (started.stdin, started.stdout):
            if pipe:
                pipe.close()
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        if started.stderr:
            started.stderr.close()


@contextlib.contextmanager
def server(*command, environment=()):
    """Runs a server that says on standard error where it listens; gives its port."""
    with process(command, environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                 stderr=subprocess.PIPE) as started:
        said = []
        for line in started.stderr:
            said.append(line)
            if "http://127.0.0.1:" in line:
                yield int(line.split("http://127.0.0.1:")[1].split()[0])
                return
        raise RuntimeError(f"{' '.join(map(str, command))} does not start: {''.join(said)[-2000:]}")


@contextlib.contextmanager
def worker(script, *arguments):
    """A peer that runs once for each line it gets; gives a function that does that: seconds."""
    with process([PYTHON, os.path.join(PEERS, script), *arguments], stdin=subprocess.PIPE,
                 stdout=subprocess.PIPE) as started:
        def run():
            started.stdin.write("\n")
            started.stdin.flush()
            return float(started.stdout.readline())

        if started.stdout.readline() != "ready\n":
            raise RuntimeError(f"{script} does not start")
        yield run


def has_module(*names):
    """Whether Debian's Python has all of these."""
    return subprocess.run([PYTHON, "-c", "import " + ", ".join(names)], env=ENVIRONMENT, check=False,
                          stderr=subprocess.DEVNULL).returncode == 0
