"""The works of the report. Each function measures one, with its alternatives in turn, and adds rows."""

import contextlib
import os
import shutil
import subprocess
from statistics import median

from processes import HERE, core, fastapi, has_module, output_of, server, worker
from table import Row, ratio_of_times, speed

POPULATION, RATE = "balanced_population_mse", "firing_rate_target_mse_loss"
SPELLINGS = {"ints": "compact ints", "python_ints": "Python ints", "python_floats": "Python floats"}


class Bench:
    """Where things are, how much is measured, and what came out."""

    def __init__(self, build, folder, threads, quick):
        self.build, self.folder, self.threads, self.quick = build, folder, threads, quick
        self.of_servers, self.of_clients = (core(0), core(1)) if threads == 1 else ([], [])
        self.rounds = 3 if quick else 21
        self.wide = "16x20x1000" if quick else "128x100x1000"
        self.narrow = "256x20x10" if quick else "4096x100x10"
        self.rows = []
        self.left_out = []
        self.times = {}  # seconds for loss and gradient of the wide tensor, for the plot

    def program(self, name):
        return os.path.join(self.build, "bench", name)

    def daemon(self):
        return server(*self.of_servers, os.path.join(self.build, "src", "spikelossd"),
                      "--listen", "127.0.0.1:0", "--threads", self.threads)

    def sink(self, answer_bytes):
        return server(*self.of_servers, self.program("sink"), answer_bytes,
                      "--listen", "127.0.0.1:0", "--threads", self.threads)

    def body(self, loss, spelling, shape, gradient="broadcast"):
        path = os.path.join(self.folder, "body.json")
        with open(path, "wb") as file:
            subprocess.run([self.program("make_body"), loss, spelling, shape, gradient], stdout=file,
                           check=True)
        return path

    def ask(self, rounds, body, loss, **ports):
        """Medians for each server: (seconds, seconds after the last byte sent, answer bytes)."""
        lines = output_of(*self.of_clients, self.program("large_client"), rounds, body,
                          f"/v1/losses/{loss}",
                          *(f"{name}={port}" for name, port in ports.items())).split("\n")
        asked = [line.split() for line in lines if line]
        return {name: tuple(median(float(line[i]) for line in asked if line[0] == name)
                            for i in (1, 2, 3)) for name in ports}

    def ask_beside_sink(self, rounds, body, loss, port):
        """The same for spikelossd and a sink whose answers are as long."""
        answer = int(self.ask(1, body, loss, spikelossd=port)["spikelossd"][2])
        with self.sink(answer) as sink:
            asked = self.ask(rounds, body, loss, spikelossd=port, sink=sink)
        return asked["spikelossd"], asked["sink"]

    def skip(self, what, missing):
        self.left_out.append(f"{what} is left out: {missing} is not here")


def binary_spikes(bench, port):
    for shape, bar in ((bench.wide, 1.15), (bench.narrow, 1.3)):
        for spelling, words in SPELLINGS.items():
            for loss in (POPULATION, RATE):
                body = bench.body(loss, spelling, shape)
                ours, sink = bench.ask_beside_sink(bench.rounds, body, loss, port)
                work = f"{shape}, {words}, broadcast, `{loss}`"
                bench.rows.append(ratio_of_times(work, ours[0], sink[0], bar, "the sink"))
                if shape == bench.wide and loss == POPULATION:
                    bench.times[f"spikelossd, {words}"] = ours[0]
                    bench.times[f"empty sink, {words}"] = sink[0]


