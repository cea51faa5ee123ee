"""Clients that ask steadily, and write down how each request went. None of them retries."""

import http.client
import json
import subprocess
import threading
import time
from dataclasses import dataclass

from replicas import ROOT

PATH = "/v1/losses/balanced_population_mse"
SMALL_FILE = ROOT / "examples/digits/balanced_population_mse.bits.json"
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Question:
    """A body and the beginning of the only right answer."""

    body: bytes
    answer: bytes


def small_question():
    expected = json.loads((ROOT / "examples/digits/expected.json").read_text())
    loss = expected["balanced_population_mse"]["loss"]
    return Question(SMALL_FILE.read_bytes(), b'{"loss":%s,' % json.dumps(loss).encode())


def large_question():
    """25.6 MB, whose loss is 1600."""
    body = subprocess.check_output([ROOT / "tests/support/large_request.sh"])
    return Question(body, b'{"loss":1600,')


def ask(connection, question):
    """None, or what went wrong."""
    try:
        connection.request("POST", PATH, question.body, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    if answer.status != 200:
        return f"status {answer.status}"
    return None if text.startswith(question.answer) else f"wrong answer {text[:60]!r}"


class Load:
    """So many clients of one question, each asking `rate` times a second while the block runs."""

    def __init__(self, port, question, clients, rate):
        self.port = port
        self.question = question
        self.rate = rate
        self.failures = []
        self.durations = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            started = time.monotonic()
            failure = ask(connection, self.question)
            duration = time.monotonic() - started
            self.durations.append(duration)
            if failure is not None:
                self.failures.append(failure)
            self.stopping.wait(max(0.0, 1 / self.rate - duration))
        connection.close()

    def answered(self):
        """How many requests are over by now."""
        return len(self.durations)
