#!/usr/bin/env python3
"""A million small requests: does the daemon's memory stay flat, is every file closed again?

    bench/soak.py DAEMON [REQUESTS]

Needs wrk. Memory is compared at rest with rest, and under load with load: while connections are open
their buffers are resident too. One line: requests, resident memory in KiB at rest and the most it was
under load, each for the warm-up and for the run; open files. The exit code is 0 if both stayed
within 1 MiB of the warm-up, no file was left open, and every request was answered 200.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from processes import server

BODY = '{"spikes_list":[[[[1,0,1],[0,0,1]]]],"offsets":[0.25],"multipliers":[2]}'
PATH = "/v1/losses/firing_rate_target_mse_loss"
WARM_UP = 100_000


def resident(process):
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def open_files(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def daemon_of(port):
    """The process that listens on this port: a child of ours."""
    children = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    with open(children, encoding="ascii") as file:
        (process,) = file.read().split()
    return int(process)


def ask(port, script, requests):
    """At least so many requests, in turns of three seconds. (answered, not 200 or broken)"""
    answered = bad = 0
    while answered < requests:
        said = subprocess.run(["wrk", "-t1", "-c16", "-d3", "-s", script,
                               f"http://127.0.0.1:{port}{PATH}"], capture_output=True, text=True,
                              check=True).stdout
        answered += int(re.search(r"(\d+) requests in", said).group(1))
        for line in re.findall(r"(?:Non-2xx|Socket errors).*", said):
            bad += sum(int(number) for number in re.findall(r"\d+", line.replace("2xx or 3xx", "")))
    return answered, bad


def ask_and_watch(process, port, script, requests):
    """(answered, bad, most resident while asking, resident when all connections are closed)"""
    most, over = 0, threading.Event()

    def watch():
        nonlocal most
        while not over.wait(0.05):
            most = max(most, resident(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    answered, bad = ask(port, script, requests)
    over.set()
    watcher.join()
    return answered, bad, most, resident(process)


def main():
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script, \
            server(sys.argv[1], "--listen", "127.0.0.1:0", "--log-level", "error") as port:
        script.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                     f"wrk.body = '{BODY}'\n")
        script.flush()
        process = daemon_of(port)
        files = open_files(process)
        _, _, warm_load, warm_rest = ask_and_watch(process, port, script.name, WARM_UP)
        answered, bad, load, rest = ask_and_watch(process, port, script.name, requests)
        end = time.monotonic() + 10
        while open_files(process) > files and time.monotonic() < end:
            time.sleep(0.05)
        left = open_files(process)
    print(f"{answered} requests, {bad} bad; at rest {warm_rest} KiB after the warm-up, {rest} KiB at "
          f"the end; under load at most {warm_load} KiB in the warm-up, {load} KiB later; open files "
          f"{files} before, {left} after")
    flat = abs(rest - warm_rest) <= 1024 and abs(load - warm_load) <= 1024
    return bad > 0 or not flat or left > files


if __name__ == "__main__":
    sys.exit(main())
