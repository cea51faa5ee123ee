#!/usr/bin/env python3
"""A daemon with its default settings in a control group of 64 MiB, under crowds that fill buffers.

    tests/memory_cgroup.py PROGRAM

The kernel kills what takes more than its group may. So for every crowd: the daemon lives, a client
that comes in between is answered, and the group's highest use is printed. Needs the right to make a
memory control group; exits with 77 where there is none.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

LIMIT = 64 << 20
CROWD = 890
ENDLESS = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
KEPT = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UPLOAD = (
    b"POST /v1/losses/firing_rate_target_mse_loss HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b'Content-Length: 1000000\r\n\r\n{"spikes_list": [' + b"[[[0,1,0,1]]]," * 4
)


class Group:
    """A memory control group of version 1 or 2."""

    def __init__(self):
        name = f"spikelossd-test-{os.getpid()}"
        first = pathlib.Path("/sys/fs/cgroup/memory")
        second = pathlib.Path("/sys/fs/cgroup")
        if (first / "memory.limit_in_bytes").exists():
            self.path, limit = first / name, "memory.limit_in_bytes"
            self.peak = "memory.max_usage_in_bytes"
        else:
            self.path, limit, self.peak = second / name, "memory.max", "memory.peak"
        self.path.mkdir()
        (self.path / limit).write_text(str(LIMIT))

    def enter(self):
        (self.path / "cgroup.procs").write_text("0")

    def highest(self):
        file = self.path / self.peak
        return int(file.read_text()) if file.exists() else -1

    def remove(self):
        self.path.rmdir()


class Daemon:
    def __init__(self, program, group, options):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--log-level", "warning", *options],
            stderr=subprocess.PIPE,
            preexec_fn=group.enter,
        )
        line = self.process.stderr.readline().decode()
        while " listening on " not in line:
            assert line, "the daemon did not start"
            line = self.process.stderr.readline().decode()
        self.port = int(line.rsplit(":", 1)[1])

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def connect(port, tls):
    wire = socket.create_connection(("127.0.0.1", port), timeout=10)
    return tls.wrap_socket(wire, server_hostname="localhost") if tls else wire


def join_crowd(port, tls, bytes_to_send):
    """One client of the crowd; None where it was turned away, which is no failure."""
    try:
        wire = connect(port, tls)
        wire.setblocking(False)
        with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError):
            wire.send(bytes_to_send)
        return wire
    except OSError:
        return None


def answered_after(port, tls):
    """Seconds until /livez is answered with 200; tries again as a probe would."""
    started = time.monotonic()
    while time.monotonic() - started < 20:
        with contextlib.suppress(OSError):
            wire = connect(port, tls)
            wire.sendall(LIVEZ)
            if wire.recv(65536).startswith(b"HTTP/1.1 200"):
                return time.monotonic() - started
    return None


def try_crowd(program, name, bytes_to_send, tls, options):
    group = Group()
    try:
        daemon = Daemon(program, group, options)
        crowd = [join_crowd(daemon.port, tls, bytes_to_send) for _ in range(CROWD)]
        seconds = answered_after(daemon.port, tls)
        alive = daemon.alive()
        for wire in crowd:
            if wire:
                wire.close()
        status = daemon.stop() if alive else daemon.process.wait()
        highest = group.highest()
        ok = alive and seconds is not None and status == 0
        taken = sum(wire is not None for wire in crowd)
        print(
            f"{'ok' if ok else 'not ok'} - {name}: {taken} of {CROWD} clients, /livez after "
            f"{seconds if seconds is None else round(seconds, 2)} s, "
            f"highest use {highest / (1 << 20):.1f} MiB, exit status {status}",
            flush=True,
        )
        return ok
    finally:
        group.remove()


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"]
        + ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def main():
    program = sys.argv[1]
    try:
        Group().remove()
    except OSError as trouble:
        print(f"no control group can be made here: {trouble}")
        return 77
    folder = tempfile.mkdtemp()
    make_certificate(folder)
    tls = ssl.create_default_context(cafile=f"{folder}/certificate.pem")
    encrypted = ["--tls-certificate", f"{folder}/certificate.pem", "--tls-key", f"{folder}/key.pem"]
    crowds = [
        ("headers that never end", ENDLESS),
        ("one GET /livez each, then silence", KEPT),
        ("uploads that stop in the body", UPLOAD),
    ]
    results = [try_crowd(program, name, sent, None, []) for name, sent in crowds]
    results += [
        try_crowd(program, name + ", over TLS", sent, tls, encrypted) for name, sent in crowds
    ]
    shutil.rmtree(folder)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
