#!/usr/bin/python3
"""Runs all benchmarks and writes the report. Called by scripts/bench, which has built everything.

    report.py BUILD-FOLDER [--quick] [--grid] [--threads N]
"""

import argparse
import os
import signal
import sys
import tempfile
import time

import grid
import page
import peers
import works
from measuring import POPULATION, RATE, SPELLINGS, Bench
from processes import HERE
from svg import bars, heat_map
from table import as_text

DOCS = os.path.join(os.path.dirname(HERE), "docs")
LOSS_WORDS = {loss: f"{loss}, gradients in broadcast form" for loss in (POPULATION, RATE)}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="only prove that everything runs")
    parser.add_argument("--grid", action="store_true", help="the grid alone, and its plot")
    parser.add_argument("--threads", type=int, default=1, help="of spikelossd, the sink and C++")
    return parser.parse_args()


class Clock:
    """Says what begins, and how long the run has taken."""

    def __init__(self):
        self.start = time.monotonic()

    def tell(self, text):
        print(f"-- {time.monotonic() - self.start:4.0f} s: {text}", file=sys.stderr, flush=True)


def write(name, content):
    with open(os.path.join(DOCS, name), "w", encoding="utf-8") as file:
        file.write(content)
    print(f"written: docs/{name}")


def write_map(cells):
    spellings = {name: spelling.words for name, spelling in SPELLINGS.items()}
    write("performance-grid.svg", heat_map(cells, spellings, LOSS_WORDS))


def write_bars(columns):
    words, times = next(iter(columns.items()))
    kinds = {"spikelossd": "ours", "sink": "sink"}
    named = [(page.WORDS.get(name, name), seconds, kinds.get(name.split(",")[0], "peer"))
             for name, seconds in times.items()]
    write("performance.svg", bars(named, f"Milliseconds for loss and gradient, {words}"))


def measure_grid(bench, ports, clock):
    cells = grid.measure(bench, ports, clock.tell)
    bench.rows += grid.bars(cells)
    if not bench.quick:
        write_map(cells)
    return cells


def measure_rest(bench, ports, clock):
    """Fills the bench's rows; returns (columns of the peers' table, rows of the parts alone)."""
    clock.tell("shapes with bars of their own")
    works.certain_shapes(bench, ports)
    works.dense_answers(bench, ports)
    clock.tell("the decoder alone, and simdjson")
    works.decoder_alone(bench)
    clock.tell("small bodies, and peers")
    with peers.running(bench, ports["spikelossd"]) as others:
        works.small_bodies(bench, ports, others)
        columns = works.beside_peers(bench, ports, others)
    clock.tell("PyTorch in process")
    wide, question = next(iter(works.large_for_peers(bench).items()))
    columns[wide] |= works.against_pytorch(bench, ports["spikelossd"])
    columns[wide]["cJSON, parsing only"] = works.parse_only(bench, question)
    clock.tell("parts alone")
    parts = works.decoder_table(bench) + works.kernels(bench) + works.numbers(bench)
    clock.tell("instructions a byte, peak memory")
    works.cost_growth(bench)
    works.peak_memory(bench)
    return columns, parts


def run(asked, folder):
    clock = Clock()
    bench = Bench(asked.build, folder, asked.threads, asked.quick)
    with bench.daemon() as port, bench.sink() as sink:
        ports = {"spikelossd": port, "sink": sink}
        cells = measure_grid(bench, ports, clock)
        columns, parts = ({}, []) if asked.grid else measure_rest(bench, ports, clock)
    clock.tell("done")
    print(as_text(bench.rows + grid.worst(cells) + parts))
    for line in bench.left_out:
        print(line)
    if asked.quick:
        heat_map(cells, {name: name for name in SPELLINGS}, LOSS_WORDS)
        print("a quick run: these figures mean nothing, and nothing is written")
        return
    if not asked.grid:
        write_bars(columns)
        write("performance.md", page.render(bench, cells, columns, parts))


def main():
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="spikelossd-bench-") as folder:
        run(asked, folder)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
