#!/usr/bin/env python3
"""A storm of random clients against one daemon: whatever they do, it goes on, and keeps nothing.

    tests/storm.py DAEMON [SECONDS [SEED]]

Clients connect in plain text and over TLS, cut their requests at random bytes, half-close, order
computations and leave, read slowly, flood the limit of connections; certificates are read again
meanwhile. Then everything must be as before: gauges, files, threads. Then it storms again, and
SIGTERM comes in the middle. /livez must answer all the time. With SLOW_BUILD set, for sanitizers,
times and memory are printed, not judged. The last line counts the checks.
"""

import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from running_daemon import PATIENCE, Checks, Daemon, eventually, read_all, reset

LOSS = b"/v1/losses/firing_rate_target_mse_loss"
SMALL = b'{"spikes_list":[[[[1,0,1],[0,0,1]]]],"offsets":[0.25],"multipliers":[2]}'
LIVEZ_SECONDS = 2
STOP_SECONDS = 3
CLIENTS = 32
CONNECTIONS = 200
MAX_GROWTH = 200 << 20  # each thread may keep 32 MiB
SLOW_BUILD = "SLOW_BUILD" in os.environ


def wide(pairs, gradient=b"broadcast", entries=0, data_first=False):
    """Few bytes that order a long computation; or many, counted once their shape has come."""
    data = b'"data":[' + b",".join(b"[0,0,%d]" % i for i in range(entries)) + b"]"
    shape = b'"shape":[1,1,%d],"encoding":"coo"' % pairs
    tensor = data + b"," + shape if data_first else shape + b"," + data
    return (b'{"gradient":"%s","spikes_list":[{%s}],"offsets":[0.3],"multipliers":[0.7]}'
            % (gradient, tensor))


BODIES = {
    "small": SMALL,
    "wide": wide(1 << 24),
    "medium": wide(300000),
    "dense": wide(2000000, b"dense"),
    "deferred": wide(200000, entries=150000, data_first=True),
    "counted": wide(200000, entries=50000),
    "wrong": SMALL[:30] + b"x" + SMALL[30:],
    "long_and_wrong": wide(200000, entries=90000)[:-40] + b"?",
}


def request(chance, body):
    """A POST in one of the spellings of HTTP."""
    kind = chance.randrange(6)
    version = b"HTTP/1.0" if kind == 0 else b"HTTP/1.1"
    method = b"HEAD" if kind == 1 and chance.random() < 0.2 else b"POST"
    lines = [method + b" " + LOSS + b" " + version, b"Host: localhost"]
    if kind == 0:
        lines.append(b"Connection: keep-alive")
    if kind == 2:
        lines.append(b"Expect: 100-continue")
    if kind == 3:
        lines.append(b"Transfer-Encoding: chunked")
        pieces, at = [], 0
        while at < len(body):
            size = chance.randrange(1, max(2, len(body) // 3))
            pieces.append(b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size]))
            at += size
        body = b"".join(pieces) + b"0\r\n\r\n"
    else:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Target(Daemon):
    def __init__(self, program, folder):
        self.unix = os.path.join(folder, "socket")
        certificate, key = os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                        certificate, "-days", "2", "-subj", "/CN=localhost"],
                       check=True, stderr=subprocess.DEVNULL)
        super().__init__(
            program, "--listen", "unix:" + self.unix,
            "--tls-certificate", certificate, "--tls-key", key, "--threads", "2",
            "--connections", str(CONNECTIONS), "--memory-bytes", "600MiB", "--idle-seconds", "5",
            "--header-seconds", "3", "--request-seconds", "20", "--stop-seconds",
            str(STOP_SECONDS), "--log-level", "info", "--access-log", "none")
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def connect(self, encrypted, patience=PATIENCE):
        if not encrypted:
            wire = socket.socket(socket.AF_UNIX)
            wire.settimeout(patience)
            wire.connect(self.unix)
            return wire
        return self.tls.wrap_socket(self.connect_raw(patience))

    def gauges(self):
        wire = self.connect(False)
        wire.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        page = read_all(wire).decode()
        wire.close()
        names = ("requests_in_flight", "connections", "request_memory_bytes")
        return tuple(re.search(rf"^spikelossd_{name} (\d+)", page, re.M)[1] for name in names
                     if re.search(rf"^spikelossd_{name} (\d+)", page, re.M))


def leave(chance, wire):
    (reset if chance.random() < 0.4 else socket.socket.close)(wire)


def read_some(chance, wire, pieces):
    for _ in range(pieces):
        if not wire.recv(chance.choice((1, 100, 4096, 65536))):
            return
        threading.Event().wait(chance.random() * 0.05)


def cut_anywhere(chance, daemon, encrypted):
    whole = request(chance, BODIES[chance.choice(list(BODIES))])
    wire = daemon.connect(encrypted)
    wire.sendall(whole[:chance.randrange(len(whole) + 1)])
    threading.Event().wait(chance.random() ** 3 * 0.5)
    leave(chance, wire)


def half_close(chance, daemon, encrypted):
    whole = request(chance, BODIES[chance.choice(("small", "medium", "deferred", "counted"))])
    cut = chance.choice((len(whole), chance.randrange(len(whole))))
    wire = daemon.connect(encrypted)
    wire.sendall(whole[:cut])
    wire.shutdown(socket.SHUT_WR)
    if not encrypted:
        read_all(wire)
    leave(chance, wire)


def leave_while_it_computes(chance, daemon, encrypted):
    wire = daemon.connect(encrypted)
    wire.sendall(request(chance, BODIES["wide"]))
    threading.Event().wait(chance.random() * 0.2)
    if chance.random() < 0.5:
        wire.sendall(request(chance, SMALL)[:chance.randrange(300)])
    leave(chance, wire)


