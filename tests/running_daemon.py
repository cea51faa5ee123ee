"""What scripts that put a daemon under stress share: the daemon, checks that are counted, sockets."""

import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

PATIENCE = 60  # seconds for what must come in the end


class Checks:
    passed = failed = 0

    @classmethod
    def that(cls, good, words):
        if good:
            cls.passed += 1
        else:
            cls.failed += 1
            print(f"failed: {words}", flush=True)


class Daemon:
    """A daemon on a free port of 127.0.0.1. At the end of a `with` block it gets SIGTERM, and must
    end with exit code 0."""

    def __init__(self, program, *options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPIKELOSSD_")}
        self.log = tempfile.NamedTemporaryFile("w+")
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0", *options],
                                        stderr=self.log, env=environment)
        self.port = 0
        Checks.that(eventually(self.find_port), f"it says where it listens: {self.messages()}")

    def __enter__(self):
        return self

    def __exit__(self, *trouble):
        Checks.that(self.stop() == 0, f"it ended with {self.process.returncode}")

    def find_port(self):
        found = re.search(r"127\.0\.0\.1:(\d+)\n", self.messages())
        self.port = int(found.group(1)) if found else 0
        return self.port

    def messages(self):
        with open(self.log.name) as log:
            return log.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def connect_raw(self, patience=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience)

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as numbers:
            return int(numbers.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.02)
    return True


def read_all(wire):
    """What comes up to the end of the connection, or its reset."""
    said = b""
    try:
        while piece := wire.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def reset(wire):
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()
