"""The other servers: what people have today, and what experts would write."""

import contextlib
import http.client
import json
import math
import os
import shutil
import subprocess

from measuring import POPULATION, Question
from processes import ENVIRONMENT, PEERS, PYTHON, has_module, output_of, server

# Names as in the tables: how strong each is meant to be.
WORDS = {
    "simdjson": "C++, simdjson on demand, libmicrohttpd",
    "go_streaming": "Go net/http, streaming by hand",
    "go_json": "Go net/http, encoding/json",
    "node": "Node http, JSON.parse",
    "fastapi_raw": "FastAPI, raw body, NumPy",
    "fastapi_torch": "FastAPI, typed, PyTorch",
    "fastapi_numpy": "FastAPI, typed, NumPy",
}


def fastapi(bench, losses, body):
    # Connections stay open although other servers have their turns, which may take a while.
    return server(*bench.of_servers, PYTHON, "-m", "uvicorn", "--app-dir", PEERS, "--port", "0",
                  "--no-access-log", "--timeout-keep-alive", "600", "fastapi_service:app",
                  environment={"LOSSES": losses, "BODY": body})


def go_program(bench):
    """Builds the peer in Go; None where that cannot be."""
    program = os.path.join(bench.folder, "go_peer")
    environment = ENVIRONMENT | {"GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    built = shutil.which("go") and subprocess.run(
        ["go", "build", "-o", program, "."], cwd=os.path.join(PEERS, "go"), env=environment,
        check=False).returncode == 0
    return program if built else None


def start(bench, stack):
    """Starts those that can run here: name → port."""
    ports = {}
    if bench.has_program("simdjson_server"):
        ports["simdjson"] = stack.enter_context(bench.listening(bench.program("simdjson_server")))
    else:
        bench.skip("simdjson", "g++ or libsimdjson-dev was not there when this was built")
    go = go_program(bench)
    for decoder in ("streaming", "json") if go else ():
        ports[f"go_{decoder}"] = stack.enter_context(server(
            *bench.of_servers, go, "-decoder", decoder, "-threads", bench.threads))
    if not go:
        bench.skip("Go", "go is not here")
    if shutil.which("node"):
        ports["node"] = stack.enter_context(
            server(*bench.of_servers, "node", os.path.join(PEERS, "node_server.js")))
    else:
        bench.skip("Node", "node is not here")
    for name, losses, body in (("fastapi_raw", "numpy", "raw"), ("fastapi_torch", "torch", "typed"),
                               ("fastapi_numpy", "numpy", "typed")):
        if has_module("fastapi", "uvicorn", "numpy", losses):
            ports[name] = stack.enter_context(fastapi(bench, losses, body))
        else:
            needed = ", ".join(f"python3-{name}" for name in sorted({"fastapi", "numpy", losses}))
            bench.skip(WORDS[name], f"{needed} or uvicorn is not here")
    return ports


def flat(numbers):
    """The numbers of nested lists, or of an object with data."""
    if isinstance(numbers, dict):
        numbers = numbers["data"]
    if not isinstance(numbers, list):
        return [numbers]
    return [number for of in numbers for number in flat(of)]


def answered(port, loss, body):
    """Loss and gradients as one list."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", f"/v1/losses/{loss}", body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    gradients = answer["gradients"]
    return [answer["loss"], *flat([flat(gradients[name]) for name in sorted(gradients)])]


def check(bench, ports, of_daemon):
    """A peer that answers something else must not be measured."""
    question = Question(POPULATION, "graded", "8x5x20")
    body = output_of(bench.program("make_body"), *question.words())
    expected = answered(of_daemon, question.loss, body)
    for name, port in ports.items():
        found = answered(port, question.loss, body)
        if len(found) != len(expected) or not all(
                math.isclose(*pair, rel_tol=1e-4, abs_tol=1e-7) for pair in zip(found, expected)):
            raise RuntimeError(f"{WORDS[name]} answers {found[:5]}, not {expected[:5]}")


@contextlib.contextmanager
def running(bench, of_daemon):
    with contextlib.ExitStack() as stack:
        ports = start(bench, stack)
        check(bench, ports, of_daemon)
        yield ports