def graded_spikes(bench, port):
    body = bench.body(POPULATION, "graded", bench.wide)
    ours, sink = bench.ask_beside_sink(max(3, bench.rounds // 3), body, POPULATION, port)
    size = os.path.getsize(body)
    bench.rows.append(speed(f"{bench.wide}, graded, 6 decimals, whole request", size / ours[0], 0.4,
                            f" (sink {size / sink[0] / 1e9:.3g})"))
    bench.times["spikelossd, graded"] = ours[0]


def dense_answers(bench, port):
    for loss in (POPULATION, RATE):
        body = bench.body(loss, "ints", bench.wide, "dense")
        ours, sink = bench.ask_beside_sink(max(3, bench.rounds // 3), body, loss, port)
        bench.rows.append(speed(f"dense JSON answer of {ours[2] / 1e6:.0f} MB, `{loss}`",
                                ours[2] / ours[1], 2, f" (sink {sink[2] / sink[1] / 1e9:.3g})"))


def bits_against_pytorch(bench, port):
    if not has_module("torch", "numpy"):
        bench.skip("In-process PyTorch", "python3-torch or python3-numpy")
        return
    for loss, bar in ((POPULATION, 1 / 2), (RATE, 1 / 3)):
        with contextlib.ExitStack() as stack:
            def start(script, last, loss=loss, stack=stack):
                return stack.enter_context(worker(script, loss, bench.wide, last))

            # Two threads before one: OpenMP's second thread spins on a while, and must not do so
            # beside the daemon.
            runs = {"ours": start("round_trip.py", port), "two": start("in_process.py", 2),
                    "one": start("in_process.py", 1)}
            seconds = {name: [] for name in runs}
            for _ in range(bench.rounds):
                for name, run in runs.items():
                    seconds[name].append(run())
        ours, two, one = (median(seconds[name]) for name in ("ours", "two", "one"))
        work = f"{bench.wide} as bits, f32 gradient, NumPy client's round trip, `{loss}`"
        bench.rows.append(ratio_of_times(work, ours, one, bar, "PyTorch, 1 thread"))
        bench.rows.append(ratio_of_times("the same beside PyTorch on 2 threads", ours, two))
        if loss == POPULATION:
            bench.times["spikelossd, NumPy client, bits"] = ours
            bench.times["in-process PyTorch, 1 thread"] = one
            bench.times["in-process PyTorch, 2 threads"] = two


def fastapi_peers(bench, stack):
    """Starts those that can run here: name → port."""
    peers = {}
    for losses, name in (("torch", "PyTorch"), ("numpy", "NumPy")):
        if has_module("fastapi", "uvicorn", losses):
            peers[losses] = stack.enter_context(fastapi(bench.of_servers, losses))
        else:
            bench.skip(f"FastAPI + {name}", f"python3-fastapi, uvicorn or python3-{losses}")
    return peers


def wrk(bench, connections, body, port):
    """(requests a second, median and 99th percentile of the latency in seconds)."""
    said = output_of(*bench.of_clients, "wrk", "-t1", f"-c{connections}",
                     "-d1s" if bench.quick else "-d3s", "-s", os.path.join(HERE, "post.lua"),
                     f"http://127.0.0.1:{port}/v1/losses/{POPULATION}", "--", body)
    figures = [line.split()[1:] for line in said.split("\n") if line.startswith("wrk ")][0]
    if figures[3] != "0":
        raise RuntimeError(f"{figures[3]} of wrk's requests failed: {said}")
    return tuple(float(figure) for figure in figures[:3])


def small_bodies(bench, port, peers):
    if not shutil.which("wrk"):
        bench.skip("The work of small bodies", "wrk")
        return
    body = bench.body(POPULATION, "ints", "32x25x10")
    answer = int(bench.ask(1, body, POPULATION, it=port)["it"][2])
    with bench.sink(answer) as sink:
        ports = {"ours": port, "sink": sink, **peers}
        for connections in (8, 64):
            seen = {name: [] for name in ports}
            for _ in range(1 if bench.quick else 5):
                for name, its_port in ports.items():
                    seen[name].append(wrk(bench, connections, body, its_port))
                    # What wrk has left to a slow server is done before the next has its turn.
                    bench.ask(1, body, POPULATION, it=its_port)
            small_rows(bench, connections,
                       {name: [median(run[i] for run in runs) for i in range(3)]
                        for name, runs in seen.items()})


def small_rows(bench, connections, medians):
    def requests(name, other, bar=None, of=""):
        (ours, *_), (theirs, *_) = medians["ours"], medians[other]
        bench.rows.append(Row(
            f"18 KB body, {connections} connections, requests a second{name}",
            f"{ours / theirs:.3g} × ({ours:,.0f} / {theirs:,.0f})",
            f"≥ {bar} × {of}" if bar else "", ours / theirs >= bar if bar else None))

    requests("", "sink", 0.7, "the sink")
    for i, (which, bar) in enumerate((("median", None), ("p99", 2)), start=1):
        bench.rows.append(ratio_of_times(f"18 KB body, {connections} connections, {which} latency",
                                         medians["ours"][i], medians["sink"][i], bar, "the sink"))
    if "torch" in medians:
        requests(" beside FastAPI + PyTorch", "torch", 200, "FastAPI")
    if "numpy" in medians:
        requests(" beside FastAPI + NumPy", "numpy")


def large_body_elsewhere(bench, port, peers):
    """The body that spikelossd reads for nothing, given to others."""
    body = bench.body(POPULATION, "ints", bench.wide)
    parse = []
    ours = []
    for _ in range(3):
        parse.append(float(output_of(bench.program("cjson_parse"), body)))
        ours.append(bench.ask(1, body, POPULATION, it=port)["it"][0])
    work = f"{bench.wide}, compact ints, beside "
    bench.rows.append(ratio_of_times(work + "cJSON, which only parses", median(ours), median(parse)))
    bench.times["cJSON, parsing only"] = median(parse)
    if peers:
        asked = bench.ask(1, body, POPULATION, spikelossd=port, **peers)
        for losses, name in (("torch", "FastAPI + PyTorch"), ("numpy", "FastAPI + NumPy")):
            if losses in peers:
                bench.times[name] = asked[losses][0]
                bench.rows.append(
                    ratio_of_times(work + name, asked["spikelossd"][0], asked[losses][0]))


def decoder_alone(bench):
    rows = []
    spellings = SPELLINGS | {"graded": "graded, 6 decimals"}
    runs = [(shape, spelling) for shape in (bench.wide, bench.narrow) for spelling in spellings]
    seen = {run: [] for run in runs}
    for _ in range(3 if bench.quick else 7):
        for shape, spelling in runs:
            size, seconds = output_of(bench.program("decoder"), POPULATION, spelling, shape,
                                      "none").split()
            seen[shape, spelling].append(int(size) / float(seconds))
    for (shape, spelling), speeds in seen.items():
        rows.append(speed(f"decoder alone, {shape}, {spellings[spelling]}", median(speeds)))
    return rows


def kernels(bench):
    """The bar's row goes into the table, all figures into one of their own."""
    lines = output_of(bench.program("kernels"), 2 if bench.quick else 20).split("\n")
    found = [line.split() for line in lines if line]
    speeds = {(kernel, variant): float(figure) for kernel, variant, figure in found}
    for (kernel, variant), figure in speeds.items():
        if kernel == "add_columns/1000" and variant != "scalar":
            bench.rows.append(speed(f"column sums of packed bits in L2, rows of 1000, {variant}",
                                    figure * 1e9, 8))
    return [speed(f"kernel {kernel}, {variant}", figure * 1e9,
                  note=f", {figure / speeds[kernel, 'scalar']:.3g} × scalar")
            for (kernel, variant), figure in sorted(speeds.items())]


def numbers(bench):
    """Every kind of double is to be formatted about as fast as the ordinary ones."""
    lines = output_of(bench.program("numbers"), 2 if bench.quick else 20).strip().split("\n")
    times = {kind: float(nanoseconds) for kind, nanoseconds in map(str.split, lines)}
    ordinary = times["unit_interval"]
    return [Row(f"formatting a double, {kind}", f"{time:.3g} ns", "≤ 2 × unit_interval",
                time <= 2 * ordinary) for kind, time in times.items()]


def script(bench, name):
    quick = ["--quick"] if bench.quick else []
    lines = output_of(os.path.join(HERE, name), bench.build, *quick).strip().split("\n")
    return [line.split() for line in lines]


def cost_growth(bench):
    if not shutil.which("valgrind"):
        bench.skip("Counting instructions", "valgrind")
        return
    costs = {}
    for grows, size, instructions in script(bench, "instructions.sh"):
        costs.setdefault(grows, []).append((int(size), int(instructions) / int(size)))
    for grows, cost in costs.items():
        each = ", ".join(f"{of:.3f} at {size / 1e6:.0f} MB" for size, of in cost)
        apart = max(of for _, of in cost) / min(of for _, of in cost) - 1
        work = f"instructions a byte, more {grows}"
        bench.rows.append(Row(work, f"{each}: {apart:.1%} apart", "≤ 5 % apart", apart <= 0.05))


def peak_memory(bench):
    (size, pairs, peak), = script(bench, "memory.sh")
    bar = (16 << 20) + 24 * int(pairs)
    bench.rows.append(Row(f"peak memory, JSON body of {int(size) / 2**20:,.0f} MiB, broadcast",
                          f"{int(peak) / 2**20:.1f} MiB", f"≤ {bar / 2**20:.1f} MiB", int(peak) <= bar))
