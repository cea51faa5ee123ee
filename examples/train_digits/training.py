"""The training loop: the same for every loss, so that only the loss differs between two runs."""

from typing import Callable, NamedTuple

import torch
from tqdm import tqdm

import handwritten
from network import Network, recognised
from settings import (
    BATCH,
    CLASSES,
    CORRECT_RATE,
    EPOCHS,
    INCORRECT_RATE,
    LEARNING_RATE,
    MULTIPLIERS,
    NEURONS_PER_CLASS,
    TARGET_RATES,
)


class Losses(NamedTuple):
    """Two functions with the arguments of nwavesdk.loss: only where they are computed may differ."""

    population: Callable
    rates: Callable


class Step(NamedTuple):
    """What one batch cost, and how often each layer fired in it."""

    population_loss: float
    rate_loss: float
    layer_rates: list

    @property
    def loss(self):
        return self.population_loss + self.rate_loss


class Examination(NamedTuple):
    """What the network does with digits it was not trained on."""

    accuracy: float
    layer_rates: list
    output: torch.Tensor  # spikes [samples, time, neurons]


class Run(NamedTuple):
    network: Network
    steps: list
    examinations: list  # the first before the training, then one after each epoch


def train(losses, seed=0, epochs=EPOCHS, digits=None, before_step=lambda number: None):
    """Calls before_step with the number of each step, counted from 0."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    trained, tested = digits or handwritten.load()
    network = Network()
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    steps, examinations = [], [examine(network, tested)]

    batches = -(-len(trained.labels) // BATCH)
    # disable=None: a progress bar is for people, not for files.
    with tqdm(total=epochs * batches, unit="step", disable=None) as progress:
        for _ in range(epochs):
            for chosen in torch.randperm(len(trained.labels), generator=order).split(BATCH):
                before_step(len(steps))
                batch = handwritten.Digits(trained.images[chosen], trained.labels[chosen])
                steps.append(learn(network, optimiser, losses, batch))
                progress.update()
            examinations.append(examine(network, tested))
            progress.set_postfix(
                loss=f"{steps[-1].loss:.3f}", accuracy=f"{examinations[-1].accuracy:.1%}"
            )
    return Run(network, steps, examinations)


def learn(network, optimiser, losses, batch):
    layers = network(batch.images)
    population_loss = losses.population(
        layers[-1], batch.labels, CLASSES, NEURONS_PER_CLASS, CORRECT_RATE, INCORRECT_RATE
    )
    rate_loss = losses.rates(layers, TARGET_RATES, MULTIPLIERS)

    optimiser.zero_grad()
    (population_loss + rate_loss).backward()
    optimiser.step()
    return Step(population_loss.item(), rate_loss.item(), rates_of(layers))


@torch.no_grad()
def examine(network, digits):
    layers = network(digits.images)
    hits = recognised(layers[-1]) == digits.labels
    return Examination(hits.double().mean().item(), rates_of(layers), layers[-1])


def rates_of(layers):
    return [spikes.detach().double().mean().item() for spikes in layers]
