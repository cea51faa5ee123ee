#!/usr/bin/python3
"""Kills the daemon in the middle of a training run, and starts it again after some retries.

    survive_restart.py [--daemon PROGRAM] [--epochs N]

The client finds its connection broken and the address refused, and tries again. The daemon returns
only after the client has been turned away, so the retries are not left to chance. The run
must end as one that was never disturbed.
"""

import argparse
import logging
import signal
import sys
from pathlib import Path

import handwritten
import spikeloss
import spikeloss.torch
from daemon import PROGRAM, Daemon
from training import Losses, train
from trajectories import largest_difference

REFUSALS = 3  # the daemon stays away until the client has come so often in vain


class Return(logging.Handler):
    """Is called at each retry of the client, in the thread of the training, and starts the daemon again."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon = daemon
        self.retries = 0

    def emit(self, record):
        self.retries += 1
        if self.retries % REFUSALS == 0:
            self.daemon.start()


def disturbed(daemon, epochs, digits, blows):
    """blows: for a step's number, the signal that ends the daemon before it. -> run, retries"""
    heard = Return(daemon)
    messages = logging.getLogger("spikeloss")
    messages.addHandler(heard)
    messages.propagate = False
    try:
        run = through(daemon, epochs, digits, lambda n: n in blows and daemon.end(blows[n]))
    finally:
        messages.removeHandler(heard)
        messages.propagate = True
    return run, heard.retries


def through(daemon, epochs, digits, before_step=lambda number: None):
    losses = Losses(
        spikeloss.torch.balanced_population_mse, spikeloss.torch.firing_rate_target_mse_loss
    )
    with spikeloss.Client(daemon.address) as client:
        spikeloss.torch.use_client(client)
        try:
            return train(losses, epochs=epochs, digits=digits, before_step=before_step)
        finally:
            spikeloss.torch.use_client(None)


def main():
    arguments = argparse.ArgumentParser(description="Restarts the daemon while it is needed.")
    arguments.add_argument("--daemon", type=Path, default=PROGRAM, metavar="PROGRAM")
    arguments.add_argument("--epochs", type=int, default=4)
    chosen = arguments.parse_args()

    digits = handwritten.load()
    with Daemon(chosen.daemon) as daemon:
        calm = through(daemon, chosen.epochs, digits)
        blows = {len(calm.steps) // 3: signal.SIGTERM, 2 * len(calm.steps) // 3: signal.SIGKILL}
        run, retries = disturbed(daemon, chosen.epochs, digits, blows)
    difference = largest_difference((run, calm))
    print(f"{len(run.steps)} steps, {len(blows)} restarts, {retries} retries")
    print(f"loss beside that of an undisturbed run: {difference}")
    if difference.relative != 0 or retries != REFUSALS * len(blows):
        sys.exit("the restarts have left their mark")


if __name__ == "__main__":
    main()
