"""The bars beside the grid. Each function measures one work, with its alternatives in turn, and
adds rows."""

import contextlib
import os
import shutil
from statistics import median

import grid
from measuring import POPULATION, RATE, SPELLINGS, Question, sized
from processes import HERE, has_module, output_of, worker
from table import Row, ratio_of_speeds, ratio_of_times, speed


def beside_sink(bench, work, question, bar, ports, rounds=None):
    _, asked = bench.ask(question, rounds, **ports)
    bench.rows.append(ratio_of_times(work, asked["spikelossd"].seconds, asked["sink"].seconds, bar,
                                     "the sink"))


def certain_shapes(bench, ports):
    """Shapes and spellings that have bars of their own."""
    few = "2000x1x64" if bench.quick else "20000x1x64"
    beside_sink(bench, f"{few}, compact ints", Question(POPULATION, "ints", few), 3, ports)
    for shape, bar in ((bench.wide, 1.7), (bench.narrow, 2.5)):
        beside_sink(bench, f"{shape}, bits, f32 answer", Question(POPULATION, "bits", shape), bar,
                    ports)
    for layers, bar in ((50, 1.8), (500, 4)):
        beside_sink(bench, f"{layers} layers of 8x10x10, bits, f32 answer",
                    Question(RATE, "bits", f"{layers}*8x10x10"), bar, ports, 10 * bench.rounds)


def dense_answers(bench, ports):
    for loss in (POPULATION, RATE):
        _, asked = bench.ask(Question(loss, "ints", bench.wide, "dense"), 7, **ports)
        ours, sink = asked["spikelossd"], asked["sink"]
        bench.rows.append(speed(f"dense JSON answer of {ours.answer_bytes / 1e6:.0f} MB, `{loss}`",
                                ours.answer_bytes / ours.after_sending, 2,
                                f" (sink {sink.answer_bytes / sink.after_sending / 1e9:.3g})"))


# The decoder alone.

def shapes_of(bench, spelling, min_neurons=1):
    """The shapes of the grid, with bodies that leave the caches."""
    fields = (((10, 1), (100, 10)) if bench.quick else
              [(neurons, steps) for neurons in grid.NEURONS for steps in grid.STEPS])
    return [sized(spelling, steps, neurons, 200_000 if bench.quick else 3_000_000)
            for neurons, steps in fields if neurons >= min_neurons]


def slowest(bench, work, spelling, shapes, bar):
    speeds = {shape: bench.decode(Question(POPULATION, spelling, shape, "none"))[0]
              for shape in shapes}
    shape = min(speeds, key=speeds.get)
    bench.rows.append(speed(f"decoder alone, {work}", speeds[shape], bar, f" at {shape}"))


def decoder_alone(bench):
    slowest(bench, "compact ints, T ≥ 1, N ≥ 10: the slowest shape", "ints",
            shapes_of(bench, "ints", 10), 2)
    slowest(bench, "coo, 10 %, T = 100, N = 1000 and 10: the slower", "coo10",
            (bench.wide, bench.narrow), 0.9)
    for spelling, bar in (("digits17", 1), ("graded", 1.3)):
        words = SPELLINGS[spelling].words
        shapes = [sized(spelling, 100, neurons, 20_000_000 if not bench.quick else 200_000)
                  for neurons in (1000, 10)]
        slowest(bench, f"{words}, T = 100, N = 1000 and 10: the slower", spelling, shapes, bar)
        beside_simdjson(bench, words, spelling)


def beside_simdjson(bench, words, spelling):
    if not bench.has_program("simdjson_beside"):
        return
    speeds = {shape: bench.decode(Question(POPULATION, spelling, shape, "none"), "simdjson_beside")
              for shape in shapes_of(bench, spelling)}
    shape = min(speeds, key=lambda shape: speeds[shape][0] / speeds[shape][1])
    behind = sum(ours < theirs for ours, theirs in speeds.values())
    bench.rows.append(ratio_of_speeds(
        f"decoder alone, {words}, every shape, beside simdjson on demand: the worst",
        *speeds[shape], 1, "simdjson", f" at {shape}; slower in {behind} of {len(speeds)}"))


def decoder_table(bench):
    """Gigabytes a second for every spelling of two shapes, without bars."""
    rows = []
    for shape in (bench.wide, bench.narrow):
        for spelling, spelt in SPELLINGS.items():
            if not any(left.startswith(f"Spelling {spelt.words}") for left in bench.left_out):
                shape_of_it = shape if spelling != "digits17" else shape.replace("x100x", "x20x")
                question = Question(POPULATION, spelling, shape_of_it, "none")
                rows.append(speed(f"decoder alone, {shape_of_it}, {spelt.words}",
                                  bench.decode(question)[0]))
    return rows


# Small bodies.

SMALL = {
    "18 KB of text": Question(POPULATION, "ints", "32x25x10"),
    "the same tensor as bits": Question(POPULATION, "bits", "32x25x10"),
    "1 KB of text": Question(POPULATION, "ints", "8x5x10"),
}
SMALL_BARS = dict(zip(SMALL, (0.6, 0.6, 0.75)))


