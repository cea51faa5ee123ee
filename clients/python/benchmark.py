"""What a loss costs that comes from a server on this machine, beside the same loss in process.

    python3 benchmark.py [URL]

From float32 spikes to loss and gradient, for tensors of several shapes, PyTorch on one thread: runs
take turns; their median and the fastest, in milliseconds, and in multiples of PyTorch in process
within a network. Needs a running server, python3-torch, and spikeloss on the path.

A gradient with respect to a leaf, `loss.backward()`, is written out in full, as large as the spikes.
Within a network autograd hands it on; in process it does so as a view for one of the losses, from
spikeloss always.
"""

import os
import statistics
import sys
import time

for library in "OMP", "OPENBLAS", "MKL":  # one thread for NumPy, too
    os.environ.setdefault(library + "_NUM_THREADS", "1")

import numpy
import torch

import spikeloss
import spikeloss.torch

SHAPES = (128, 100, 1000), (4096, 100, 10), (128, 50, 200), (32, 25, 10)
ROUNDS = 41
CLASSES = 10


def in_process_population(spk, targets, num_classes, neurons_per_class, correct, incorrect):
    owners = torch.arange(num_classes).repeat_interleave(neurons_per_class)
    wanted = torch.where(owners == targets[:, None], correct, incorrect) * spk.shape[1]
    return ((spk.sum(dim=1) - wanted) ** 2).mean()


def in_process_rate(spikes_list, offsets, multipliers):
    terms = zip(spikes_list, offsets, multipliers)
    return sum(((spikes.mean() - o) * m) ** 2 for spikes, o, m in terms)


def measured(alternatives):
    """(median, fastest) of each, in milliseconds."""
    seconds = {name: [] for name in alternatives}
    for round_number in range(ROUNDS + 2):
        for name, run in alternatives.items():
            started = time.perf_counter()
            run()
            if round_number > 1:  # the first ones warm up
                seconds[name].append(time.perf_counter() - started)
    return {n: (1000 * statistics.median(s), 1000 * min(s)) for n, s in seconds.items()}


def alternatives(client, shape):
    """The calls to compare, by loss and name."""
    samples, _, neurons = shape
    array = (numpy.random.default_rng(1).random(shape) < 0.2).astype(numpy.float32)
    leaf = torch.from_numpy(array).requires_grad_()
    labels = numpy.arange(samples) % CLASSES
    population = CLASSES, neurons // CLASSES
    targets = torch.from_numpy(labels)
    rates = torch.tensor(0.8, requires_grad=True), torch.tensor(0.1, requires_grad=True)
    offsets, weights = torch.tensor([0.1], requires_grad=True), torch.ones(1, requires_grad=True)

    def into_leaf(loss):
        def run():
            leaf.grad = None
            loss().backward()

        return run

    def within_network(loss):
        return lambda: torch.autograd.grad(loss(), leaf)

    losses = {
        "balanced_population_mse": (
            lambda: client.balanced_population_mse(array, labels, *population, 0.8, 0.1),
            lambda: spikeloss.torch.balanced_population_mse(leaf, targets, *population, *rates),
            lambda: in_process_population(leaf, targets, *population, *rates),
        ),
        "firing_rate_target_mse_loss": (
            lambda: client.firing_rate_target_mse_loss([array], [0.1], [1]),
            lambda: spikeloss.torch.firing_rate_target_mse_loss([leaf], offsets, weights),
            lambda: in_process_rate([leaf], offsets, weights),
        ),
    }
    return {
        name: {
            "PyTorch in process, within a network": within_network(in_process),
            "spikeloss for NumPy": numpy_call,
            "spikeloss.torch, within a network": within_network(served),
            "PyTorch in process, into a leaf": into_leaf(in_process),
            "spikeloss.torch, into a leaf": into_leaf(served),
        }
        for name, (numpy_call, served, in_process) in losses.items()
    }


def main():
    torch.set_num_threads(1)
    client = spikeloss.Client(*sys.argv[1:])
    spikeloss.torch.use_client(client)
    for shape in SHAPES:
        for loss, calls in alternatives(client, shape).items():
            result = measured(calls)
            reference = next(iter(result.values()))
            print(f"{loss + ' ' + str(list(shape)):46} {'median':>8} {'fastest':>18}")
            for name, times in result.items():
                columns = (f"{t:8.3f} {t / r:6.2f} x" for t, r in zip(times, reference))
                print(f"  {name:38}", *columns)


main()
