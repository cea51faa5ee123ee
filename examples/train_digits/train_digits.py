#!/usr/bin/python3
"""Trains a spiking network on handwritten digits; a spikelossd computes the losses and gradients.

    train_digits.py [--seed N] [--epochs N] [--plots FOLDER] [--last-are-tested]

The server is the one that SPIKELOSSD_URL names, else http://127.0.0.1:8080.
"""

import argparse
from pathlib import Path

import handwritten
import plots
from settings import EPOCHS, LAYERS, TARGET_RATES
from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss
from training import Losses, train


def report(run):
    for moment, examination in (("before", run.examinations[0]), ("after", run.examinations[-1])):
        print(f"{moment} the training {examination.accuracy:.1%} of the unseen digits are recognised")
        for name, rate, target in zip(LAYERS, examination.layer_rates, TARGET_RATES):
            print(f"  {name}: rate {rate:.4f}, {rate / target - 1:+.1%} from its target {target:.3g}")


def main():
    arguments = argparse.ArgumentParser(description="Trains through spikelossd.")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    arguments.add_argument("--plots", type=Path, metavar="FOLDER", help="draws into this folder")
    arguments.add_argument(
        "--last-are-tested", action="store_true", help="tests the last digits of the file: harder"
    )
    chosen = arguments.parse_args()

    digits = handwritten.load(chosen.last_are_tested)
    losses = Losses(balanced_population_mse, firing_rate_target_mse_loss)
    run = train(losses, chosen.seed, chosen.epochs, digits)
    report(run)
    if chosen.plots:
        plots.curves(run, chosen.plots / "training_curves.png")
        plots.rates(run, chosen.plots / "training_rates.png")
        plots.rasters(run, digits[1].labels, chosen.plots / "training_rasters.png")


if __name__ == "__main__":
    main()
