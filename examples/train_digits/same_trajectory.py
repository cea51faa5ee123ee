#!/usr/bin/python3
"""Trains twice from the same seed, through spikelossd and in process, and compares every step.

    same_trajectory.py [--seed N] [--epochs N]

Fails if the losses of any step differ by more than 1e-6, relative.
"""

import argparse
import sys

import handwritten
import losses_in_process
import spikeloss.torch
from settings import EPOCHS
from training import Losses, train
from trajectories import largest_difference

ALLOWED = 1e-6


def train_with(losses, seed, epochs, digits):
    """losses: a module. That the two have the same functions is what makes them exchangeable."""
    return train(
        Losses(losses.balanced_population_mse, losses.firing_rate_target_mse_loss),
        seed,
        epochs,
        digits,
    )


def main():
    arguments = argparse.ArgumentParser(description="Compares the server with losses in process.")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    chosen = arguments.parse_args()

    digits = handwritten.load()
    runs = [
        train_with(losses, chosen.seed, chosen.epochs, digits)
        for losses in (spikeloss.torch, losses_in_process)
    ]
    for name, read in {
        "balanced_population_mse": lambda step: step.population_loss,
        "firing_rate_target_mse_loss": lambda step: step.rate_loss,
        "their sum": lambda step: step.loss,
    }.items():
        difference = largest_difference(runs, read)
        print(f"{name}: {difference}")
        if not difference.relative <= ALLOWED:
            sys.exit(f"more than {ALLOWED:g}")
    accuracies = [f"{run.examinations[-1].accuracy:.2%}" for run in runs]
    print(f"{len(runs[0].steps)} steps; the server's run ends at {accuracies[0]}, the other at {accuracies[1]}")


if __name__ == "__main__":
    main()
