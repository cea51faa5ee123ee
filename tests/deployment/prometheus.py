"""Prometheus scrapes three replicas under a known load: do the dashboard's queries tell what it was?

    prometheus.py SPIKELOSSD

The load is the same for each replica: of 125 requests 25 are not JSON, 3 hold their bodies back for
0.3 seconds, and 97 are answered at once. So the error ratio is 0.2, and of the 100 durations of
receiving that count, the 99th percentile lies between 0.25 and 0.5 seconds, the bounds of the bucket
of 0.3. Prints what Prometheus answered; the last line says "N passed, N failed".
"""

import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from checks import Checks
from load import HEADERS, PATH, ask, small_question
from replicas import ROOT, Replica, wait_until

REPLICAS = 3
GOOD, SLOW, BAD = 97, 3, 25
HELD_BACK = 0.3


def hold_back(connection, body):
    """Half of the body, a pause, and the other half."""
    connection.putrequest("POST", PATH)
    for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body[: len(body) // 2])
    threading.Event().wait(HELD_BACK)
    connection.send(body[len(body) // 2 :])
    answer = connection.getresponse()
    answer.read()
    return answer.status


def send_bad(connection):
    connection.request("POST", PATH, b"no JSON", HEADERS)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def load(port, good, slow, bad):
    """Whether everything was answered as it should be."""
    question = small_question()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    statuses = [hold_back(connection, question.body) for _ in range(slow)]
    answers = [ask(connection, question) for _ in range(good)]
    refusals = [send_bad(connection) for _ in range(bad)]
    connection.close()
    return statuses == [200] * slow and answers == [None] * good and refusals == [400] * bad


class Prometheus:
    """The shipped configuration. Replaced is only where replicas are, and how often they are asked."""

    def __init__(self, replicas):
        self.folder = tempfile.TemporaryDirectory()
        self.targets = [f"127.0.0.1:{replica.port}" for replica in replicas]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = None

    def configuration(self):
        text = (ROOT / "config/prometheus.yml").read_text()
        replicas = f"    static_configs:\n      - targets: {json.dumps(self.targets)}\n"
        text, places = re.subn(r"    dns_sd_configs:\n(?: {6}.*\n)+", replicas, text)
        assert places == 1, "the replicas are found by name"
        return text.replace("15s", "1s").replace("alerts.yml", str(ROOT / "config/alerts.yml"))

    def __enter__(self):
        folder = Path(self.folder.name)
        (folder / "prometheus.yml").write_text(self.configuration())
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self.is_ready, 60, "Prometheus is ready")
        except Exception:
            print((folder / "log").read_text()[-2000:])
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def is_ready(self):
        try:
            return self.get("/-/ready") is not None
        except OSError:
            return False

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{query}", timeout=30) as answer:
            return answer.read()

    def query(self, expression):
        """The numbers of an instant query."""
        answer = json.loads(self.get("/api/v1/query", query=expression))
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    def wait_for_scrape(self):
        """Until every replica was asked at least once after now.

        Prometheus moves the time of a scrape by up to a hundredth of the interval to the next round
        one, so what it says is later than now must be so by more than that.
        """
        soon = time.time() + 0.1
        latest = 'timestamp(up{job="spikelossd"})'

        def all_are_later():
            times = self.query(latest)
            return len(times) == REPLICAS and min(times) > soon

        wait_until(all_are_later, 60, "Prometheus asks every replica")

    def rules(self):
        groups = json.loads(self.get("/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


def dashboard_query(panel_title, legend):
    """As Grafana would send it for all replicas over the last minutes."""
    dashboard = json.loads((ROOT / "config/grafana-dashboard.json").read_text())
    panels = {panel["title"]: panel for panel in dashboard["panels"]}
    expressions = {each["legendFormat"]: each["expr"] for each in panels[panel_title]["targets"]}
    return expressions[legend].replace("$instance", ".*").replace("$__rate_interval", "5m")


def is_about(values, number, tolerance):
    return len(values) == 1 and abs(values[0] - number) <= tolerance


def compare(checks, prometheus):
    """Counters as they stand are exact; what the dashboard shows are rates, which Prometheus
    extrapolates to the ends of the interval."""
    losses = 'spikelossd_requests_total{loss!="none"}'
    failed = 'spikelossd_requests_total{loss!="none",status!="200"}'
    every, wrong = prometheus.query(f"sum({losses})"), prometheus.query(f"sum({failed})")
    print(f"    requests counted: {every}, failed: {wrong}")
    first = REPLICAS * 2
    checks.check("every request is counted", every == [REPLICAS * (GOOD + SLOW + BAD) + first])
    checks.check("every failure is counted", wrong == [REPLICAS * BAD + REPLICAS])
    ratio = prometheus.query(dashboard_query("Error ratio", ""))
    print(f"    error ratio: {ratio}, in truth {BAD / (GOOD + SLOW + BAD)}")
    checks.check("the error ratio is that of the load", is_about(ratio, 0.2, 0.01))
    tail = prometheus.query(dashboard_query("Receiving", "p99"))
    print(f"    99th percentile of receiving: {tail} s, in truth {HELD_BACK} s (bucket 0.25 to 0.5)")
    checks.check("the 99th percentile is in the bucket of the slow", is_about(tail, 0.375, 0.125))
    median = prometheus.query(dashboard_query("Receiving", "p50"))
    print(f"    median of receiving: {median} s")
    checks.check("the median is that of the fast", is_about(median, 0.0125, 0.0125))
    up = prometheus.query(dashboard_query("Replicas", ""))
    checks.check("three replicas are up", up == [REPLICAS])


def main():
    checks = Checks()
    with ExitStack() as stack:
        replicas = [stack.enter_context(Replica(sys.argv[1])) for _ in range(REPLICAS)]
        prometheus = stack.enter_context(Prometheus(replicas))
        # A rate needs a sample from before: one of each kind, so that all series are there.
        first = [load(replica.port, good=1, slow=0, bad=1) for replica in replicas]
        prometheus.wait_for_scrape()
        rest = [load(replica.port, GOOD, SLOW, BAD) for replica in replicas]
        prometheus.wait_for_scrape()
        checks.check("the load is answered as it should be", all(first + rest))
        compare(checks, prometheus)
        states = {rule["name"]: (rule["health"], rule["state"]) for rule in prometheus.rules()}
        print(f"    alerts: {states}")
        checks.check("the alert rules load", len(states) == 7)
        replicas[0].kill()
        down = 'ALERTS{alertname="SpikelossdReplicaDown",alertstate="pending"}'
        wait_until(lambda: prometheus.query(down) == [1], 30, "an alert")
        checks.check("a replica that is killed is an alert", True)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