def read_slowly(chance, daemon, encrypted):
    wire = daemon.connect(encrypted)
    wire.sendall(request(chance, BODIES["dense"]))
    read_some(chance, wire, chance.randrange(1, 30))
    leave(chance, wire)


def pipeline(chance, daemon, encrypted):
    wire = daemon.connect(encrypted)
    bodies = [BODIES[chance.choice(("small", "medium", "deferred"))] for _ in range(4)]
    asked = b"".join(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                     % (LOSS, len(body), body) for body in bodies)
    wire.sendall(asked + LIVEZ)
    if chance.random() < 0.5:
        read_some(chance, wire, 3)
    leave(chance, wire)


def flood(chance, daemon, encrypted):
    del encrypted
    wires = []
    try:
        for _ in range(chance.randrange(20, 120)):
            wires.append(daemon.connect_raw() if chance.random() < 0.5 else daemon.connect(False))
            wires[-1].sendall(chance.choice((b"", b"G", b"\x16\x03\x01", LIVEZ[:20], LIVEZ)))
        threading.Event().wait(chance.random() * 0.7)
    finally:
        for wire in wires:
            leave(chance, wire)


def disturb_tls(chance, daemon, encrypted):
    del encrypted
    wire = daemon.connect_raw()
    wire.sendall(chance.choice((b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", LIVEZ,
                                b"\x16" + chance.randbytes(300), chance.randbytes(40))))
    threading.Event().wait(chance.random() ** 2)
    leave(chance, wire)


def ask_properly(chance, daemon, encrypted):
    wire = daemon.connect(encrypted)
    for _ in range(chance.randrange(1, 6)):
        wire.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                     % (LOSS, len(SMALL), SMALL))
        said = wire.recv(65536)
        if b" 200 " in said[:20]:
            ask_properly.answers += 1
        elif b"Connection: close" in said or not said:
            break
    leave(chance, wire)


ask_properly.answers = 0

ACTIONS = (cut_anywhere, cut_anywhere, cut_anywhere, half_close, half_close,
           leave_while_it_computes, read_slowly, pipeline, flood, disturb_tls, ask_properly)


class Storm:
    def __init__(self, daemon, seed):
        self.daemon = daemon
        self.over = threading.Event()
        self.watched = True
        self.acts = self.lookups = 0
        self.slowest = 0
        self.surprises = []
        self.threads = [threading.Thread(target=self.rage, args=(seed * 1000 + i,))
                        for i in range(CLIENTS)]
        self.threads += [threading.Thread(target=self.watch), threading.Thread(target=self.reload)]
        for thread in self.threads:
            thread.start()

    def rage(self, seed):
        chance = random.Random(seed)
        while not self.over.is_set():
            act = chance.choice(ACTIONS)
            try:
                act(chance, self.daemon, chance.random() < 0.4)
            except OSError:
                self.over.wait(0.02)  # refused, cut, reset: storms are like that
            except Exception as trouble:
                self.surprises.append(f"{act.__name__}: {trouble!r}")
            self.acts += 1

    def watch(self):
        """In the flood it may be an answer that there are too many, but it comes."""
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                wire = self.daemon.connect(False)
                wire.sendall(LIVEZ)
                said = wire.recv(4096)
                wire.close()
            except OSError as trouble:
                said = repr(trouble).encode()
            if self.watched:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.lookups += 1
                if not said.startswith(b"HTTP/1.1 "):
                    self.surprises.append(f"/livez: {said} after {time.monotonic() - began:.2f} s")

    def reload(self):
        while not self.over.wait(0.3) and self.watched:
            self.daemon.process.send_signal(signal.SIGHUP)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        print(f"{self.acts} acts, {ask_properly.answers} answers, /livez {self.lookups} times, the"
              f" slowest after {self.slowest:.2f} s", flush=True)


def storm_passes(daemon, seconds, seed):
    before = (daemon.gauges(), daemon.files(), daemon.threads())
    resident = daemon.resident()
    storm = Storm(daemon, seed)
    threading.Event().wait(seconds)
    Checks.that(daemon.process.poll() is None, f"it lives: {daemon.messages()[-1000:]}")
    storm.end()
    Checks.that(not storm.surprises, f"in the storm: {storm.surprises[:5]}")
    Checks.that(SLOW_BUILD or storm.slowest < LIVEZ_SECONDS, f"/livez took {storm.slowest:.2f} s")
    if daemon.process.poll() is not None:
        return
    same = eventually(lambda: (daemon.gauges(), daemon.files(), daemon.threads()) == before)
    after = (daemon.gauges(), daemon.files(), daemon.threads())
    Checks.that(same, f"after the storm {after}, before it {before}")
    growth = daemon.resident() - resident
    print(f"resident: {resident >> 20} MiB before, {growth >> 20} MiB more after", flush=True)
    Checks.that(SLOW_BUILD or growth < MAX_GROWTH, f"it keeps {growth >> 20} MiB")


def stop_in_the_storm(daemon, seconds, seed):
    storm = Storm(daemon, seed)
    threading.Event().wait(seconds)
    storm.watched = False
    began = time.monotonic()
    status = daemon.stop()
    took = time.monotonic() - began
    storm.end()
    Checks.that(status == 0, f"it ended with {status}: {daemon.messages()[-1000:]}")
    print(f"stopped after {took:.1f} s", flush=True)


def main():
    program = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        daemon = Target(program, folder)
        storm_passes(daemon, seconds, seed)
        if daemon.process.poll() is None:
            stop_in_the_storm(daemon, min(seconds, 4), seed + 1)
    print(f"{Checks.passed} passed, {Checks.failed} failed")
    return Checks.failed > 0


if __name__ == "__main__":
    sys.exit(main())
