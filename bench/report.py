#!/usr/bin/python3
"""Runs all benchmarks and writes the report. Called by scripts/bench, which has built everything.

    report.py BUILD-FOLDER [--quick] [--threads N]
"""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile

import page
import works
from processes import HERE
from table import as_text


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="only prove that everything runs")
    parser.add_argument("--threads", type=int, default=1, help="of spikelossd and of the sink")
    return parser.parse_args()


def tell(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


def measure(bench):
    """Fills the bench's rows; returns those of the parts alone."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(bench.daemon())
        tell("binary spikes beside the sink")
        works.binary_spikes(bench, port)
        tell("bits beside in-process PyTorch")
        works.bits_against_pytorch(bench, port)
        peers = works.fastapi_peers(bench, stack)
        tell("small bodies")
        works.small_bodies(bench, port, peers)
        tell("dense answers")
        works.dense_answers(bench, port)
        tell("graded spikes")
        works.graded_spikes(bench, port)
        tell("the large body elsewhere")
        works.large_body_elsewhere(bench, port, peers)
    tell("kernels, decoder and formatter alone")
    parts = works.decoder_alone(bench) + works.kernels(bench) + works.numbers(bench)
    tell("instructions a byte")
    works.cost_growth(bench)
    tell("peak memory")
    works.peak_memory(bench)
    return parts


def write(bench, parts):
    docs = os.path.join(os.path.dirname(HERE), "docs")
    page.write_page(bench, parts, os.path.join(docs, "performance.md"))
    print("written: docs/performance.md")
    if shutil.which("gnuplot"):
        page.write_plot(bench, os.path.join(docs, "performance.svg"))
        print("written: docs/performance.svg")
    else:
        print("docs/performance.svg stays as it is: gnuplot is not here")


def main():
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="spikelossd-bench-") as folder:
        bench = works.Bench(asked.build, folder, asked.threads, asked.quick)
        parts = measure(bench)
        print(as_text(bench.rows + parts))
        for line in bench.left_out:
            print(line)
        if asked.quick:
            print("a quick run: these figures mean nothing, and nothing is written")
        else:
            write(bench, parts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
