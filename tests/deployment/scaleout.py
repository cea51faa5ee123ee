"""Replicas behind HAProxy are killed, restarted and frozen under load: what do clients see?

    scaleout.py SPIKELOSSD

Prints every figure; the last line says "N passed, N failed".
"""

import http.client
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

from checks import Checks
from load import PATH, SMALL_FILE, Load, ask, large_question, small_question
from replicas import ROOT, HAProxy, Replica, wait_until

SMALL_CLIENTS = 8
LARGE_CLIENTS = 3
REPLICAS = 3


class Trouble:
    """Steady load of small and large requests while a block makes trouble."""

    def __init__(self, haproxy, questions):
        self.haproxy = haproxy
        small, large = questions
        self.small = Load(haproxy.port, small, SMALL_CLIENTS, rate=100)
        self.large = Load(haproxy.port, large, LARGE_CLIENTS, rate=20)

    def __enter__(self):
        self.retries = self.haproxy.retries()
        self.stack = ExitStack()
        self.stack.enter_context(self.small)
        self.stack.enter_context(self.large)
        self.go_on()
        return self

    def __exit__(self, *what):
        try:
            if what[0] is None:
                self.go_on()
        finally:
            self.stack.close()

    def go_on(self):
        """Returns when all clients have had time for some requests more."""
        small, large = self.small.answered() + 200, self.large.answered() + 20

        def went_on():
            return self.small.answered() >= small and self.large.answered() >= large

        wait_until(went_on, 60, "the load goes on")

    def report(self, what):
        for size, load in (("small", self.small), ("25.6 MB", self.large)):
            print(
                f"    {what}: {load.answered()} {size} requests, {len(load.failures)} failed, "
                f"slowest {max(load.durations):.2f} s {sorted(set(load.failures)) or ''}"
            )
        self.retried = self.haproxy.retries() - self.retries
        print(f"    {what}: HAProxy retried {self.retried} times")


def kill_each(checks, haproxy, replicas, questions):
    with Trouble(haproxy, questions) as trouble:
        for number, replica in enumerate(replicas, 1):
            replica.kill()
            trouble.go_on()
            replica.start()
            haproxy.wait_until_up(number)
    trouble.report("kill -9 of each replica in turn")
    checks.check("HAProxy had something to retry", trouble.retried > 0)
    checks.check("no small request fails when replicas are killed", not trouble.small.failures)
    checks.check(
        "large requests fail at most where they were in flight",
        len(trouble.large.failures) <= LARGE_CLIENTS * REPLICAS,
    )


def restart_each(checks, haproxy, replicas, questions):
    codes = []
    with Trouble(haproxy, questions) as trouble:
        for number, replica in enumerate(replicas, 1):
            codes.append(replica.stop())
            replica.start()
            haproxy.wait_until_up(number)
    trouble.report("rolling restart")
    checks.check("every replica ends with exit code 0", codes == [0] * REPLICAS)
    checks.check("no small request fails in a rolling restart", not trouble.small.failures)
    checks.check("no large request fails in a rolling restart", not trouble.large.failures)


def freeze_one(checks, haproxy, replicas, questions):
    with Trouble(haproxy, questions) as trouble:
        replicas[0].freeze()
        haproxy.wait_until_left(1)
        replicas[0].thaw()
        haproxy.wait_until_up(1)
    trouble.report("a replica hangs")
    checks.check("no small request fails when a replica hangs", not trouble.small.failures)
    checks.check(
        "at most one large request a client fails when a replica hangs",
        len(trouble.large.failures) <= LARGE_CLIENTS,
    )


def seconds_of(port, question):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.monotonic()
    failure = ask(connection, question)
    connection.close()
    assert failure is None, failure
    return time.monotonic() - started


def requests_a_second(port):
    said = subprocess.check_output(
        ["wrk", "-t1", "-c8", "-d2", "-s", ROOT / "tests/deployment/post.lua"]
        + [f"http://127.0.0.1:{port}{PATH}", "--", SMALL_FILE],
        text=True,
    )
    return float(said.split("\nwrk ")[1].split()[0])


def compare_throughput(checks, haproxy, replicas, large):
    """Measured in turns, so that whatever else the machine does meets both."""
    turns = [
        (seconds_of(replicas[0].port, large), seconds_of(haproxy.port, large)) for _ in range(9)
    ]
    direct, through = (statistics.median(each) for each in zip(*turns))
    print(
        f"    25.6 MB, one client: {direct * 1e3:.1f} ms direct, {through * 1e3:.1f} ms through "
        f"HAProxy: {direct / through:.2f} of the direct throughput"
    )
    checks.check("large requests get through HAProxy", through > 0)
    if shutil.which("wrk") is None:
        print("    SKIPPED: wrk is missing, so small requests are not measured")
        return
    turns = [(requests_a_second(replicas[0].port), requests_a_second(haproxy.port)) for _ in range(3)]
    direct, through = (statistics.median(each) for each in zip(*turns))
    print(
        f"    small, 8 connections: {direct:.0f}/s direct to one replica, {through:.0f}/s through "
        f"HAProxy to {REPLICAS}: {through / direct:.2f} of the direct throughput"
    )


def main():
    checks = Checks()
    questions = small_question(), large_question()
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(Replica(sys.argv[1], "--stop-delay-seconds", "2"))
            for _ in range(REPLICAS)
        ]
        haproxy = stack.enter_context(HAProxy(replicas))
        compare_throughput(checks, haproxy, replicas, questions[1])
        kill_each(checks, haproxy, replicas, questions)
        restart_each(checks, haproxy, replicas, questions)
        freeze_one(checks, haproxy, replicas, questions)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
