"""Daemons on loopback, and HAProxy with config/haproxy.cfg in front of them.

All listen on free ports of 127.0.0.1 and end with their `with` block.
"""

import http.client
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def wait_until(condition, seconds, what):
    """Asks again and again; an answer takes longer than asking does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")


def get(port, path):
    """(status, text) of a GET, or (0, "") without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


class Replica:
    """One daemon. Started again it has the same port."""

    def __init__(self, program, *options):
        self.command = [program, "--threads", "1", *options]
        self.port = 0
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def start(self):
        messages = tempfile.TemporaryFile()
        command = [*self.command, "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, stderr=messages)

        def listens():
            if self.process.poll() is not None:
                raise RuntimeError(f"{command} ended with {self.process.returncode}")
            messages.seek(0)
            said = re.search(rb"listening on http://127\.0\.0\.1:(\d+)", messages.read())
            self.port = int(said[1]) if said else self.port
            return said

        wait_until(listens, 10, "a replica listens")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As an operator would: the exit code after SIGTERM."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


TEMPLATE = re.compile(r"^  server-template replica .*$", re.MULTILINE)
FIGURES = re.compile(r"^haproxy_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


class HAProxy:
    """The shipped configuration. Replaced is only where replicas are and where it listens."""

    def __init__(self, replicas):
        self.replicas = replicas
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self.figures_port = (each.getsockname()[1] for each in self.sockets)
        self.folder = tempfile.TemporaryDirectory()
        self.process = None

    def configuration(self):
        text = (ROOT / "config/haproxy.cfg").read_text()
        servers = "\n".join(
            f"  server replica{number} 127.0.0.1:{replica.port}"
            for number, replica in enumerate(self.replicas, 1)
        )
        text, templates = TEMPLATE.subn(servers, text)
        assert templates == 2, "both backends have a template"
        for place, listening in zip((":8000", ":8404"), self.sockets):
            assert f"  bind {place}\n" in text
            text = text.replace(f"  bind {place}\n", f"  bind fd@{listening.fileno()}\n")
        return text

    def __enter__(self):
        file = Path(self.folder.name) / "haproxy.cfg"
        file.write_text(self.configuration())
        self.process = subprocess.Popen(
            ["haproxy", "-db", "-f", file],
            pass_fds=[each.fileno() for each in self.sockets],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for each in self.sockets:
            each.close()
        for number in range(1, len(self.replicas) + 1):
            self.wait_until_up(number)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def figure(self, name, *labels):
        """The sum of a metric over all label sets that contain these labels."""
        return sum(
            float(value)
            for found, its_labels, value in FIGURES.findall(get(self.figures_port, "/metrics")[1])
            if found == name and all(label in its_labels for label in labels)
        )

    def wait_until_up(self, number):
        def is_up():
            labels = (f'server="replica{number}"', 'state="UP"')
            return self.figure("server_status", *labels) == 2

        wait_until(is_up, 20, f"HAProxy finds replica {number} in both backends")

    def wait_until_left(self, number):
        """Until the replica is out of service, and no client waits for it any more."""
        server = f'server="replica{number}"'

        def is_left():
            up = self.figure("server_status", server, 'state="UP"')
            return up == 0 and self.figure("server_current_sessions", server) == 0

        wait_until(is_left, 60, f"HAProxy gives replica {number} up")

    def retries(self):
        """On the same replica and on others."""
        counters = "backend_retry_warnings_total", "backend_redispatch_warnings_total"
        return int(sum(self.figure(each) for each in counters))