def small_bodies(bench, ports, peers):
    """Beside the sink, which is a bar, and beside simdjson, which is one too."""
    ports = ports | {name: port for name, port in peers.items() if name == "simdjson"}
    for connections in (8, 64):
        for words, question in SMALL.items():
            seen = bench.ask_small(question, connections, 1 if bench.quick else 7, **ports)
            work = f"{words}, {connections} connections, requests a second"
            ours, sink = seen["spikelossd"], seen["sink"]
            bench.rows.append(ratio_of_speeds(work, ours[0], sink[0], SMALL_BARS[words],
                                              "the sink"))
            if "simdjson" in seen:
                bench.rows.append(ratio_of_speeds(f"{work}, beside simdjson", ours[0],
                                                  seen["simdjson"][0], 1, "simdjson"))
            bench.rows.append(ratio_of_times(f"{words}, {connections} connections, p99 latency",
                                             ours[2], sink[2], 2, "the sink"))


# Peers: a table of their own.

FAST = ("simdjson", "go_streaming", "node")

def large_for_peers(bench):
    few = bench.wide.replace("x100x", "x10x")
    return {
        f"{bench.wide}, compact ints": Question(POPULATION, "ints", bench.wide),
        f"{few}, 17 digits": Question(POPULATION, "digits17", few),
    }


def beside_peers(bench, ports, peers):
    """{what is asked: {server: seconds for one request}}; small ones are asked for by 8 at once."""
    columns = {}
    fast = {name: port for name, port in peers.items() if name in FAST}
    for words, question in large_for_peers(bench).items():
        _, asked = bench.ask(question, 7, **ports, **fast)
        for name, port in peers.items():
            if name not in FAST:  # alone: other connections would be idle for too long
                asked |= bench.ask(question, 1, **{name: port})[1]
        columns[words] = {name: of.seconds for name, of in asked.items()}
    for words in ("18 KB of text", "1 KB of text"):
        seen = bench.ask_small(SMALL[words], 8, 1 if bench.quick else 3, **ports, **peers)
        columns[f"{words}, 8 connections"] = {name: 1 / of[0] for name, of in seen.items()}
    small = columns["18 KB of text, 8 connections"]
    for name in ("fastapi_torch", "fastapi_numpy"):
        if name in small:
            bench.rows.append(ratio_of_speeds(
                "18 KB of text, 8 connections, requests a second, beside FastAPI, typed, "
                f"{name.removeprefix('fastapi_')}", 1 / small["spikelossd"], 1 / small[name], 200,
                "FastAPI"))
    return columns


def parse_only(bench, question):
    """Seconds that cJSON takes to build its tree."""
    path = os.path.join(bench.folder, "body.json")
    with open(path, "w", encoding="ascii") as file:
        file.write(output_of(bench.program("make_body"), *question.words()))
    return median(float(output_of(bench.program("cjson_parse"), path)) for _ in range(3))


def against_pytorch(bench, port):
    """{name: seconds}: tensors that are there already, and the round trip of a NumPy client."""
    if not has_module("torch", "numpy"):
        bench.skip("In-process PyTorch", "python3-torch or python3-numpy is not here")
        return {}
    times = {}
    for loss, bar in ((POPULATION, 1 / 2), (RATE, 1 / 3)):
        with contextlib.ExitStack() as stack:
            # Two threads before one: OpenMP's second thread spins on a while, and must not do so
            # beside the daemon.
            runs = {"ours": ("round_trip.py", loss, bench.wide, port)} | {
                (threads, where): ("in_process.py", loss, bench.wide, threads, where)
                for threads in (2, 1) for where in ("leaf", "network")}
            runs = {name: stack.enter_context(worker(*map(str, run))) for name, run in runs.items()}
            seconds = {name: [] for name in runs}
            for _ in range(3 if bench.quick else 11):
                for name, run in runs.items():
                    seconds[name].append(run())
        seconds = {name: median(of) for name, of in seconds.items()}
        work = f"{bench.wide} as bits, f32 gradient, NumPy client's round trip, `{loss}`"
        bench.rows.append(ratio_of_times(
            f"{work}, beside a leaf, whose gradient is written out", seconds["ours"],
            seconds[1, "leaf"], bar, "PyTorch, 1 thread"))
        bench.rows.append(ratio_of_times(
            "the same beside a tensor within a network, whose gradient is handed on",
            seconds["ours"], seconds[1, "network"]))
        bench.rows.append(ratio_of_times("the same beside a leaf, PyTorch on 2 threads",
                                         seconds["ours"], seconds[2, "leaf"]))
        if loss == POPULATION:
            times = {"spikelossd, NumPy client, bits": seconds["ours"],
                     "PyTorch in process, leaf": seconds[1, "leaf"],
                     "PyTorch in process, in a network": seconds[1, "network"]}
    return times


# Parts.

def kernels(bench):
    """The bar's row goes into the table, all figures into one of their own."""
    lines = output_of(bench.program("kernels"), 2 if bench.quick else 10).split("\n")
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
        bench.skip("Counting instructions", "valgrind is not here")
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
                          f"{int(peak) / 2**20:.1f} MiB", f"≤ {bar / 2**20:.1f} MiB",
                          int(peak) <= bar))
