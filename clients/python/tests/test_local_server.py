"""A server of one process: private, and gone with the process."""

import os
import select
import signal
import subprocess
import sys

import numpy
import pytest

import spikeloss

# A shell has programs in the background ignore SIGINT, and so would what they start.
PRINTS_ITS_SOCKET = """
import signal, spikeloss, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
with spikeloss.local_server(daemon=sys.argv[1]) as client:
    print(client._transport.url, flush=True)
    sys.stdin.read()
"""


def folder_of(url):
    return os.path.dirname(url[len("unix:") :])


def loss_of(client):
    return client.firing_rate_target_mse_loss([numpy.eye(4)], offsets=[0.25], multipliers=[1]).loss


def test_it_computes_on_a_private_socket(program):
    with spikeloss.local_server(daemon=program) as client:
        folder = folder_of(client._transport.url)
        assert loss_of(client) == 0
        assert os.stat(folder).st_mode & 0o077 == 0
    assert not os.path.exists(folder)


def test_two_do_not_disturb_each_other(program):
    with spikeloss.local_server(daemon=program) as first:
        with spikeloss.local_server(daemon=program) as second:
            assert loss_of(second) == 0
        assert loss_of(first) == 0


def test_it_ends_with_the_block_also_after_an_exception(program):
    with pytest.raises(ZeroDivisionError):
        with spikeloss.local_server(daemon=program) as client:
            raise ZeroDivisionError
    assert not os.path.exists(folder_of(client._transport.url))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_process_however_that_ends(program, number):
    owner = subprocess.Popen(
        [sys.executable, "-c", PRINTS_ITS_SOCKET, program],
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(spikeloss.__file__))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    folder = folder_of(owner.stdout.readline().strip())
    guard = guard_of(folder)
    owner.send_signal(number)
    owner.wait(timeout=60)
    assert select.select([guard], [], [], 60)[0], "the daemon outlives its process"
    assert not os.path.exists(folder)
    os.close(guard)
    owner.stdin.close()
    owner.stdout.close()


def guard_of(folder):
    """A file that becomes readable when the shell has waited for the daemon and ends."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as command:
                arguments = command.read().split(b"\0")
        except OSError:
            continue
        if folder.encode() in arguments:
            return os.pidfd_open(int(entry))
    raise AssertionError("the daemon does not run")


def test_a_wrong_option_is_an_error_with_the_words_of_the_daemon(program):
    with pytest.raises(spikeloss.SpikelossError, match="unknown option --nonsense"):
        with spikeloss.local_server("--nonsense", daemon=program):
            pass


@pytest.mark.parametrize("file", [None, "link", "text"])
def test_without_a_daemon_that_runs_the_error_says_where_to_get_it(file, monkeypatch, tmp_path):
    """As in a checkout without its builds, and in one of another user."""
    inside = tmp_path / "bin" / "spikelossd"
    inside.parent.mkdir()
    if file == "link":
        inside.symlink_to(tmp_path / "removed")
    elif file == "text":
        inside.write_text("no program")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(spikeloss._local_server, "__file__", str(tmp_path / "_local_server.py"))
    with pytest.raises(spikeloss.SpikelossError, match="install the wheel.*scripts/serve"):
        with spikeloss.local_server():
            pass
