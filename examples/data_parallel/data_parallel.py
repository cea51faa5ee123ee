#!/usr/bin/python3
"""Trains on the handwritten digits in one process, in four that compute the loss of the whole
batch, and in four that take the mean of their own losses, and compares every step.

    data_parallel.py [--workers N] [--epochs N] [--pieces N] [--plot FILE]

The server is the one that SPIKELOSSD_URL names, else http://127.0.0.1:8080. Fails if a loss of the
second differs from the first by more than 1e-12, relative.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1] / "train_digits"))

import torch
from torch import multiprocessing

import handwritten
from settings import BATCH, CLASSES, CORRECT_RATE, EPOCHS, INCORRECT_RATE, MULTIPLIERS
from settings import NEURONS_PER_CLASS, TARGET_RATES
from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss
from trajectories import largest_difference, relative
from workers import Step, batches, new_network, work

ALLOWED = 1e-12


class Run(NamedTuple):
    steps: list


def in_one_process(digits, epochs, pieces):
    """The whole batch has one loss: its spikes are sent as they are, and autograd does the rest.

    The network computes the batch in pieces, so that gradients of weights are added in the same
    order as in the workers. A training is chaotic: with another order, which is as right, some
    spike is another one after about 200 steps, and so is everything after it."""
    network, optimiser = new_network()
    steps = []
    for chosen in batches(len(digits.labels), epochs):
        samples = [chosen[piece::pieces] for piece in range(pieces)]
        computed = [network(digits.images[piece].double()) for piece in samples]
        layers = [torch.cat(parts).detach().requires_grad_() for parts in zip(*computed)]
        population = balanced_population_mse(
            layers[-1],
            digits.labels[torch.cat(samples)],
            CLASSES,
            NEURONS_PER_CLASS,
            CORRECT_RATE,
            INCORRECT_RATE,
        )
        rates = firing_rate_target_mse_loss(layers, TARGET_RATES, MULTIPLIERS)
        (population + rates).backward()

        weights = list(network.parameters())
        of_pieces = [
            torch.autograd.grad(parts, weights, gradients)
            for parts, gradients in zip(computed, zip(*(one.grad.chunk(pieces) for one in layers)))
        ]
        for one, gradients in zip(weights, zip(*of_pieces)):
            one.grad = torch.stack(gradients).sum(0)
        optimiser.step()
        steps.append(Step(population.item(), rates.item()))
    return Run(steps)


def in_workers(workers, digits, epochs, exact):
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(work, (workers, folder, digits, epochs, exact), workers)
        return Run([Step(*step) for step in torch.load(f"{folder}/steps")])


def report(one, exact, naive):
    print(f"{len(one.steps)} steps; workers with the loss of the whole batch, and one process:")
    for name, read in {
        "balanced_population_mse": lambda step: step.population_loss,
        "firing_rate_target_mse_loss": lambda step: step.rate_loss,
        "their sum": lambda step: step.loss,
    }.items():
        print(f"  {name}: {largest_difference((exact, one), read)}")
    errors = [relative(step.mean_of_rate_losses, step.rate_loss) for step in exact.steps]
    wrong = statistics.mean(step.wrong_signs for step in exact.steps)
    print("the mean of the workers' own rate losses, with the same weights:")
    median = statistics.median(errors)
    print(f"  too large by {median:.1%} in the median, {max(errors):.0%} at most")
    print(f"  {wrong:.1%} of the workers' gradients of a layer have the wrong sign")
    print("trained with it:")
    print(f"  {largest_difference((naive, one))}")


def main():
    arguments = argparse.ArgumentParser(description="Compares ways to share a batch.")
    arguments.add_argument("--workers", type=int, default=4)
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    arguments.add_argument(
        "--pieces", type=int, help="of a batch in the one process; by default as many as workers"
    )
    arguments.add_argument("--plot", type=Path, metavar="FILE")
    chosen = arguments.parse_args()
    if BATCH % chosen.workers:
        sys.exit(f"--workers: a batch of {BATCH} cannot be shared evenly by {chosen.workers}")

    digits, _ = handwritten.load()
    one = in_one_process(digits, chosen.epochs, chosen.pieces or chosen.workers)
    exact = in_workers(chosen.workers, digits, chosen.epochs, exact=True)
    naive = in_workers(chosen.workers, digits, chosen.epochs, exact=False)
    report(one, exact, naive)
    if chosen.plot:
        import plot

        plot.draw(one, exact, naive, chosen.plot)
    if not largest_difference((exact, one)).relative <= ALLOWED:
        sys.exit(f"more than {ALLOWED:g}")


if __name__ == "__main__":
    main()
