"""A spikelossd that the example can stop, kill and start again."""

import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "build/release/src/spikelossd"  # scripts/serve puts it here


class Daemon:
    """Listens on a Unix socket in a temporary folder: after a restart the address is the same."""

    def __init__(self, program=PROGRAM):
        self.program = program
        self.folder = tempfile.TemporaryDirectory()
        self.address = f"unix:{self.folder.name}/spikelossd.sock"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.end(signal.SIGTERM)
        self.folder.cleanup()

    def start(self):
        """Returns when the daemon listens."""
        surroundings = {
            name: value for name, value in os.environ.items() if not name.startswith("SPIKELOSSD_")
        }
        self.process = subprocess.Popen(
            [self.program, "--listen", self.address],
            env=surroundings,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "listening on" in line:
                break
        else:
            raise RuntimeError("the daemon did not start: " + "".join(said))
        # Reads on, or the pipe would fill up and lines would be lost.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def end(self, how):
        """With SIGTERM it finishes what it has begun, with SIGKILL not. Returns when it has ended."""
        self.process.send_signal(how)
        self.process.wait()
