#!/usr/bin/env python3
"""Bad networks and hostile clients against a running daemon, over real sockets.

    tests/faults.py DAEMON [NAME...]      all scenarios, or those of these names

Each scenario starts a daemon of its own on a free port of 127.0.0.1 and stops it with SIGTERM: it
must end with exit code 0. Figures are printed, not judged, where they depend on the machine. The
last line counts the checks.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from running_daemon import PATIENCE, Checks, Daemon, eventually, read_all, reset

LOSS = "/v1/losses/firing_rate_target_mse_loss"
GOOD = b'{"spikes_list":[[[[1,0,1],[0,0,1]]]],"offsets":[0.25],"multipliers":[2]}'


class Target(Daemon):
    def __init__(self, program, *options):
        super().__init__(program, "--log-level", "error", *options)

    def connect(self):
        wire = self.connect_raw()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def works(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", LOSS, GOOD, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        good = answer.status == 200 and json.loads(answer.read())["loss"] == 0.25
        connection.close()
        return good


def head(length=None, more=b""):
    framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    return (b"POST %s HTTP/1.1\r\nHost: localhost\r\n" % LOSS.encode() + framing + b"\r\n" + more +
            b"\r\n")


LARGE_QUESTION = (b'{"spikes_list":[{"shape":[2000,2000],"encoding":"coo","data":[]}],'
                  b'"offsets":[0.3],"multipliers":[0.7]}')


def disconnects(program):
    """At every phase, by an ordinary close and by a reset: noticed, and nothing is left open."""
    phases = {
        "before a byte": b"",
        "in the request line": b"POS",
        "in the headers": head(100)[:60],
        "after the headers": head(100),
        "in the body": head(100) + GOOD[:22],
        "in a refused body": head(100) + b"nonsense",
        "in the size of a chunk": head() + b"4",
        "in a chunk": head() + b"40\r\n" + GOOD[:10],
        "while the answer is sent": head(len(LARGE_QUESTION)) + LARGE_QUESTION,
    }
    with Target(program, "--idle-seconds", "3600", "--header-seconds", "3600",
                "--stop-seconds", "3600") as daemon:
        Checks.that(daemon.works(), "before the disconnects")
        before = daemon.files()
        for name, sent in phases.items():
            for leave in (socket.socket.close, reset):
                for _ in range(10):
                    wire = daemon.connect()
                    wire.sendall(sent)
                    leave(wire)
                Checks.that(daemon.works(), f"after {leave.__name__} {name}")
        Checks.that(eventually(lambda: daemon.files() <= before),
                    f"{daemon.files()} files are open, {before} were before")


def half_close(program):
    """A client that has sent everything and closes that half still reads the answer."""
    with Target(program) as daemon:
        for sent, statuses in ((head(len(GOOD)) + GOOD, [b"200"]),
                               (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3, [b"200"] * 3),
                               (head(100) + GOOD[:10], [])):
            wire = daemon.connect()
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
            said = read_all(wire)
            Checks.that(re.findall(rb"HTTP/1\.1 (\d+)", said) == statuses, f"half-close: {said}")
            wire.close()


def pipelining(program):
    """A thousand requests without waiting: as many answers, in their order."""
    count = 1000
    with Target(program) as daemon:
        wire = daemon.connect()
        request = b"".join(head(len(GOOD), b"X-Request-Id: n%d\r\n" % i) + GOOD
                           for i in range(count))
        sender = threading.Thread(target=wire.sendall, args=(request,))
        sender.start()
        said = b""
        while said.count(b'"binary":true') < count and (piece := wire.recv(65536)):
            said += piece
        sender.join()
        wire.close()
        ids = [int(i) for i in re.findall(rb"X-Request-Id: n(\d+)", said)]
        Checks.that(ids == list(range(count)), f"{len(ids)} answers in order {ids[:5]}...")


def malformed(program):
    """Chunks, headers and Expect in shapes that no client should send; nothing is taken for more
    than one request, nothing is answered 200 that should not be."""
    smuggled = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    bad = {
        "a size that is no number": head() + b"zz\r\n{}\r\n0\r\n\r\n",
        "a negative size": head() + b"-2\r\n{}\r\n0\r\n\r\n",
        "a size of 20 digits": head() + b"fffffffffffffffffff0\r\n{}\r\n0\r\n\r\n",
        "a chunk longer than its size": head() + b"2\r\n{}xx0\r\n\r\n",
        "both lengths": head(2, b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n" + smuggled,
        "two lengths": head(2, b"Content-Length: 5\r\n") + b"{}" + smuggled,
        "a length with a sign": head(2).replace(b": 2", b": +2") + b"{}" + smuggled,
        "a folded length": head(2).replace(b": 2", b":\r\n 2,2") + b"{}" + smuggled,
        "a space before a colon": head(2, b"Transfer-Encoding : chunked\r\n") + smuggled,
        "a chunked coding in disguise": head(None).replace(b"chunked", b"xchunked") + smuggled,
        "no host": head(2).replace(b"Host: localhost\r\n", b"") + b"{}" + smuggled,
        "headers without end": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 300000,
        "many headers": b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 50000,
    }
    with Target(program, "--idle-seconds", "2", "--header-seconds", "2") as daemon:
        for name, sent in bad.items():
            wire = daemon.connect()
            try:
                wire.sendall(sent)
            except OSError:
                pass
            said = read_all(wire)
            Checks.that(b" 200 " not in said, f"{name}: {said[:200]}")
            wire.close()
        Checks.that(daemon.works(), "after malformed requests")
        for expect, status in ((b"100-continue", b"100"), (b"100-Continue", b"100"),
                               (b"200-ok", b"200")):
            wire = daemon.connect()
            wire.sendall(head(len(GOOD), b"Expect: " + expect + b"\r\nConnection: close\r\n"))
            if status == b"100":
                Checks.that(wire.recv(4096).startswith(b"HTTP/1.1 100"), f"Expect: {expect}")
            wire.sendall(GOOD)
            said = read_all(wire)
            Checks.that(b" 200 OK" in said, f"Expect: {expect}: {said[:100]}")
            wire.close()


class Client:
    """Reads the status of a refused upload of a file, however its kind of client does that."""

    NODE = """const fs = require('fs');
      fetch(process.argv[1], {method: 'POST', body: fs.readFileSync(process.argv[2]),
        headers: {'Content-Type': 'application/json'}})
      .then(async a => { await a.text(); console.log(a.status); })
      .catch(e => console.log(String(e.cause || e)));"""

    @staticmethod
    def curl(port, path):
        return Client.said("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-H", "Expect:",
                           "-H", "Content-Type: application/json", "--data-binary", f"@{path}",
                           f"http://127.0.0.1:{port}{LOSS}")

    @staticmethod
    def node(port, path):
        return Client.said("node", "-e", Client.NODE, f"http://127.0.0.1:{port}{LOSS}", path)

    @staticmethod
    def python(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            with open(path, "rb") as body:
                connection.request("POST", LOSS, body.read(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except OSError as trouble:
            return repr(trouble)
        finally:
            connection.close()

    @staticmethod
    def plain(port, path):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire, \
                open(path, "rb") as body:
            try:
                wire.sendall(head(os.path.getsize(path)) + body.read())
                return wire.recv(4096).split()[1].decode()
            except OSError as trouble:
                return repr(trouble)

    @staticmethod
    def said(*command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        return (done.stdout or done.stderr).strip()


def errors_arrive(program):
    """Clients that send all of a large body before they look read the refusal, not a reset."""
    size = 64 * 1024 * 1024
    with tempfile.TemporaryDirectory() as folder:
        body = os.path.join(folder, "body.json")
        tokens = os.path.join(folder, "tokens")
        with open(body, "wb") as file:
            start = b'{"spikes_list": [[' + b"1," * 41
            file.write(start + b"x" + b"1," * ((size - len(start) - 1) // 2))
        with open(tokens, "w", encoding="ascii") as file:
            os.chmod(tokens, 0o600)
            file.write("someone " + "0123456789abcdef" * 3 + "\n")
        wanted = {"400": [], "401": ["--token-file", tokens],
                  "413": ["--body-bytes", "1MiB"]}
        for status, options in wanted.items():
            with Target(program, *options) as daemon:
                for client in (Client.curl, Client.python, Client.node, Client.plain):
                    if client is Client.node and not shutil.which("node"):
                        print("skipped: node is not here")
                        continue
                    for _ in range(3):
                        said = client(daemon.port, body)
                        Checks.that(said == status, f"{client.__name__}, {status}: {said}")


def quantile(seconds, share):
    return sorted(seconds)[int(share * (len(seconds) - 1))] * 1e6


def latencies(daemon, count=3000):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("POST", LOSS, GOOD, {"Content-Type": "application/json"})
        connection.getresponse().read()
        seconds.append(time.perf_counter() - begun)
    connection.close()
    return seconds


def slow_clients(program):
    """500 clients that drip ten bytes a second each, and what a normal client sees of them."""
    count = 500
    with Target(program) as daemon:
        latencies(daemon, 500)
        alone = latencies(daemon)
        wires = [daemon.connect() for _ in range(count)]
        for i, wire in enumerate(wires):
            wire.sendall(head(100000) if i % 2 else head(100000)[:-2] + b"X: ")
        stop = threading.Event()

        def drip():
            while not stop.wait(0.1):
                for wire in wires:
                    try:
                        wire.send(b" ")
                    except OSError:
                        pass

        dripping = threading.Thread(target=drip)
        dripping.start()
        beside = latencies(daemon)
        stop.set()
        dripping.join()
        Checks.that(daemon.works(), "beside slow clients")
        for wire in wires:
            wire.close()
        for share in (0.5, 0.99):
            print(f"p{100 * share:.0f} alone {quantile(alone, share):.0f} us, beside {count} slow "
                  f"clients {quantile(beside, share):.0f} us")


class Load:
    """Clients that ask again and again until nothing listens; an upload that was begun on a
    connection that was accepted must be answered."""

    def __init__(self, daemon, pause):
        self.daemon, self.pause = daemon, pause
        self.answered = self.lost = 0
        self.reasons = []
        self.lock = threading.Lock()

    def connect(self):
        """None if nothing listens any more, also where that happens while the connection waits."""
        try:
            return self.daemon.connect()
        except (ConnectionRefusedError, ConnectionResetError):
            return None

    def upload(self, wire, body):
        try:
            half = len(body) // 2
            wire.sendall(head(len(body), b"Connection: close\r\n") + body[:half])
            threading.Event().wait(self.pause)
            wire.sendall(body[half:])
            said = read_all(wire)
            return b" 200 OK" in said, said[:80]
        except OSError as trouble:
            return False, repr(trouble)
        finally:
            wire.close()

    def run(self, body):
        while wire := self.connect():
            good, reason = self.upload(wire, body)
            with self.lock:
                self.answered += good
                self.lost += not good
                if not good:
                    self.reasons.append(reason)


def drain_under_load(program):
    """SIGTERM while wrk, many short uploads and a few large ones run. wrk counts a connection that
    ends without the answer to its request as a read error."""
    row = b"[" + b"1,0," * 500 + b"1]"
    large = (b'{"spikes_list":[[' + b",".join([row] * 20000) +
             b']],"offsets":[0.25],"multipliers":[2],"gradient":"broadcast"}')
    for turn in range(3):
        with Target(program) as daemon:
            with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
                script.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = '
                             f'"application/json"\nwrk.body = \'{GOOD.decode()}\'\n')
                script.flush()
                wrk = shutil.which("wrk") and subprocess.Popen(
                    ["wrk", "-t1", "-c16", "-d4", "-s", script.name,
                     f"http://127.0.0.1:{daemon.port}{LOSS}"], stdout=subprocess.PIPE, text=True)
                short, long = Load(daemon, 0.0), Load(daemon, 0.3)
                threads = [threading.Thread(target=short.run, args=(GOOD,)) for _ in range(4)]
                threads += [threading.Thread(target=long.run, args=(large,)) for _ in range(3)]
                for thread in threads:
                    thread.start()
                threading.Event().wait(1.5)
                daemon.process.terminate()
                for thread in threads:
                    thread.join()
                said = wrk.communicate()[0] if wrk else ""
            errors = re.search(r"read (\d+), write (\d+)", said)
            read_errors = int(errors.group(1)) if errors else 0
            asked = re.search(r"(\d+) requests in", said)
            print(f"turn {turn + 1}: wrk {asked.group(1) if asked else 'not here'}, its read errors "
                  f"{read_errors}; short uploads {short.answered}, lost {short.lost}; large uploads "
                  f"{long.answered}, lost {long.lost}")
            Checks.that(short.lost == 0, f"short uploads lost: {short.reasons[:3]}")
            Checks.that(long.lost == 0, f"large uploads lost: {long.reasons[:3]}")
            Checks.that(long.answered >= 3, "large uploads were running")
            Checks.that(read_errors == 0, f"wrk lost {read_errors} answers")


SCENARIOS = (disconnects, half_close, pipelining, malformed, errors_arrive, slow_clients,
             drain_under_load)


def main():
    program, names = sys.argv[1], sys.argv[2:]
    for scenario in SCENARIOS:
        if not names or scenario.__name__ in names:
            begun = time.monotonic()
            scenario(program)
            print(f"{scenario.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{Checks.passed} passed, {Checks.failed} failed")
    return Checks.failed > 0 or Checks.passed == 0


if __name__ == "__main__":
    sys.exit(main())
