"""The tensors that the peers measure with, and how a peer is driven: each line that it reads from
standard input is one run, whose seconds it prints. So a script can let several take turns."""

import sys
import time

import numpy

CLASSES = 10
CORRECT_RATE, INCORRECT_RATE = 0.8, 0.1
OFFSET, MULTIPLIER = 0.1, 1.0


def spikes(shape):
    """float32 zeros and ones, the same on every machine; shape is like 128x100x1000."""
    size = [int(length) for length in shape.split("x")]
    return (numpy.random.default_rng(20240229).random(size) < 0.2).astype(numpy.float32)


def targets(samples):
    return numpy.arange(samples) * 7 % CLASSES


def serve(run):
    run()  # warms everything up
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(time.perf_counter() - start, flush=True)
