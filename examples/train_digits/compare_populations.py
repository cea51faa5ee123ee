#!/usr/bin/python3
"""Does a loss of every neuron's count keep a population alive where a loss of its total does not?

    compare_populations.py [--seeds N] [--epochs N] [--plot FILE]

Trains the same network on the same batches from the same weights with balanced_population_mse and
with snnTorch's mse_count_loss, for several seeds: once beside firing_rate_target_mse_loss, as in
train_digits.py, and once alone. spikelossd computes the losses that it has; snnTorch's is written
out in population_count_loss.py. Prints a table in Markdown: of every figure the mean over
the seeds, and in brackets the smallest and the largest.
"""

import argparse
from pathlib import Path
from statistics import mean
from typing import Callable, NamedTuple

import handwritten
import plots
from population_count_loss import population_count_loss
from populations import Evenness, evenness
from settings import EPOCHS
from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss
from training import Losses, train


def no_rate_loss(spikes_list, offsets, multipliers):
    return spikes_list[0].new_zeros(())


TRAININGS = {
    "balanced_population_mse": Losses(balanced_population_mse, firing_rate_target_mse_loss),
    "mse_count_loss": Losses(population_count_loss, firing_rate_target_mse_loss),
    "balanced_population_mse alone": Losses(balanced_population_mse, no_rate_loss),
    "mse_count_loss alone": Losses(population_count_loss, no_rate_loss),
}


class Figure(NamedTuple):
    title: str
    spelling: str
    read: Callable  # of an Outcome


class Outcome(NamedTuple):
    accuracy: float
    evenness: Evenness


FIGURES = [
    Figure("test accuracy", "{:.1%}", lambda outcome: outcome.accuracy),
    Figure("silent neurons", "{:.1%}", lambda outcome: outcome.evenness.silent),
    Figure("silent or nearly so", "{:.1%}", lambda outcome: outcome.evenness.nearly_silent),
    Figure("coefficient of variation", "{:.3f}", lambda outcome: outcome.evenness.variation),
]


def outcomes_of(losses, seeds, epochs, digits):
    """One outcome for each seed."""
    lasts = [train(losses, seed, epochs, digits).examinations[-1] for seed in range(seeds)]
    return [Outcome(last.accuracy, evenness(last.output, digits[1].labels)) for last in lasts]


def table(outcomes):
    """outcomes: for each training a list of them -> the lines of a Markdown table."""
    yield row("trained with", [figure.title for figure in FIGURES])
    yield row("---", ["---"] * len(FIGURES))
    for name, of_seeds in outcomes.items():
        yield row(name, [cell(figure, of_seeds) for figure in FIGURES])


def cell(figure, outcomes):
    values = [figure.read(outcome) for outcome in outcomes]
    numbers = mean(values), min(values), max(values)
    return "{} ({} to {})".format(*map(figure.spelling.format, numbers))


def row(first, others):
    return "| " + " | ".join([first, *others]) + " |"


def main():
    arguments = argparse.ArgumentParser(description="Compares two losses of population codes.")
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    arguments.add_argument("--plot", type=Path, metavar="FILE")
    chosen = arguments.parse_args()

    digits = handwritten.load()
    outcomes = {
        name: outcomes_of(losses, chosen.seeds, chosen.epochs, digits)
        for name, losses in TRAININGS.items()
    }
    print(*table(outcomes), sep="\n")
    if chosen.plot:
        plots.populations(outcomes, chosen.plot)


if __name__ == "__main__":
    main()
