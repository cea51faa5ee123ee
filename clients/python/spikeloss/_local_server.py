"""A server of this process alone: the daemon that the wheel brings, on a private Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Optional

from spikeloss.client import Client
from spikeloss.errors import SpikelossError

# Ends the daemon when this process closes its end of the pipe, or is killed. Not PR_SET_PDEATHSIG:
# that would end the daemon with the thread that started it. Ctrl-C is for this process alone, so
# the shell has a session of its own. Its $0 is the folder of the socket.
_GUARD = '"$@" </dev/null & exec 2>&-; read -r _; kill $!; wait $!; rm -r "$0"'


def daemon_path() -> str:
    """The daemon inside of this package, or else the one that is installed on the machine."""
    inside = Path(__file__).with_name("bin") / "spikelossd"
    path = str(inside) if os.access(inside, os.X_OK) else shutil.which("spikelossd")
    if path is None:
        raise SpikelossError(
            "there is no spikelossd: this package is the client alone; install the wheel that "
            "brings the daemon, or the Debian package; in a checkout, scripts/serve builds it"
        )
    return path


@contextmanager
def local_server(
    *options: str, daemon: Optional[str] = None, **client_options: Any
) -> Iterator[Client]:
    """Start a daemon for this process, yield its client, and stop the daemon.

        with spikeloss.local_server() as client:
            client.spike_count_mse(...)

    Other users cannot connect: the socket is in a folder of this user. The daemon ends with this
    process, also when that is killed.

    options         of the daemon, such as "--threads=2"
    daemon          its path; by default the one that the wheel brings
    client_options  of Client, such as timeout=5
    """
    program = daemon or daemon_path()
    folder = tempfile.mkdtemp(prefix="spikeloss-")
    address = f"unix:{folder}/http.sock"
    command = [program, f"--listen={address}", "--access-log=none", *options]
    with subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, folder, *command],
        env={k: v for k, v in os.environ.items() if not k.startswith("SPIKELOSSD_")},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as guard:
        assert guard.stderr is not None
        _wait_until_it_listens(guard.stderr)
        with Client(address, **client_options) as client:
            yield client


def _wait_until_it_listens(messages: IO[str]) -> None:
    said = []
    for line in messages:
        if "listening on " in line:
            return
        said.append(line)
    raise SpikelossError("the daemon did not start: " + "".join(said).strip())
