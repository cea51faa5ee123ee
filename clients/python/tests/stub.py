"""A server that answers as it is told, for what a spikelossd does only on bad days."""

import contextlib
import http.server
import json
import threading

def good_answer(request):
    """That of a server for [[1]], offset 0.5, multiplier 1, for layers of any shape."""
    layers = [
        {"shape": [1] * len(layer["shape"]), "encoding": "f64", "data": "AAAAAAAA8D8="}
        for layer in request["spikes_list"]
    ]
    gradients = {"spikes_list": layers, "offsets": [1] * len(layers), "multipliers": [2] * len(layers)}
    answer = {"loss": 0.25, "gradients": gradients, "diagnostics": {"layers": []}}
    return json.dumps(answer).encode()


GOOD = (200, {}, good_answer)


class Stub:
    """`replies` are given in turn, the last for ever: (status, headers, body), or None to break
    the connection without an answer. `requests` keeps what came."""

    def __init__(self, replies):
        self.replies = list(replies)
        self.requests = []
        self.connections = set()

    def next_reply(self):
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextlib.contextmanager
def serving(*replies):
    stub = Stub(replies)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stub.requests.append((self.path, self.headers, json.loads(body)))
            stub.connections.add(self.client_address)
            reply = stub.next_reply()
            if reply is None:
                self.close_connection = True
                return
            status, headers, content = reply
            if callable(content):
                content = content(stub.requests[-1][2])
            self.send_response(status)
            for name, value in {"Content-Length": len(content), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            """Connections that the client gives up are part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        stub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()


def ask(client, **options):
    """The least that one can ask."""
    return client.firing_rate_target_mse_loss([[1]], [0.5], [1], **options)
