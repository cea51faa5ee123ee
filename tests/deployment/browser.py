"""What web pages can do to daemons on loopback, in a real Chromium.

A page of http://localhost:PORT asks daemons at http://127.0.0.1:PORT, which is another site. What
came of it is told by the daemons' logs, because a browser hides most answers from a page, and by the
page itself, which posts what it could read back to the server that it came from.
"""

import http.server
import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

LOSS = "/v1/losses/firing_rate_target_mse_loss"
BODY = '{"spikes_list": [[[[1, 0, 1], [0, 0, 1]]]], "offsets": [0.25], "multipliers": [2]}'
SECONDS = 60

CALLS = """<!doctype html><title>calls</title><script>
const daemon = new URLSearchParams(location.search).get("daemon");
const said = {};
async function attempt(name, call) {
  try { said[name] = await call(); } catch (error) { said[name] = error.name; }
}
const body = %s, url = daemon + "%s";
(async () => {
  await attempt("simple", async () => (await fetch(url, {method: "POST", mode: "no-cors", body: new Blob([body])})).type);
  await attempt("read", async () => (await fetch(daemon + "/metrics")).status);
  await attempt("post", async () => {
    const headers = {"Content-Type": "application/json"};
    return (await (await fetch(url, {method: "POST", headers, body})).json()).loss;
  });
  await attempt("image", () => new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = () => done("over");
    image.src = daemon + "/livez";
  }));
  await fetch("/report", {method: "POST", body: JSON.stringify(said)});
})();
</script>""" % (json.dumps(BODY), LOSS)

FORM = """<!doctype html><title>form</title><form method="post" enctype="text/plain"></form><script>
document.forms[0].action = new URLSearchParams(location.search).get("daemon") + "%s";
document.forms[0].submit();
</script>""" % LOSS

LINK = """<!doctype html><title>link</title><script>
location = new URLSearchParams(location.search).get("daemon") + "/";
</script>"""

PAGES = {"/calls": CALLS, "/form": FORM, "/link": LINK}

passed = failed = 0


def check(what: str, holds: bool, shown: object) -> None:
    global passed, failed
    if holds:
        passed += 1
        print(f"ok - {what}")
    else:
        failed += 1
        print(f"not ok - {what}: {shown}")


class Pages(http.server.BaseHTTPRequestHandler):
    reports: "queue.Queue[dict]" = queue.Queue()

    def do_GET(self) -> None:
        page = PAGES.get(urllib.parse.urlparse(self.path).path, "")
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def do_POST(self) -> None:
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Daemon:
    """A daemon on a free port of 127.0.0.1, and the lines of its log."""

    def __init__(self, program: str, *options: str) -> None:
        command = [program, "--listen", "127.0.0.1:0", "--access-log", "all", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        self.port = int(re.search(r":(\d+)\s*$", first).group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> "list[str]":
        """Ends it; the requests that it has answered, without what differs from run to run."""
        self.process.terminate()
        lines = self.process.communicate(timeout=SECONDS)[1].splitlines()
        found = [re.search(r"method=(\S+) path=(\S+).* status=(\d+)(?: code=(\S+))?", line) for line in lines]
        return [" ".join(part for part in line.groups() if part) for line in found if line]


def browse(address: str) -> str:
    """The page that Chromium shows in the end."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--host-resolver-rules=MAP rebind.example 127.0.0.1", f"--user-data-dir={profile}",
                   "--virtual-time-budget=20000", "--dump-dom", address]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False).stdout


def call_from_page(origin: str, daemon: Daemon) -> dict:
    browse(f"{origin}/calls?daemon={daemon.url}")
    return Pages.reports.get(timeout=SECONDS)


def expect_lines(what: str, lines: "list[str]", wanted: "list[str]") -> None:
    check(what, all(line in lines for line in wanted) and len(lines) > 0, lines)


def pages_of_others(program: str, origin: str) -> None:
    daemon = Daemon(program)
    said = call_from_page(origin, daemon)
    browse(f"{origin}/form?daemon={daemon.url}")
    lines = daemon.stop()
    check("a page reads nothing of a daemon that does not name it",
          said["read"] == "TypeError" and said["post"] == "TypeError", said)
    refused = "403 origin_not_allowed"
    expect_lines("a post without preflight is refused", lines, [f"POST {LOSS} {refused}"])
    expect_lines("a preflight is refused", lines, [f"OPTIONS {LOSS} {refused}"])
    expect_lines("a read and an image are refused", lines, [f"GET /metrics {refused}", f"GET /livez {refused}"])
    check("a form is refused too", lines.count(f"POST {LOSS} {refused}") == 2, lines)
    check("nothing was answered", not any(" 200" in line for line in lines), lines)


def pages_that_are_named(program: str, origin: str) -> None:
    daemon = Daemon(program, "--cors-origins", origin)
    said = call_from_page(origin, daemon)
    lines = daemon.stop()
    check("a page that is named posts, and reads the loss", said["post"] == 0.25 and said["read"] == 200, said)
    expect_lines("its preflight is answered", lines, [f"OPTIONS {LOSS} 204"])


def shows_losses(page: str) -> bool:
    """Whether the page at / has run, and has read from the daemon which losses there are."""
    return f">{LOSS.rsplit('/', 1)[1]}</option>" in page


def names_of_this_machine(program: str, origin: str) -> None:
    daemon = Daemon(program)
    rebound = browse(f"http://rebind.example:{daemon.port}/metrics")
    check("a name that was made to resolve to loopback reads nothing",
          "host_not_allowed" in rebound and "spikelossd_" not in rebound, rebound[:400])
    for host in ("127.0.0.1", "localhost"):
        page = browse(f"http://{host}:{daemon.port}/")
        check(f"GET / of {host} shows the page", shows_losses(page), page[:400])
    page = browse(f"{origin}/link?daemon={daemon.url}")
    check("a link leads to the page", shows_losses(page), page[:400])
    lines = daemon.stop()
    expect_lines("the log tells of it", lines, ["GET /metrics 403 host_not_allowed", "GET / 200"])


def main() -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_port}"
    for part in (pages_of_others, pages_that_are_named, names_of_this_machine):
        part(sys.argv[1], origin)
    server.shutdown()
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
