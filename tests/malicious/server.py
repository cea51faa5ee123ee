"""A server that answers what no spikelossd would: answers.json says what, and what a client must do.

    python3 server.py            prints its URL, then serves until its standard input ends

The first segment of the path chooses the case. A client with the base URL `<url>/<case>` asks for
the loss of the case's `request` (by default "population"), with `gradient_encoding` f64, and must
do what `must` says within `within` seconds (by default 5):

    answer       return the loss of `requests.<request>.loss`
    bad_answer   fail with its error for an answer that is not spikelossd's
    redirect     fail with an error that contains "elsewhere", a part of Location, and follow nothing
    problem      fail with its error for a problem; `code` and `status` are those of the error
    unreachable  fail with its error for no answer, or for no answer in time
    error        fail with any error of its own

`timeout` is the time, in seconds, that the client is told to give the whole call (by default 60),
`retries` how often it may repeat it (by default 0).

What a case says about the reply:

    status, headers   the head; a header that is null is left out
    set               JSON texts that replace values of the good answer: {"/loss": "NaN"}; null: removed
    body, times       the body as text, instead of the good answer, and how often it is repeated
    body_base64       the body in base64
    raw               the whole reply, head included, instead of all these
    cut               only this many bytes of the body are sent, and the connection is closed
    repeat            after the reply, this text again and again, until the client goes
    drip              one byte in this many seconds: of "body", or of "head" and body
    bomb              the body is this much of zeros, in MiB, compressed: gzip or deflate
    silence           nothing is sent, and the connection is kept
    replies           such replies, one after the other, a connection or request each; the last stays
"""

import base64
import copy
import itertools
import json
import pathlib
import socket
import socketserver
import sys
import threading
import zlib

TABLE = json.loads(pathlib.Path(__file__).with_name("answers.json").read_text())
REQUESTS = TABLE["requests"]
CASES = TABLE["cases"]


def good_answer(case):
    return REQUESTS[case.get("request", "population")]["answer"]


def changed(answer, changes):
    """The text of the answer after the changes. A marker holds the place of each new text."""
    answer, texts = copy.deepcopy(answer), {}
    for number, (pointer, text) in enumerate(changes.items()):
        *parents, last = pointer.split("/")[1:]
        target = answer
        for name in parents:
            target = target[int(name) if isinstance(target, list) else name]
        last = int(last) if isinstance(target, list) else last
        if text is None:
            del target[last]
        else:
            target[last] = f"<{number}>"
            texts[f'"<{number}>"'] = text
    result = json.dumps(answer, separators=(",", ":"))
    for marker, text in texts.items():
        result = result.replace(marker, text)
    return result


def body_of(case, reply):
    if "body_base64" in reply:
        return base64.b64decode(reply["body_base64"])
    if "body" in reply:
        return reply["body"].encode() * reply.get("times", 1)
    return changed(good_answer(case), reply.get("set", {})).encode()


def head_of(reply, length):
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(length),
        "X-Request-Id": "malicious",
        **({"Content-Encoding": reply["bomb"][0], "Content-Length": None} if "bomb" in reply else {}),
        **({"Content-Length": None} if "repeat" in reply else {}),
        **reply.get("headers", {}),
    }
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"HTTP/1.1 {reply.get('status', 200)} Because\r\n{''.join(lines)}\r\n".encode("latin-1")


def compressed_zeros(encoding, mebibytes):
    packer = zlib.compressobj(1, wbits=31 if encoding == "gzip" else 15)
    for _ in range(mebibytes):
        yield packer.compress(bytes(1 << 20))
    yield packer.flush()


def pieces(case, reply):
    """What is sent, as (bytes, seconds to wait before each of them)."""
    if "raw" in reply:
        yield reply["raw"].encode("latin-1"), 0
    else:
        body = body_of(case, reply)
        drip = reply.get("drip", {})
        yield head_of(reply, len(body)), drip.get("head", 0)
        if "bomb" in reply:
            yield from ((piece, 0) for piece in compressed_zeros(*reply["bomb"]))
        else:
            yield body[: reply.get("cut")], drip.get("head", drip.get("body", 0))
    if "repeat" in reply:
        yield from ((reply["repeat"].encode() * 1000, 0) for _ in itertools.count())


class Handler(socketserver.StreamRequestHandler):
    """One connection: requests are read whole, one after the other."""

    def handle(self):
        try:
            while self.answered():
                pass
        except (ConnectionError, ValueError):
            """The client has gone."""

    def answered(self):
        line = self.rfile.readline().split()
        if len(line) < 2:
            return False
        self.skip_request()
        name = line[1].decode().split("/")[1]
        case = self.server.cases.get(name)
        if case is None:
            self.wfile.write(b"HTTP/1.1 404 No Case\r\nContent-Length: 0\r\n\r\n")
            return True
        reply = self.server.next_reply(name, case)
        if reply.get("silence"):
            self.wait_for_the_client_to_go()
            return False
        for data, seconds in pieces(case, reply):
            self.send(data, seconds)
        return not ("cut" in reply or "bomb" in reply or "raw" in reply)

    def skip_request(self):
        length = 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                raise ConnectionError
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self.rfile.read(length)

    def send(self, data, seconds):
        if not seconds:
            self.wfile.write(data)
            return
        for byte in data:
            if self.server.stopped.wait(seconds):
                raise ConnectionError
            self.wfile.write(bytes([byte]))

    def wait_for_the_client_to_go(self):
        while self.rfile.read(1):
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.cases = {case["name"]: case for case in CASES}
        self.stopped = threading.Event()
        self.turns = {}
        self.lock = threading.Lock()

    def next_reply(self, name, case):
        """Counts the requests of a case, from the first after the start of the server."""
        replies = case.get("replies", [case])
        with self.lock:
            turn = self.turns.get(name, 0)
            self.turns[name] = turn + 1
        return replies[min(turn, len(replies) - 1)]

    def handle_error(self, request, client_address):
        """Clients that give up in the middle are what the tests are about."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    with Server() as server:
        print(server.url, flush=True)
        sys.stdin.read()
