"""Tests ask a real daemon: pytest tests --daemon PATH, by default that of scripts/test."""

import importlib
import json
import os
import pathlib
import subprocess

import pytest

import spikeloss
from spikeloss import native

ROOT = pathlib.Path(__file__).parents[3]


def pytest_addoption(parser):
    build = ROOT / "build" / "test"
    parser.addoption("--daemon", default=str(build / "src" / "spikelossd"))
    parser.addoption("--native", default=str(build / "clients" / "python" / "native" / "native.so"))


def pytest_terminal_summary(terminalreporter):
    """The last line of `pytest -qq`, which scripts/test reads."""
    outcomes = terminalreporter.stats
    failed = len(outcomes.get("failed", [])) + len(outcomes.get("error", []))
    print(f"\n{len(outcomes.get('passed', []))} passed, {failed} failed")


class Daemon:
    """A running spikelossd; `url` is where it says that it listens."""

    def __init__(self, program, listen, *options):
        self.listen = listen
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("SPIKELOSSD_")}
        self.process = subprocess.Popen(
            [program, "--listen", listen, *options],
            env=surroundings,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stderr:
            if "listening on " in line:
                self.url = line.split("listening on ")[1].strip()
                return
        raise AssertionError(f"the daemon ended with exit code {self.process.wait()}")

    def kill(self):
        """As if the machine had lost its power: connections break."""
        self.process.kill()
        self._ended()

    def stop(self):
        self.process.terminate()
        assert self._ended() == 0

    def _ended(self):
        status = self.process.wait(timeout=60)
        self.process.stderr.close()
        return status


@pytest.fixture(scope="session")
def program(request):
    path = request.config.getoption("--daemon")
    assert os.access(path, os.X_OK), f"no daemon at {path}: --daemon says where it is"
    return path


@pytest.fixture(scope="session")
def daemon(program):
    daemon = Daemon(program, "127.0.0.1:0")
    yield daemon
    daemon.stop()


@pytest.fixture
def client(daemon):
    with spikeloss.Client(daemon.url, retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def library(request):
    """The kernels in C of the build, whatever the package itself has."""
    path = request.config.getoption("--native")
    found = native.load(path)
    assert found is not None, f"no library at {path}: --native says where it is"
    return found


@pytest.fixture(autouse=True)
def _kernels(library, monkeypatch):
    monkeypatch.setattr(native, "library", library)


@pytest.fixture(params=["native", "arrays", "lists"])
def backend(request, monkeypatch):
    """With NumPy and the kernels in C, with NumPy alone, and as if there were none."""
    if request.param == "arrays":
        monkeypatch.setattr(native, "library", None)
    module = importlib.import_module("spikeloss." + request.param.replace("native", "arrays"))
    for user in spikeloss.answers, spikeloss.client:
        monkeypatch.setattr(user, "backend", module)


def read_cases():
    return json.loads((ROOT / "tests" / "golden" / "cases.json").read_text())
